"""From the click to the new layer.

A batch is the layers that were selected at one click. They are worked on one after another, the lowest first, so that
each is fitted into the picture as it will be: with the layers below it harmonized already. Nothing here waits: reading
and inserting happen in slots of their own, and in between Krita is the artist's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from krita import Krita

from samelight_wire import ErrorReply, Progress, Result, SamelightError
from samelight_wire.errors import InputError, InternalError, JobError

from .blending import Blending
from .guard import guarded, on_fault
from .inserting import Keeper, Replacement, insert
from .layers import chosen_layers, is_in_document, is_in_front, is_open
from .link import DaemonLink
from .qt import QObject, QTimer, pyqtSignal
from .reading import Reading, read_layer
from .sentences import hint_line, result_line, stage_line, trouble
from .settings import Settings, load_settings, save_settings
from .starting import is_sandboxed
from .stillness import RETRY_MILLISECONDS, in_motion
from .telling import Teller
from .undoing import undo_batch

__all__ = ["Batch", "Controller"]

NOT_BEGUN = {"not-running", "connection"}
"""Errors of which nothing is left to say when a daemon has come."""

SETTLE_MILLISECONDS = 30

TRIES_UNSAID = 10
"""So many times in a row something is put off without a word."""


@dataclass
class Batch:
    """The layers of one click."""

    document: Any
    view: Any
    settings: Settings
    waiting: list[Any]
    """Layers not yet begun, the lowest first."""
    count: int
    """How many layers there were."""
    began: float
    reading: Reading | None = None
    """The layer that is being worked on."""
    done: list[tuple[Replacement, str]] = field(default_factory=list)
    """What was inserted, each with its job."""
    put_off: int = 0
    """How many times in a row the picture was in motion."""
    seconds: dict[str, float] = field(default_factory=dict)
    """What reading and inserting took, for tests and the curious."""


class Controller(QObject):
    """The one who does it.

    Signals: `changed` when anything that the docker shows did.

    Attributes: `settings` the last choices; `batch` the last batch, running or not; `busy` whether it runs; `line` and
    `fraction` its progress; `outcome` how it ended; `last_error` and `hint` what went wrong.
    """

    changed = pyqtSignal()

    def __init__(self, link: DaemonLink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.link = link
        self.settings = load_settings()
        self.batch: Batch | None = None
        self.busy = False
        self.line = ""
        self.fraction = 0.0
        self.outcome = ""
        self.last_error: SamelightError | None = None
        self.message, self.hint = "", ""
        self.keeper = Keeper(self)
        self.teller = Teller(self)
        self.blending = Blending(link, self)
        self._before: Batch | None = None
        """The batch before the one that runs: it stays the last one, for sliders and undo, if nothing comes of this."""
        self._model = ""
        self._dialog: Any = None
        link.arrived.connect(self._arrived)
        link.state_changed.connect(self._daemon_changed)
        on_fault(self._fault)

    # ---- what the artist asks ----

    def harmonize(self) -> None:
        """Harmonize the selected layers with the last settings."""
        if self.busy:
            self.teller.say("Samelight is still working on the layers before. Cancel that first, or wait.")
            return
        self._clear()
        try:
            batch = self._new_batch()
            self.link.open()
        except SamelightError as error:  # the batch before stays the last one, for the sliders and for undo
            self.report(error)
            return
        self._before, self.batch, self.busy = self.batch, batch, True
        self._next(batch)

    def ask_and_harmonize(self) -> None:
        """Ask for the options, then harmonize."""
        from .dialog import OptionsDialog

        window = Krita.instance().activeWindow()
        self.link.ask_status()
        self._dialog = OptionsDialog(self, window.qwindow() if window else None)
        self._dialog.show()

    def choose(self, settings: Settings) -> None:
        """Keep these settings."""
        self.settings = settings
        save_settings(settings)
        self.changed.emit()

    def cancel(self) -> None:
        """Stop; layers that are done stay."""
        if not self.busy or self.batch is None:
            return
        if self.batch.reading is not None:
            self.link.cancel(self.batch.reading.request.job)
        done, count = len(self.batch.done), self.batch.count
        self._end(f"Cancelled after {done} of {count} layers." if done else "Cancelled; the picture is as it was.")
        self.teller.say(self.outcome)

    def set_blend(self, strength: int, colour: int) -> None:
        """Other percentages, for what comes and for the last result, which is blended again if it can be seen."""
        settings = replace(self.settings, strength=strength, colour=colour)
        if settings == self.settings:
            return
        self.choose(settings)
        if not self.busy and self.blending.within_reach:
            if self.last_error is not self.blending.loss:  # a loss stays to be read while a slider is dragged
                self._clear_error()
            self.blending.blend(settings.options())

    def undo_batch(self) -> None:
        """Take the new layers of the last batch away again and show their originals."""
        batch = self.batch
        if batch is None or not self.can_undo_batch:
            return
        self.blending.forget()
        self.batch = None
        self.outcome = ""
        undo_batch(batch.document, [each for each, _ in batch.done], self.keeper)
        self.changed.emit()

    @property
    def can_undo_batch(self) -> bool:
        """Whether a layer of the last batch is still there, in the picture that is in front."""
        if self.busy or self.batch is None or not is_in_front(self.batch.document):
            return False
        return any(each.layer.parentNode() is not None for each, _ in self.batch.done)

    # ---- one layer after another ----

    def _new_batch(self) -> Batch:
        document = Krita.instance().activeDocument()
        if document is None:
            raise InputError("No picture is open.", "Open a picture and select the layer that holds the pasted object.")
        view = Krita.instance().activeWindow().activeView()
        layers = chosen_layers(document, view)
        return Batch(document, view, self.settings, layers, len(layers), time.monotonic())

    @guarded
    def _next(self, batch: Batch) -> None:
        """Begin with the next layer, or end."""
        if not self._runs(batch):
            return
        batch.reading = None
        if not batch.waiting:
            self._finish(batch)
            return
        self._show("reading", 0.0, batch.waiting[0])
        QTimer.singleShot(0, partial(self._read, batch))

    @guarded
    def _read(self, batch: Batch) -> None:
        """Read the next layer and send it."""
        if not self._runs(batch):
            return
        if self.blending.busy:  # a slider was moved just before: the picture is read as it was wished to be
            QTimer.singleShot(SETTLE_MILLISECONDS, partial(self._read, batch))
            return
        if self._put_off(batch, batch.waiting[0], partial(self._read, batch)):
            return
        try:
            node = batch.waiting.pop(0)
            _check_place(batch, node)
            batch.reading = read_layer(batch.document, node, batch.settings.options())
            batch.seconds["read"] = batch.reading.seconds
            self._show("sending", 0.02, node)
            self.link.request(batch.reading.request)
        except SamelightError as error:
            self._fail(error)

    @guarded
    def _arrived(self, event: Any) -> None:
        """Something came from the daemon."""
        if self.blending.arrived(event):
            return
        reading = self.batch.reading if self.busy and self.batch is not None else None
        if reading is None or event.job != reading.request.job:
            return
        if isinstance(event, Progress):
            self._show(event.stage, event.fraction, reading.node)
        elif isinstance(event, ErrorReply):
            self._fail(event.error())
        elif isinstance(event, Result):
            self._insert(reading, event)

    @guarded
    def _insert(self, reading: Reading, result: Result) -> None:
        """Put the result into the picture as soon as that stands still."""
        batch = self.batch
        if batch is None or batch.reading is not reading:  # cancelled meanwhile
            return
        if self._put_off(batch, reading.node, partial(self._insert, reading, result)):
            return
        began = time.monotonic()
        try:
            if result.layer.format != reading.request.layer.format or result.layer_rect != reading.request.layer_rect:
                raise InternalError("The daemon's answer does not fit the layer.")
            replacement = insert(reading, result.layer.octets)
        except SamelightError as error:
            self._fail(error)
            return
        batch.seconds["insert"] = time.monotonic() - began
        batch.done.append((replacement, reading.request.job))
        self.keeper.watch(replacement)
        self._model = result.model
        QTimer.singleShot(0, partial(self._next, batch))

    def _put_off(self, batch: Batch, node: Any, slot: Callable[[], None]) -> bool:
        """Whether the picture is in motion, by a brush stroke say, so that this is put off until it stands still."""
        if not in_motion(batch.document):
            batch.put_off = 0
            return False
        batch.put_off += 1
        if batch.put_off == TRIES_UNSAID:
            self._show("stroke", 0.0 if batch.reading is None else 1.0, node)
        QTimer.singleShot(RETRY_MILLISECONDS, slot)
        return True

    def _runs(self, batch: Batch) -> bool:
        """Whether this batch is the one that runs, not one that was cancelled since."""
        return self.busy and batch is self.batch

    def _finish(self, batch: Batch) -> None:
        names = [each.original.name() for each, _ in batch.done]
        self._end(result_line(names, self._model, time.monotonic() - batch.began))
        self.teller.say(self.outcome)

    # ---- how it goes ----

    def _show(self, stage: str, fraction: float, node: Any) -> None:
        batch = self.batch
        assert batch is not None  # noqa: S101 - it is shown while it runs
        number = len(batch.done) + 1
        self.line = stage_line(node.name(), stage, number, batch.count)
        self.fraction = (number - 1 + fraction) / batch.count
        self.changed.emit()

    def _end(self, outcome: str) -> None:
        self.busy = False
        self.line, self.fraction, self.outcome = "", 0.0, outcome
        if self.batch is not None:
            self.batch.reading = None
            self.batch.waiting = []
            if self.batch.done:
                self.blending.take(self.batch.done)
                self._catch_up(self.batch)
            else:
                self.batch = self._before
        self._before = None
        self.changed.emit()
        self.link.ask_status()

    def _catch_up(self, batch: Batch) -> None:
        """Blend what was made with the choices of before: the sliders may have been moved meanwhile."""
        wanted, had = self.settings.options(), batch.settings.options()
        if (wanted.strength, wanted.colour) != (had.strength, had.colour):
            self.blending.blend(wanted)

    def _fail(self, error: SamelightError) -> None:
        batch = self.batch
        self.last_error = error
        self.message, self.hint = trouble(
            error, len(batch.done) if batch else 0, batch.count if batch else 0, is_sandboxed()
        )
        self._end("")
        self.teller.warn(self.message, self.hint)

    def report(self, error: SamelightError) -> None:
        """Show an error that ends nothing."""
        self.last_error = error
        self.message, self.hint = error.message, hint_line(error, is_sandboxed())
        self.changed.emit()
        self.teller.warn(self.message, self.hint)

    @guarded
    def _daemon_changed(self, *_: Any) -> None:
        """What could not begin for want of a daemon can, once there is one."""
        error = self.last_error
        if self.link.status is not None and error is not None and error.code in NOT_BEGUN:
            self._clear_error()

    def _fault(self, error: BaseException) -> None:
        """A slot raised what it should not have."""
        fault = InternalError(
            f"The Samelight plugin made a mistake of its own ({type(error).__name__}: {error}).",
            "The picture is as it was. Please report it.",
        )
        if self.busy:
            if self.batch is not None and self.batch.reading is not None:
                self.link.cancel(self.batch.reading.request.job)
            self._fail(fault)
        else:
            self.report(fault)

    def _clear(self) -> None:
        self.outcome = ""
        self._clear_error()

    def _clear_error(self) -> None:
        self.last_error, self.message, self.hint = None, "", ""
        self.changed.emit()


def _check_place(batch: Batch, node: Any) -> None:
    """Raise JobError if the document or the layer went away before its turn."""
    if not is_open(batch.document):
        raise JobError(
            "The picture was closed before all of its layers were harmonized.", "Open it and harmonize the layer again."
        )
    if not is_in_document(batch.document, node):
        raise JobError("A layer was removed before its turn came.", "Undo the removal and harmonize the layer again.")
