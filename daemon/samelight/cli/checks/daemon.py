"""The connection file, the daemon, its log, and a real round trip through it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from samelight import __version__
from samelight.cli.checks.check import REINSTALL, Check, failure, ok, warning
from samelight.cli.checks.configuration import RESTART, describe_unread_settings, usable_settings
from samelight.server.logs import log_path
from samelight_installer.plugin.connection_copies import listed_copies
from samelight_wire.client import Client
from samelight_wire.endpoint import Endpoint, connection_path, read_endpoint
from samelight_wire.errors import DaemonNotRunningError, JobError, RequestTimeout, SamelightError
from samelight_wire.messages import Options, StatusReply

__all__ = ["check_connection", "check_daemon", "check_log"]

ANSWER_SECONDS = 5.0
ROUND_TRIP_SECONDS = 60.0  # the daemon may still be loading torch and the network


def check_log() -> Iterator[Check]:
    """Where the daemon's log is, for whoever wants to know more."""
    path = log_path()
    yield ok("log", str(path) if path.exists() else f"{path} does not exist yet")


def check_connection() -> Iterator[Check]:
    """Reading the file checks its owner and permissions."""
    try:
        endpoint = read_endpoint()
    except DaemonNotRunningError as error:
        yield failure("connection", f"{connection_path()} does not exist", error.hint)
        return
    yield ok("connection", f"{connection_path()}, for {endpoint.host}:{endpoint.port}, readable by you alone")
    for copy in listed_copies(connection_path()):
        yield _check_copy(copy, endpoint)


def _check_copy(copy: Path, endpoint: Endpoint) -> Check:
    """The copy of the connection file for an editor in a sandbox."""
    try:
        current = read_endpoint(copy).token == endpoint.token
    except SamelightError as error:
        return failure("connection copy", f"{copy}: {error.message}", RESTART)
    if not current:
        return failure("connection copy", f"{copy} is of an earlier daemon", RESTART)
    return ok("connection copy", f"{copy}, for an editor in a sandbox, readable by you alone")


def check_daemon() -> Iterator[Check]:
    """Greets the daemon and, where it answers, sends it the sample."""
    try:
        with Client.connect(client="doctor", timeout=ANSWER_SECONDS) as client:
            status = client.status(ANSWER_SECONDS)
            yield _describe(status)
            if unread := describe_unread_settings(status):
                yield warning("daemon settings", unread, RESTART)
            yield from _round_trip(client, status)
    except SamelightError as error:
        mend = RESTART if isinstance(error, RequestTimeout) else error.hint
        yield failure("daemon", error.message, mend)
        yield failure("round trip", "not tried, because the daemon does not answer", mend)


def _describe(status: StatusReply) -> Check:
    detail = f"{status.release}, process {status.pid}, on {status.device}, up for {status.uptime:.0f} s"
    if status.release != __version__:
        return warning("daemon", f"{detail}; this is {__version__}", RESTART)
    return ok("daemon", detail)


def _round_trip(client: Client, status: StatusReply) -> Iterator[Check]:
    """Harmonizes the bundled sample; the time is that from the request to the answer."""
    from samelight.cli.harmonizing import harmonize_files
    from samelight.cli.sample import SAMPLE_COMPOSITE, SAMPLE_MASK

    pixels = usable_settings().max_pixels
    try:
        done = harmonize_files(
            lambda request, on_progress: client.harmonize(request, on_progress, ROUND_TRIP_SECONDS),
            SAMPLE_COMPOSITE, SAMPLE_MASK, None, Options(), max_pixels=pixels,
        )  # fmt: skip
    except RequestTimeout as error:
        jobs = status.queued + (status.running is not None)
        if jobs:
            others = "another job" if jobs == 1 else f"{jobs} other jobs"
            yield warning("round trip", f"the daemon is busy with {others}", "Wait for that to end and try again.")
        else:
            yield failure("round trip", error.message, RESTART)
        return
    except SamelightError as error:
        yield failure("round trip", error.message, RESTART if isinstance(error, JobError) else error.hint)
        return
    size = f"{done.before.width} x {done.before.height}"
    if (done.after.pixels == done.before.pixels).all():
        yield failure("round trip", f"{done.model} changed nothing in the sample", REINSTALL)
    else:
        yield ok("round trip", f"the {size} sample took {done.total_seconds:.2f} s with {done.model}")
