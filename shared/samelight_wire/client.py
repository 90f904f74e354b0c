"""The blocking client: for the command line, for tests and for scripts.

    with Client.connect() as client:
        result = client.harmonize(request, on_progress=lambda progress: print(progress.stage, progress.fraction))

It is the event-loop client with a wait around it; what an editor goes through is what this one goes through.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Callable, TypeVar

from .endpoint import PathLike
from .eventloop import EventLoopClient
from .frames import DEFAULT_LIMITS, Limits
from .interrupts import held_interrupt
from .messages import (
    CancelRequest,
    ErrorReply,
    HarmonizeRequest,
    HelloReply,
    Message,
    PreviewRequest,
    Progress,
    Result,
    StatusReply,
    StatusRequest,
)

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Client", "OnProgress"]

OnProgress = Callable[[Progress], None]

Answer = TypeVar("Answer", bound=Message)

_LONGEST_WAIT = 0.1  # between two looks whether Ctrl+C was pressed
_FAREWELL = 0.5  # how long a cancel may take to leave


class Client:
    """A connection whose requests wait for their answers; made with `Client.connect`. One request at a time.

    `hello` is what the daemon said of itself.
    """

    hello: HelloReply

    def __init__(self, loop: EventLoopClient) -> None:
        self._loop = loop

    @classmethod
    def connect(
        cls,
        path: PathLike | None = None,
        *,
        client: str = "python",
        timeout: float = 10.0,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Self:
        """Connect, and let the daemon prove that it is the user's own; no picture is sent before.

        `path` is the connection file (None: where the daemon of this user writes it), `client` the program's name for
        the daemon's log, `timeout` is in seconds. Raises a ConnectionFailed: DaemonNotRunningError,
        StaleConnectionError, AuthenticationError, IdentityError or RequestTimeout; or VersionMismatchError.
        """
        connection = cls(EventLoopClient(path, client, timeout, limits))
        try:
            connection.hello = connection._answer(HelloReply)
        except BaseException:
            connection.close()
            raise
        return connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def harmonize(
        self, request: HarmonizeRequest, on_progress: OnProgress | None = None, timeout: float | None = 300.0
    ) -> Result:
        """Harmonize and wait for the result.

        `on_progress` is called with each Progress; `timeout` is in seconds until the result (None: for ever). Raises
        RequestTimeout, the error that the daemon replied, or what `frames.encode` raises for a request that is not
        valid. If anything ends the wait, Ctrl+C or an exception of `on_progress`, the job is cancelled.
        """
        return self._run(request, on_progress, timeout)

    def preview(
        self, request: PreviewRequest, on_progress: OnProgress | None = None, timeout: float | None = 60.0
    ) -> Result:
        """Blend a finished result of this connection again. As `harmonize`; UnknownJobError if it is not kept."""
        return self._run(request, on_progress, timeout)

    def status(self, timeout: float = 10.0) -> StatusReply:
        """Ask how the daemon is. Raises RequestTimeout or another ConnectionFailed."""
        self._loop.send(StatusRequest(), timeout)
        return self._answer(StatusReply)

    def cancel(self, job: str) -> None:
        """Ask the daemon to drop a job, for instance from `on_progress`; its wait then ends in CancelledError."""
        self._loop.send(CancelRequest(job))

    def close(self) -> None:
        """Close the connection."""
        self._loop.close()

    def _run(
        self, request: HarmonizeRequest | PreviewRequest, on_progress: OnProgress | None, timeout: float | None
    ) -> Result:
        """Send a job and wait for its result."""
        with held_interrupt() as check_interrupt:
            self._loop.send(request, timeout)
            try:
                return self._answer(Result, request.job, on_progress, check_interrupt)
            finally:
                if self._loop.is_waiting(request.job):
                    self._abandon(request.job)

    def _abandon(self, job: str) -> None:
        """Tell the daemon that nobody waits any more, and give that a moment to leave."""
        self._loop.send(CancelRequest(job))
        deadline = time.monotonic() + _FAREWELL
        while self._loop.wants_write and self._loop.error is None and time.monotonic() < deadline:
            self._loop.wait(_FAREWELL)
            self._loop.drain()

    def _answer(
        self,
        wanted: type[Answer],
        job: str | None = None,
        on_progress: OnProgress | None = None,
        check_interrupt: Callable[[], None] = lambda: None,
    ) -> Answer:
        """Wait for the answer of this class to this job; raises the error that comes instead."""
        while True:
            for event in self._loop.tick():
                if isinstance(event, ErrorReply) and event.job in (job, None):
                    raise event.error()
                if isinstance(event, wanted) and getattr(event, "job", None) == job:
                    return event
                if isinstance(event, Progress) and event.job == job and on_progress is not None:
                    on_progress(event)
            check_interrupt()
            self._loop.wait(_LONGEST_WAIT)
