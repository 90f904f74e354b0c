"""The client for programs with an event loop of their own, such as editors: no threads, and nothing ever blocks.

(libzmq has a thread for its sockets, and pyzmq one that lets go of what was sent; no code of ours runs in them. The
transport in pure Python has none at all.)

Connecting and the daemon's proof run by themselves too: requests may be sent at once and go out when the daemon has
proven to be the user's own. Everything that happens comes as a list of messages, out of `drain` and out of `tick`; see
`session.py` for what they are. Call

- `drain` when the descriptor `fileno()` becomes readable, and once after each `send`;
- `tick` every 50 ms or so while something is awaited: it does all that `drain` does, sends the heartbeats and minds
  the deadlines. It alone would do; the descriptor makes answers quicker;
- `drain` when the descriptor becomes writable, where `wants_write` says that something waits for that (only the
  transport without compiled code; `tick` writes on as well).

The descriptor may be edge-triggered (ZeroMQ's is): it becomes readable once for several messages. `drain` therefore
takes all there are, and `send` may use up the wake-up of an answer: hence the drain after it.

With Qt (PyQt5):

    client = EventLoopClient(path, "krita")
    notifier = QSocketNotifier(client.fileno(), QSocketNotifier.Read)
    notifier.activated.connect(lambda *_: handle(client.drain()))
    timer = QTimer()
    timer.timeout.connect(lambda: handle(client.tick()))
    timer.start(50)
    client.send(request)
    QTimer.singleShot(0, lambda: handle(client.drain()))

With GLib:

    channel = GLib.io_add_watch(client.fileno(), GLib.PRIORITY_DEFAULT, GLib.IO_IN, lambda *_: handle(client.drain()))
    timer = GLib.timeout_add(50, lambda: handle(client.tick()))

where `handle` looks at each message (in GLib it returns True to be called again):

    def handle(events):
        for event in events:
            if isinstance(event, Progress): ...
            elif isinstance(event, Result): ...
            elif isinstance(event, ErrorReply): show(event.message, event.hint)

Stop notifier and timer before `close`, and when `error` is set: the connection has failed then; make a new client.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING

from .endpoint import PathLike, read_endpoint
from .errors import SamelightError
from .frames import DEFAULT_LIMITS, Limits
from .messages import Message
from .session import Session
from .transport import open_transport

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["EventLoopClient"]


class EventLoopClient:
    """A connection to the daemon that never blocks; see the module's docstring.

    Args:
        path: the connection file; None is where the daemon of this user writes it.
        client: the name of the program, for the daemon's log.
        hello_timeout: seconds that connecting and the daemon's proof may take.
        limits: what a message may not exceed.

    Raises what `read_endpoint` raises, and VersionMismatchError if the daemon speaks another protocol version.
    """

    def __init__(
        self,
        path: PathLike | None = None,
        client: str = "python",
        hello_timeout: float = 10.0,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        endpoint = read_endpoint(path)
        self._session = Session(endpoint, client, time.monotonic(), hello_timeout, limits)
        self._transport = open_transport(endpoint, limits.total_bytes)
        self._unheard: list[Message] = []  # events that came up in `send`, for the next drain

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def ready(self) -> bool:
        """Whether the daemon has proven to be the user's own."""
        return self._session.ready

    @property
    def error(self) -> SamelightError | None:
        """How the connection failed; None as long as it has not."""
        return self._session.error

    @property
    def wants_write(self) -> bool:
        """Whether `drain` should be called when the descriptor becomes writable."""
        return self._transport.wants_write

    def fileno(self) -> int:
        """The descriptor that becomes readable when something arrived."""
        return self._transport.fileno()

    def send(self, message: Message, timeout: float | None = None) -> None:
        """Send a request, or keep it until the daemon has proven its identity. Pixels must stay as they are meanwhile.

        `timeout` is in seconds, until the answer; None waits for ever. Raises what `frames.encode` raises for a request
        that is not valid, and the connection's `error` if it has failed before.
        """
        self._session.submit(message, time.monotonic(), timeout)
        self._unheard += self._flush()

    def is_waiting(self, job: str) -> bool:
        """Whether this job was sent and not yet answered."""
        return self._session.is_waiting(job)

    def drain(self) -> list[Message]:
        """Read and write all that can be, and give what arrived."""
        events, self._unheard = self._unheard, []
        events += self._flush()
        while self._session.error is None:
            try:
                frames = self._transport.receive()
            except SamelightError as error:
                return events + self._session.fail(error)
            if frames is None:
                break
            events += self._session.receive(frames, time.monotonic())
            events += self._flush()
        return events

    def tick(self) -> list[Message]:
        """What `drain` does, and the heartbeats and deadlines that are due."""
        events = self.drain()
        events += self._session.tick(time.monotonic())
        return events + self._flush()

    def wait(self, seconds: float) -> None:
        """Block until there may be something to do, at most so many seconds. For programs without event loop."""
        if self._unheard or self._session.error is not None:
            return
        due = self._session.next_tick() - time.monotonic()
        self._transport.wait(max(0.0, min(seconds, due)))

    def close(self) -> None:
        """Close the connection. Requests that wait are dropped by the daemon when no more heartbeats come."""
        self._transport.close()

    def _flush(self) -> list[Message]:
        """Hand what the session wants to say to the transport; the events if that fails."""
        if self._session.error is None:
            try:
                for frames in self._session.take_outgoing():
                    self._transport.send(frames)
            except SamelightError as error:
                return self._session.fail(error)
        return []
