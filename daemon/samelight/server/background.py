"""Starting the daemon in the background and stopping it, from another process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

from samelight.server.instance import InstanceLock
from samelight.server.lifecycle import instance_lock
from samelight.server.logs import log_path
from samelight_wire.client import Client
from samelight_wire.endpoint import Endpoint, connection_path, read_endpoint
from samelight_wire.errors import (
    ConnectionFailed,
    InternalError,
    ProtocolError,
    RequestTimeout,
    SamelightError,
    from_wire,
)

__all__ = ["await_start", "module_command", "running_daemon", "start_detached", "stop_running"]

START_SECONDS = 30.0
STOP_SECONDS = 15.0
POLL_SECONDS = 0.05

# What makes a process independent of its console on Windows. Elsewhere a session of its own does that.
if sys.platform == "win32":
    WINDOWS_FLAGS = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
else:
    WINDOWS_FLAGS = 0

# `python -m` looks for modules in the folder where it was started first: a file there called zmq.py, say in the folder
# for downloads, would become part of the program. (Python 3.10 has no option against that.)
RUN_MODULE = (
    "import sys; sys.path[:] = filter(None, sys.path); import runpy; "
    "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)


def module_command(name: str, *arguments: str) -> list[str]:
    """The command that runs a module as a program, as `python -m` does, wherever it is started."""
    return [sys.executable, "-c", RUN_MODULE, name, *arguments]


def start_detached() -> Endpoint:
    """Starts a daemon that outlives this process and its terminal; returns when it answers requests.

    Raises:
        SamelightError: the daemon's own error, if it could not start (it runs already, its port is taken, ...).
        RequestTimeout: it did not begin to answer in time.
    """
    before = _token()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            module_command("samelight.cli.daemon", "--json"),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            creationflags=WINDOWS_FLAGS,
        )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                output.seek(0)
                raise _reported_error(output.read())
            if _token() not in (None, before):
                return read_endpoint()
            time.sleep(POLL_SECONDS)
    process.terminate()
    raise _too_late()


def await_start(since: float) -> Endpoint:
    """Waits until a daemon answers that somebody else (systemd) is starting.

    Args:
        since: the time, in seconds since 1970, from which on it counts.

    Raises:
        RequestTimeout: none did.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(ConnectionFailed):
            endpoint = read_endpoint()
            if endpoint.started >= since:
                return endpoint
        time.sleep(POLL_SECONDS)
    raise _too_late()


def running_daemon() -> tuple[str, int | None] | None:
    """The release and the process of this user's running daemon; ("", None) where it does not say, None where there is
    none.
    """
    try:
        with Client.connect() as client:
            status = client.status()
            return status.release, status.pid
    except (ConnectionFailed, ProtocolError):
        return ("", None) if instance_lock().is_held_elsewhere() else None


def stop_running() -> int | None:
    """Stops this user's daemon and waits until it is gone; gives its process id, or None if there was none.

    Raises:
        RequestTimeout: it did not end in time.
        ConnectionFailed, ProtocolError: it runs, but neither itself nor its lock file says as which process.
    """
    lock = instance_lock()
    pid = _process_of_daemon(lock)
    if pid is None:
        return None
    with contextlib.suppress(ProcessLookupError):  # it may have ended since it answered
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while lock.is_held_elsewhere():
        if time.monotonic() > deadline:
            raise RequestTimeout(
                f"The daemon (process {pid}) did not end within {STOP_SECONDS:.0f} seconds.",
                f"End the process {pid} with the system's own means.",
            )
        time.sleep(POLL_SECONDS)
    if sys.platform == "win32":
        connection_path().unlink(missing_ok=True)  # there SIGTERM leaves a process no time to do so itself
    return pid


def _process_of_daemon(lock: InstanceLock) -> int | None:
    """The process of this user's daemon; None where none runs. Raises what `stop_running` does."""
    try:
        # The process id comes from the daemon itself, after it has proved who it is: the one in a connection file that
        # was left behind may belong to another program by now.
        with Client.connect() as client:
            return client.status().pid
    except (ConnectionFailed, ProtocolError):
        if not lock.is_held_elsewhere():
            return None
        # It cannot be asked: its connection file is lost or damaged, it hangs, or it is of another release. While its
        # lock is held, the process id in the lock file is its own.
        holder = lock.holder()
        if holder is None:
            raise
        return holder


def _too_late() -> RequestTimeout:
    return RequestTimeout(
        f"The daemon did not start within {START_SECONDS:.0f} seconds.", f"The log {log_path()} may say why."
    )


def _token() -> str | None:
    """The token in the connection file, which tells one daemon's file from the next one's."""
    try:
        return read_endpoint().token
    except ConnectionFailed:
        return None


def _reported_error(output: bytes) -> SamelightError:
    """The error that a daemon wrote on its last line before it ended."""
    lines = output.decode("utf-8", errors="replace").splitlines()
    try:
        error = json.loads(lines[-1])["error"]
        return from_wire(error["code"], error["message"], error["hint"])
    except (IndexError, KeyError, TypeError, ValueError):
        said = lines[-1] if lines else "nothing"
        return InternalError(
            f"The daemon ended while it started; the last it said was: {said}",
            "Run `samelight daemon` without --detach to see all of it.",
        )
