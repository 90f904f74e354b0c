"""The daemon from its start to its end: lock, log, secrets, sockets, workers, connection file, signals."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from samelight.jobs.queue import Engine, JobQueue
from samelight.jobs.worker import Crew
from samelight.openmp import wait_without_spinning
from samelight.server.copies import copies_published
from samelight.server.instance import InstanceLock
from samelight.server.logs import open_log
from samelight.server.loop import Server
from samelight.server.service import Service
from samelight.settings import Settings
from samelight_wire.endpoint import Endpoint, connection_path, remove_endpoint, write_endpoint
from samelight_wire.errors import SamelightError
from samelight_wire.frames import Limits
from samelight_wire.release import RELEASE

__all__ = ["instance_lock", "run_daemon"]

# A network cannot be interrupted; one that still runs after so long is left behind when the process ends.
LAST_JOB_SECONDS = 3.0

logger = logging.getLogger(__name__)


def instance_lock(path: Path | None = None) -> InstanceLock:
    """The lock that goes with a connection file; ``connection_path()`` where it is None."""
    path = connection_path() if path is None else path
    return InstanceLock(path.with_name(path.name + ".lock"))


def run_daemon(settings: Settings, announce: Callable[[Endpoint], None]) -> None:
    """Runs the daemon in this process until SIGTERM or SIGINT.

    Args:
        settings: what the person chose.
        announce: called once requests are answered, with the connection file's content.

    Raises:
        AlreadyRunningError: this user's daemon runs already.
        PortTakenError: the port that the settings ask for is not free.
        SamelightError: the connection file cannot be written.
    """
    path = connection_path()
    with instance_lock(path):
        open_log(settings.log_level)
        # A line that a full disk has no room for is lost; logging would write a traceback for each to stderr.
        logging.raiseExceptions = False
        _allow_many_connections()
        try:
            all_gone = _serve(settings, announce, path)
        except SamelightError as error:
            logger.error("%s", error)
            raise
        except Exception:
            logger.exception("The daemon failed")
            raise
        logger.info("Stopped" if all_gone else "Stopped without waiting for the workers")
        if not all_gone:
            _leave_at_once()


def _serve(settings: Settings, announce: Callable[[Endpoint], None], path: Path) -> bool:
    """Puts the parts together and serves until a signal comes; tells whether all workers have ended by then."""
    server = Server(Limits(pixels=settings.max_pixels))
    queue = JobQueue(settings.max_queued_jobs, settings.max_queued_bytes)
    crew = Crew(queue, server.report, lambda: _hire(settings), _rest_seconds(settings), settings.warm_up)
    try:
        endpoint = Endpoint.fresh(server.bind(settings.port), RELEASE)
        server.admit(endpoint.token)
        service = Service(
            settings, release=RELEASE, proof_key=endpoint.proof_key, queue=queue, crew=crew, send=server.send
        )
        with _signals_call(server.stop), _published(endpoint, path):
            crew.start()
            announce(endpoint)
            server.run(service)
        service.close()
    finally:
        server.close()
        all_gone = crew.stop(LAST_JOB_SECONDS if crew.engines else 0.0)  # nobody waits for an import of torch
    return all_gone


def _rest_seconds(settings: Settings) -> float:
    """How often idle networks are looked for: often enough for the settings' idle time to mean what it says."""
    return min(1.0, settings.idle_unload_seconds)


def _hire(settings: Settings) -> Sequence[Engine]:
    """The engines; called in a worker's thread, which therefore is the one that waits for torch to be imported."""
    wait_without_spinning()
    from samelight.jobs.engine import open_engines

    return open_engines(settings)


def _allow_many_connections() -> None:
    """Takes as many file descriptors as the system lets this process have. Strangers who connect and stay silent hold
    one each until they are cut, and without a free one nobody else is served.
    """
    if sys.platform != "win32":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        with contextlib.suppress(ValueError, OSError):  # macOS says "unlimited" and then refuses that
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _leave_at_once() -> None:
    """Ends the process with exit code 0. The interpreter's own end would crash a thread that still computes."""
    logging.shutdown()
    if sys.stdout is not None:  # without a console there is none
        sys.stdout.flush()
    os._exit(0)


@contextmanager
def _published(endpoint: Endpoint, path: Path) -> Iterator[None]:
    """Keeps the connection file there, so that clients find the daemon."""
    write_endpoint(endpoint, path)
    logger.info("Release %s listens on port %d", endpoint.release, endpoint.port)
    try:
        with copies_published(endpoint, path):
            yield
    finally:
        remove_endpoint(endpoint, path)
        logger.info("Stopping")


@contextmanager
def _signals_call(action: Callable[[], None]) -> Iterator[None]:
    """Makes the signals that ask a process to end call ``action``, the first time; a second one ends it at once."""
    names = ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK")
    asked = [getattr(signal, name) for name in names if hasattr(signal, name)]

    def handle(number: int, frame: FrameType | None) -> None:
        for each in asked:
            signal.signal(each, signal.SIG_DFL)
        action()

    before = [signal.signal(each, handle) for each in asked]
    try:
        yield
    finally:
        for each, handler in zip(asked, before, strict=True):
            signal.signal(each, handler)
