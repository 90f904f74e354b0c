"""Another strength or less colour for the last result, without a network run: the daemon blends, and the new layer's
pixels change in place. While a blend is awaited only the newest wish is remembered, so that dragging a slider stays
smooth.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from samelight_wire import ErrorReply, Options, PreviewRequest, Result, SamelightError, new_job
from samelight_wire.errors import ConnectionFailed

from .guard import guarded
from .inserting import Replacement, write
from .layers import is_in_front, is_open
from .qt import QObject, QTimer
from .stillness import RETRY_MILLISECONDS, in_motion

__all__ = ["Blending"]

MEMORY_MILLISECONDS = 300_000
"""The daemon remembers results about as long."""


class Blending(QObject):
    """The blends of the last batch.

    Args:
        link: the connection with the daemon.
        controller: who is told what goes wrong (`report`).

    Attributes: `loss` why one of the results cannot be blended any more.
    """

    def __init__(self, link: Any, controller: Any) -> None:
        super().__init__(controller)
        self._link = link
        self._controller = controller
        self.loss: SamelightError | None = None
        self._untold: SamelightError | None = None
        self._wanted: Options | None = None
        self._pending: list[tuple[Replacement, str]] = []
        self._job: str | None = None
        self._options = Options()
        self._targets: list[tuple[Replacement, str]] = []
        self._memory = QTimer(self)
        self._memory.setSingleShot(True)
        self._memory.setInterval(MEMORY_MILLISECONDS)
        self._memory.timeout.connect(self.forget)

    @property
    def busy(self) -> bool:
        """Whether a blend is awaited."""
        return self._job is not None

    @property
    def within_reach(self) -> list[Any]:
        """The new layers that a slider changes now: those of the last batch that were not undone, in the picture that
        is in front. What cannot be seen does not change.
        """
        return [each.layer for each, _ in self._present() if is_in_front(each.document)]

    def take(self, results: list[tuple[Replacement, str]]) -> None:
        """From now on blend these results, each with its job; their pixels are held until they are forgotten."""
        self.forget()
        self._targets = list(results)
        self._memory.start()

    def blend(self, options: Options) -> None:
        """Blend the results with the strength and the colour of these options, whatever picture is in front by then."""
        self._memory.start()
        self._wanted = options
        if self._job is None:
            self._begin()

    @guarded
    def forget(self, *_: Any) -> None:
        """Blend nothing any more, and give the memory back."""
        if self._job is not None:
            self._link.cancel(self._job)
        for replacement, _job in self._targets:
            replacement.pixels = None
        self._job, self._wanted, self._pending, self._targets = None, None, [], []
        self.loss = self._untold = None

    def arrived(self, event: Any) -> bool:
        """Take an answer of the daemon's; whether it was for a blend."""
        if self._job is None or event.job != self._job:
            return False
        if isinstance(event, (Result, ErrorReply)):
            self._receive(event)
        return True

    @guarded
    def _receive(self, event: Any) -> None:
        """Settle what came as soon as its picture stands still."""
        if event.job != self._job:  # forgotten meanwhile
            return
        if in_motion(self._pending[0][0].document):
            QTimer.singleShot(RETRY_MILLISECONDS, partial(self._receive, event))
            return
        self._settle(event)

    def _begin(self) -> None:
        """Go through the layers with the newest wish."""
        if self._wanted is None:
            return
        self._options, self._wanted = self._wanted, None
        self._pending = self._present()
        self._ask()

    def _present(self) -> list[tuple[Replacement, str]]:
        """The results whose layers are in their open document."""
        return [each for each in self._targets if _is_there(each)]

    def _ask(self) -> None:
        if not self._pending:
            self._tell_loss()
            self._begin()
            return
        job, options = new_job(), self._options
        try:
            self._job = job
            self._link.request(PreviewRequest(job, self._pending[0][1], options.strength, options.colour))
        except SamelightError as error:
            self._stop(error)

    def _settle(self, event: Any) -> None:
        target = self._pending[0]
        try:
            _apply(target, event)
        except ConnectionFailed as error:
            self._stop(error)
            return
        except SamelightError as error:
            self._drop(target, error)
        # Krita may have served other events while it composed the picture: until here the blend is awaited.
        if self._job == event.job:
            self._job = None
            self._pending.pop(0)
            self._ask()

    def _drop(self, target: tuple[Replacement, str], error: SamelightError) -> None:
        """Go on without a result that cannot be blended any more."""
        self._targets = [each for each in self._targets if each is not target]
        target[0].pixels = None
        self._untold = self._untold or error

    def _tell_loss(self) -> None:
        """Once for all layers that were gone through."""
        if self._untold is not None:
            self.loss, self._untold = self._untold, None
            self._controller.report(self.loss)

    def _stop(self, error: SamelightError) -> None:
        self._job, self._wanted, self._pending = None, None, []
        self._controller.report(error)


def _apply(target: tuple[Replacement, str], event: Any) -> None:
    """Write what came for a result. Raises SamelightError if it cannot be blended."""
    if isinstance(event, ErrorReply):
        raise event.error()
    if _is_there(target):  # it may have been undone meanwhile
        write(target[0], event.layer.octets)


def _is_there(target: tuple[Replacement, str]) -> bool:
    """Whether the layer of a result is in its open document."""
    return is_open(target[0].document) and target[0].layer.parentNode() is not None
