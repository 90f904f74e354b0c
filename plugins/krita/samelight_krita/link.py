"""The connection with the daemon, in Krita's event loop: no thread, nothing that blocks.

A connection that failed is never used again; the next request makes a new one, from the connection file as it is then.
So a daemon that was restarted in the meantime is found by itself: a request that met the old connection is sent once
more over a new one, as long as nothing was heard of it.
"""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from samelight_wire import (
    CancelRequest,
    ErrorReply,
    EventLoopClient,
    Message,
    Progress,
    SamelightError,
    StatusReply,
    StatusRequest,
)
from samelight_wire.endpoint import ENVIRONMENT
from samelight_wire.errors import ConnectionFailed

from .guard import guarded
from .qt import QObject, QSocketNotifier, QTimer, pyqtSignal
from .vendored import text_file

__all__ = ["DaemonLink", "connection_file"]

TICK_MILLISECONDS = 50
STATUS_SECONDS = 5.0
AGAIN_MILLISECONDS = 250

# What a connection ends with when its daemon is not there any more.
GONE = {"stale-connection", "wrong-token"}


def connection_file() -> str | None:
    """Where the installer said that the connection file is; None for the wire's own place. The environment wins."""
    lines = [] if os.environ.get(ENVIRONMENT) else text_file("connection-file.txt")
    return lines[0] if lines else None


class DaemonLink(QObject):
    """The connection.

    Signals: `arrived` with every message about a job, from the daemon or about it; `state_changed` when `status` or
    `problem` did.
    """

    arrived = pyqtSignal(object)
    state_changed = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.status: StatusReply | None = None
        self.problem: SamelightError | None = None
        self._client: EventLoopClient | None = None
        self._notifiers: list[QSocketNotifier] = []
        self._asking = False
        self._fresh: dict[str, Message] = {}  # requests of which nothing was heard, and that were sent but once
        self._first_errors: dict[str, ErrorReply] = {}  # of requests that were sent again
        self._waiting: set[str] = set()
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MILLISECONDS)
        self._timer.timeout.connect(self._tick)

    # ---- what the plugin asks ----

    def open(self) -> None:
        """Connect if there is no connection. Raises ConnectionFailed (its subclasses) if there is no daemon."""
        if self._client is not None and self._client.error is None:
            return
        self._drop()
        try:
            self._client = EventLoopClient(connection_file(), "krita")
        except SamelightError as error:
            self._set_state(None, error)
            raise
        descriptor = self._client.fileno()
        for kind in (QSocketNotifier.Type.Read, QSocketNotifier.Type.Write):
            notifier = QSocketNotifier(descriptor, kind, self)
            notifier.setEnabled(kind == QSocketNotifier.Type.Read)
            notifier.activated.connect(self._drain)
            self._notifiers.append(notifier)

    def request(self, message: Any) -> None:
        """Send a request with a job; its pixels must stay as they are until the answer.

        Raises ConnectionFailed (its subclasses) if there is no daemon, InputError for a request that is not valid.
        """
        self.open()
        self._fresh[message.job] = message
        self._waiting.add(message.job)
        try:
            self._submit(message, None)
        except SamelightError:
            self._forget(message.job)
            raise

    def cancel(self, job: str) -> None:
        """Have the daemon drop a job; its answer is not waited for any more."""
        self._forget(job)
        if self._client is not None and self._client.error is None:
            self._submit(CancelRequest(job), None)

    def ask_status(self) -> None:
        """Ask how the daemon is; `state_changed` tells."""
        if self._asking:
            return
        try:
            self.open()
            self._asking = True
            self._submit(StatusRequest(), STATUS_SECONDS)
        except SamelightError as error:
            self._asking = False
            self._set_state(None, error)

    @guarded
    def close(self, *_: Any) -> None:
        """Close the connection and forget what waits."""
        self._drop()
        self._waiting.clear()
        self._fresh.clear()

    # ---- the event loop ----

    def _submit(self, message: Message, timeout: float | None) -> None:
        assert self._client is not None  # noqa: S101 - open() came before
        self._client.send(message, timeout)
        self._timer.start()
        QTimer.singleShot(0, self._drain)  # sending may have used up the wake-up of an answer

    @guarded
    def _drain(self, *_: Any) -> None:
        if self._client is not None:
            self._handle(self._client.drain())

    @guarded
    def _tick(self, *_: Any) -> None:
        if self._client is not None:
            self._handle(self._client.tick())
        if not self._waiting and not self._asking:
            self._timer.stop()

    def _handle(self, events: list[Message]) -> None:
        """Pass on what happened. By then a failed connection is gone, so that whoever hears of it can ask again."""
        if self._client is not None and self._client.error is not None:
            self._drop()
        elif self._notifiers:
            wanted = self._client is not None and self._client.wants_write
            self._notifiers[1].setEnabled(wanted)
        for event in events:
            self._pass_on(event)

    def _pass_on(self, event: Message) -> None:
        if isinstance(event, StatusReply):
            self._asking = False
            self._set_state(event, None)
            return
        job = getattr(event, "job", None)
        if isinstance(event, ErrorReply) and event.code in GONE and self._send_again(event):
            return
        if isinstance(event, ErrorReply) and job is None:
            self._asking = False
            self._set_state(None, event.error())
            return
        if job not in self._waiting:
            return
        if isinstance(event, Progress):
            self._fresh.pop(job, None)
            self._first_errors.pop(job, None)
        else:
            if isinstance(event, ErrorReply) and isinstance(event.error(), ConnectionFailed):
                event = self._first_errors.get(job, event)
            self._forget(job)
        self.arrived.emit(event)

    def _send_again(self, event: ErrorReply) -> bool:
        """Send a request of which nothing was heard once more, if there is one; whether that is so.

        Not at once: a daemon that is just ending still has its port. If that fails too, what failed first is told.
        """
        if event.job is None or event.job not in self._fresh:
            return False
        message = self._fresh.pop(event.job)
        self._first_errors[event.job] = event
        QTimer.singleShot(AGAIN_MILLISECONDS, partial(self._resend, message))
        return True

    @guarded
    def _resend(self, message: Any) -> None:
        if message.job not in self._waiting:
            return
        try:
            self.open()
            self._submit(message, None)
        except SamelightError as error:
            self._pass_on(ErrorReply.from_error(error, message.job))

    def _forget(self, job: str) -> None:
        self._fresh.pop(job, None)
        self._first_errors.pop(job, None)
        self._waiting.discard(job)

    def _drop(self) -> None:
        """Close the connection; notifiers first, while their descriptor is open."""
        for notifier in self._notifiers:
            notifier.setEnabled(False)
            notifier.deleteLater()
        self._notifiers = []
        if self._client is not None:
            self._client.close()
        self._client = None
        self._asking = False

    def _set_state(self, status: StatusReply | None, problem: SamelightError | None) -> None:
        self.status, self.problem = status, problem
        self.state_changed.emit()
