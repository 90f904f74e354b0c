"""One client's conversation with the daemon, without any input, output or clock of its own.

Hello and proof, heartbeats, deadlines and the reading of replies stand here once, for the blocking client and for that
of event loops. Whoever owns the connection sends what `take_outgoing` gives, hands what arrives to `receive`, and calls
`tick` now and then; both give the events that the program should hear of:

    HelloReply        the daemon has proven to be the user's own; requests made before go out now, not earlier
    Progress          a job moved on
    Result            a job is done
    StatusReply       the answer to a StatusRequest
    ErrorReply        a job failed (its `job`), or with job None: the connection, when no job waits for it

Once the connection failed (`error` says how), every job that waited gets its ErrorReply, and no more can be made of it.
"""

from __future__ import annotations

from typing import Sequence

from .endpoint import Endpoint
from .errors import IdentityError, MalformedMessageError, RequestTimeout, SamelightError
from .formats import Buffer
from .frames import DEFAULT_LIMITS, Frames, Limits, Side, check_version, decode, encode
from .identity import is_proven, make_nonce
from .messages import (
    CancelRequest,
    ErrorReply,
    HarmonizeRequest,
    Heartbeat,
    Hello,
    HelloReply,
    Message,
    PreviewRequest,
    Progress,
    Result,
    StatusReply,
    StatusRequest,
)
from .release import RELEASE

__all__ = ["Session"]

_NEVER = float("inf")


class Session:
    """The state of one conversation; times (`now`, deadlines) are seconds of any steady clock.

    Attributes: `ready` is whether the daemon has proven its identity, `error` how the connection failed, None before.
    """

    def __init__(
        self, endpoint: Endpoint, client: str, now: float, hello_timeout: float, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        check_version(endpoint.version, Side.PLUGIN)
        self.ready = False
        self.error: SamelightError | None = None
        self._limits = limits
        self._proof_key = endpoint.proof_key
        self._nonce = make_nonce()
        self._hello_deadline = now + hello_timeout
        self._outgoing: list[Frames] = [encode(Hello(self._nonce, client, RELEASE))]
        self._held: list[Frames] = []  # requests that wait for the proof
        self._deadlines: dict[str | None, float] = {}  # of every request that waits; None is the status request
        self._heartbeat_seconds = 0.0
        self._next_heartbeat = _NEVER

    def submit(self, message: Message, now: float, timeout: float | None = None) -> None:
        """Send a message once the daemon has proven its identity; a request should be answered in `timeout` seconds.

        Raises what `frames.encode` raises for a message that is not valid, and `error` if the connection failed.
        """
        if self.error is not None:
            raise self.error
        frames = encode(message, self._limits)
        deadline = _NEVER if timeout is None else now + timeout
        if isinstance(message, (HarmonizeRequest, PreviewRequest)):
            self._deadlines[message.job] = deadline
        elif isinstance(message, StatusRequest):
            self._deadlines[None] = deadline
        (self._outgoing if self.ready else self._held).append(frames)

    def is_waiting(self, job: str) -> bool:
        """Whether this job was submitted and not yet answered."""
        return job in self._deadlines

    def take_outgoing(self) -> list[Frames]:
        """What is to be sent, oldest first."""
        taken, self._outgoing = self._outgoing, []
        return taken

    def receive(self, frames: Sequence[Buffer], now: float) -> list[Message]:
        """The events that a message from the daemon gives."""
        if self.error is not None:
            return []
        try:
            message = decode(frames, self._limits, Side.PLUGIN)
            return self._settle(message) if self.ready else self._open(message, now)
        except SamelightError as error:
            return self.fail(error)

    def tick(self, now: float) -> list[Message]:
        """Queue the heartbeats that are due; the events of requests whose time is over."""
        if self.error is not None:
            return []
        if not self.ready and now >= self._hello_deadline:
            return self.fail(RequestTimeout())
        if now >= self._next_heartbeat:
            self._next_heartbeat = now + self._heartbeat_seconds
            self._outgoing.extend(encode(Heartbeat(job)) for job in self._deadlines if job is not None)
        return [self._expire(job) for job, deadline in list(self._deadlines.items()) if now >= deadline]

    def next_tick(self) -> float:
        """When `tick` has something to do next, at the latest."""
        first = min(self._deadlines.values(), default=_NEVER)
        return min(first, self._next_heartbeat if self.ready else self._hello_deadline)

    def fail(self, error: SamelightError) -> list[Message]:
        """The connection failed: the events that say so."""
        if self.error is not None:
            return []
        self.error = error
        self._held.clear()
        return self._answer_all(error)

    def _open(self, message: Message, now: float) -> list[Message]:
        """Judge the answer to the Hello; raises the error that ends the conversation."""
        if isinstance(message, ErrorReply):
            raise message.error()
        if not isinstance(message, HelloReply):
            raise MalformedMessageError(f"The daemon answered the greeting with '{message.KIND}'.")
        if not is_proven(message.proof, self._proof_key, self._nonce):
            raise IdentityError()
        check_version(message.protocol, Side.PLUGIN)
        self.ready = True
        self._heartbeat_seconds = message.heartbeat_seconds
        self._next_heartbeat = now + message.heartbeat_seconds
        self._outgoing += self._held
        self._held = []
        return [message]

    def _settle(self, message: Message) -> list[Message]:
        """The events of a message once the connection is open; answers that nobody waits for any more give none."""
        if isinstance(message, Progress):
            return [message] if message.job in self._deadlines else []
        if isinstance(message, ErrorReply) and message.job is None:
            return self._answer_all(message.error())
        if isinstance(message, (Result, StatusReply, ErrorReply)):
            job = None if isinstance(message, StatusReply) else message.job
            return [message] if self._deadlines.pop(job, None) is not None else []
        raise MalformedMessageError(f"The daemon sent '{message.KIND}', which nobody asked for.")

    def _answer_all(self, error: SamelightError) -> list[Message]:
        """End everything that waits with this error."""
        jobs = list(self._deadlines) or [None]
        self._deadlines.clear()
        return [ErrorReply.from_error(error, job) for job in jobs]

    def _expire(self, job: str | None) -> Message:
        """The time of a request is over: the daemon need not go on with it."""
        del self._deadlines[job]
        if job is not None:
            (self._outgoing if self.ready else self._held).append(encode(CancelRequest(job)))
        return ErrorReply.from_error(RequestTimeout(), job)
