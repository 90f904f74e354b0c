"""The new layer: directly above the original, which is hidden; and both as they should be through undo and redo.

Krita's undo history takes the new layer as one entry, but not the original's visibility: hiding a layer is never an
entry of it. So a keeper watches: when undo takes the new layer away it shows the original again, and when redo brings
the new layer back it hides the original again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from krita import Krita

from samelight_wire import Rect
from samelight_wire.errors import InternalError, JobError
from samelight_wire.formats import Buffer

from .guard import guarded
from .layers import is_in_document, is_open, same_node
from .qt import QByteArray, QObject, QTimer

__all__ = ["SUFFIX", "Keeper", "Replacement", "insert", "write"]

SUFFIX = " (harmonized)"

WATCH_MILLISECONDS = 150
MOST_WATCHED = 200


@dataclass
class Replacement:
    """A layer and the new one that stands for it."""

    document: Any
    original: Any
    layer: Any
    """The new layer."""
    rect: Rect
    """Where its pixels lie."""
    pixels: Buffer | None
    """Its pixels as they were last written; None when they cannot be blended again any more."""
    hidden: bool
    """Whether the original was visible before, so that it is to be shown when the new layer goes."""
    present: bool = True
    """Whether the new layer was in the document when it was last looked at."""
    calm_redo: str = ""
    """The text of the menu item Redo while there is nothing to redo."""


def insert(document: Any, original: Any, layer: Any, pixels: Buffer, rect: Rect) -> Replacement:
    """Put a layer with these pixels above the original, and hide the original.

    Args:
        document: Krita's document.
        original: the layer that was harmonized.
        layer: the new one, in no document yet; its name and pixels are set here.
        pixels: as many bytes as the rectangle takes in the layer's colour space.
        rect: where they lie.

    Raises:
        JobError: the document was closed or the layer removed; nothing was changed.
    """
    _check_there(document, original)
    shown = original.visible()
    _prepare(layer, original.name(), pixels, rect)
    active = document.activeNode()
    # Hiding alone does not make Krita compose the picture anew, but adding a layer in the same place does.
    original.setVisible(False)
    if not original.parentNode().addChildNode(layer, original):
        original.setVisible(shown)
        raise InternalError("Krita did not take the new layer.", "Try again; restart Krita if that fails too.")
    # Krita makes a layer that comes the active one: not under the hands of an artist who went on with another.
    if active is not None and not same_node(active, original):
        QTimer.singleShot(0, partial(_give_back, document, active, layer))
    redo = Krita.instance().action("edit_redo")
    return Replacement(document, original, layer, rect, pixels, shown, calm_redo=redo.text() if redo else "")


def _check_there(document: Any, original: Any) -> None:
    """Raise JobError if the document was closed or the layer removed since it was read."""
    if not is_open(document):
        raise JobError(
            "The picture was closed while a layer of it was being harmonized, so the result was dropped.",
            "Open it and harmonize the layer again.",
        )
    if not is_in_document(document, original):
        raise JobError(
            "The layer was removed while it was being harmonized, so its result was dropped.",
            "Undo the removal and harmonize the layer again.",
        )


def _prepare(layer: Any, name: str, pixels: Buffer, rect: Rect) -> None:
    """Give the new layer its name and its pixels, while it is in no document yet."""
    layer.setName(name if name.endswith(SUFFIX) else name + SUFFIX)
    layer.setVisible(True)
    _fill(layer, pixels, rect)


@guarded
def _give_back(document: Any, active: Any, layer: Any) -> None:
    """Make the artist's layer the active one again, if it is the new one that became it."""
    if not is_open(document) or active.parentNode() is None:
        return
    now = document.activeNode()
    if now is None or same_node(now, layer):
        document.setActiveNode(active)


def write(replacement: Replacement, pixels: Buffer) -> None:
    """Other pixels for the new layer, in place: no entry in the undo history beside that of the layer itself.

    Raises:
        JobError: the new layer is not there any more, or was painted on since.
    """
    document, layer, rect = replacement.document, replacement.layer, replacement.rect
    if not is_open(document) or layer.parentNode() is None:
        raise JobError("The harmonized layer is not there any more.", "Harmonize the original layer again.")
    # What is written this way must not lie on top of a brush stroke: its undo would restore the wrong pixels.
    now = layer.pixelData(rect.x, rect.y, rect.width, rect.height)
    if replacement.pixels is None or now != _bytes_of(replacement.pixels):
        raise JobError(
            "The harmonized layer was changed since, so its strength and colour cannot be changed any more.",
            "Harmonize the original layer again with the strength and colour you want.",
        )
    _fill(layer, pixels, rect)
    replacement.pixels = pixels
    document.refreshProjection()


def _fill(layer: Any, pixels: Buffer, rect: Rect) -> None:
    """Set a layer's pixels. Krita does not look at how many bytes it is given: whoever calls this has."""
    layer.setPixelData(_bytes_of(pixels), rect.x, rect.y, rect.width, rect.height)


def _bytes_of(pixels: Buffer) -> QByteArray:
    """The pixels as Qt takes them, without a copy where that can be; valid as long as they are there."""
    if hasattr(QByteArray, "fromRawData"):  # which PyQt6 leaves out
        return QByteArray.fromRawData(pixels)
    return QByteArray(bytes(pixels))


class Keeper(QObject):
    """Shows originals again when undo takes their new layers away, and hides them again at redo."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._watched: list[Replacement] = []
        self._connected = False
        self._timer = QTimer(self)
        self._timer.setInterval(WATCH_MILLISECONDS)
        self._timer.timeout.connect(self.look)

    def watch(self, replacement: Replacement) -> None:
        """Watch over these two layers until their document is closed."""
        self._watched = [*self._watched, replacement][-MOST_WATCHED:]
        self._timer.start()
        self._connect()

    @guarded
    def look(self, *_: Any) -> None:
        """See which new layers came or went since the last time."""
        documents = Krita.instance().documents()
        self._watched = [each for each in self._watched if any(each.document == open_ for open_ in documents)]
        if not self._watched:
            self._timer.stop()
        active = Krita.instance().activeDocument()
        for each in self._watched:
            if each.document == active:
                self._look_at(each)

    def _look_at(self, each: Replacement) -> None:
        present = each.layer.parentNode() is not None
        if present == each.present:
            return
        each.present = present
        if not each.hidden or each.original.parentNode() is None:
            return
        if present or _was_undone(each):
            each.original.setVisible(not present)
            each.document.refreshProjection()

    def _connect(self) -> None:
        """Look at once when undo or redo is used through menu or keys; the timer sees what the history docker does."""
        if self._connected:
            return
        for name in ("edit_undo", "edit_redo"):
            action = Krita.instance().action(name)
            if action is not None:
                action.triggered.connect(lambda *_: QTimer.singleShot(0, self.look))
                self._connected = True


def _was_undone(each: Replacement) -> bool:
    """Whether the new layer went by undo, not by removing, merging or flattening: then it can be redone."""
    redo = Krita.instance().action("edit_redo")
    return redo is None or not each.calm_redo or redo.text() != each.calm_redo
