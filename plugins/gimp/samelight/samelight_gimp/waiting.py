"""A request and the wait for its result, with progress.

GIMP is another process, so waiting blocks nobody. Its Cancel button kills this process at once: nothing can be done
then, and nothing needs to be, because nothing in the picture has been touched before all results are here. The daemon
sees the connection end and drops the work.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from gi.repository import Gimp

from samelight_wire import (
    ErrorReply,
    EventLoopClient,
    HarmonizeRequest,
    HelloReply,
    Message,
    Progress,
    Result,
    StatusReply,
    StatusRequest,
)
from samelight_wire.errors import DaemonNotRunningError, StaleConnectionError

from .places import connection_file
from .starting import start_daemon

__all__ = ["STAGES", "ask_status", "connect", "harmonize"]

TICK_SECONDS = 0.05
STATUS_SECONDS = 3.0
START_SECONDS = 40.0
ANSWER_SECONDS = 900.0  # a large layer on a slow machine, behind other jobs

STAGES = {
    "queued": "waiting for its turn",
    "decode": "reading",
    "compose": "laying over the backdrop",
    "segment": "looking at the backdrop",
    "harmonize": "finding the light",
    "lift": "at full resolution",
    "encode": "sending back",
}

Answer = TypeVar("Answer", bound=Message)
OnProgress = Callable[[Progress], None]


def connect() -> EventLoopClient:
    """A connection whose daemon has proven to be the user's own.

    A daemon that does not run is started, and one that does not answer is waited for some seconds, with a Cancel
    button: nothing of the picture has been read or touched yet, or a duplicate made. The button is gone when this
    returns.

    Raises:
        ConnectionFailed: the daemon does not run, cannot be started or cannot be reached, or it is not the user's.
        VersionMismatchError: daemon and plug-in are too far apart.
    """
    Gimp.progress_init("Looking for the Samelight daemon")
    try:
        try:
            return _connect()
        except (DaemonNotRunningError, StaleConnectionError):
            if not _start():
                raise
        return _connect()
    finally:
        Gimp.progress_end()


def _connect() -> EventLoopClient:
    client = EventLoopClient(connection_file(), "gimp")
    try:
        _await(client, HelloReply)
    except BaseException:
        client.close()
        raise
    return client


def _start() -> bool:
    """Start the daemon and wait until it answers; whether there is any use in trying once more."""
    process = start_daemon()
    if process is None:
        return False
    Gimp.progress_set_text("Starting the Samelight daemon")
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        Gimp.progress_pulse()
        time.sleep(TICK_SECONDS)
    return True


def ask_status(client: EventLoopClient) -> StatusReply:
    """How the daemon is. Raises ConnectionFailed if it does not say."""
    client.send(StatusRequest(), STATUS_SECONDS)
    return _await(client, StatusReply)


def harmonize(client: EventLoopClient, request: HarmonizeRequest, on_progress: OnProgress) -> Result:
    """Send a request and wait for the result.

    Raises:
        SamelightError: what the daemon replied, how the connection failed, or what is wrong with the request.
    """
    client.send(request, ANSWER_SECONDS)
    return _await(client, Result, on_progress)


def _await(client: EventLoopClient, wanted: type[Answer], on_progress: OnProgress | None = None) -> Answer:
    """Wait for an answer; there is never more than one request at a time. A failure is raised."""
    while True:
        for event in client.tick():
            if isinstance(event, ErrorReply):
                raise event.error()
            if isinstance(event, wanted):
                return event
            if isinstance(event, Progress) and on_progress is not None:
                on_progress(event)
        client.wait(TICK_SECONDS)
