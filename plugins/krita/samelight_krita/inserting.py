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

from .following import follow
from .guard import guarded
from .layers import is_in_document, is_open, same_node
from .pixels import bytes_of
from .qt import QObject, QTimer
from .reading import Reading
from .stillness import RETRY_MILLISECONDS, in_motion

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
    """The text of the menu item Redo while there is nothing to redo; empty until it is known."""


def insert(reading: Reading, pixels: Buffer) -> Replacement:
    """Put a layer with these pixels above the original, and hide the original. The picture must stand still.

    Args:
        reading: the layer that was harmonized.
        pixels: the result, as many bytes as were read of it.

    Raises:
        JobError: the document was closed, or the layer removed or changed; nothing was changed here.
    """
    document, original = reading.document, reading.node
    _check_there(document, original)
    layer, rect = follow(reading)
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
    return Replacement(document, original, _as_in(document, layer), rect, pixels, shown)


def _as_in(document: Any, layer: Any) -> Any:
    """The Python object for a layer that was just added. The one that it was made with may belong to a copy of the
    document that is closed by now: asked to remove the layer, it would reach for the copy, and Krita would crash.
    """
    found = document.nodeByUniqueID(layer.uniqueId())
    if found is None:
        raise InternalError("Krita lost the new layer.", "Undo, and try again; restart Krita if that fails too.")
    return found


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
    """Other pixels for the new layer, in place: no entry in the undo history beside that of the layer itself. The
    picture must stand still.

    Raises:
        JobError: the new layer is not there any more, or was painted on since.
    """
    document, layer, rect = replacement.document, replacement.layer, replacement.rect
    if not is_open(document) or layer.parentNode() is None:
        raise JobError("The harmonized layer is not there any more.", "Harmonize the original layer again.")
    # What is written this way must not lie on top of a brush stroke: its undo would restore the wrong pixels.
    now = layer.pixelData(rect.x, rect.y, rect.width, rect.height)
    if replacement.pixels is None or now != bytes_of(replacement.pixels):
        raise JobError(
            "The harmonized layer was changed since, so its strength and colour cannot be changed any more.",
            "Harmonize the original layer again with the strength and colour you want.",
        )
    _fill(layer, pixels, rect)
    replacement.pixels = pixels
    document.refreshProjection()


def _fill(layer: Any, pixels: Buffer, rect: Rect) -> None:
    """Set a layer's pixels. Krita does not look at how many bytes it is given: whoever calls this has."""
    layer.setPixelData(bytes_of(pixels), rect.x, rect.y, rect.width, rect.height)


class Keeper(QObject):
    """Shows originals again when undo takes their new layers away, and hides them again at redo."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._watched: list[Replacement] = []
        self._stale: list[Any] = []
        self._connected = False
        self._timer = QTimer(self)
        self._timer.setInterval(WATCH_MILLISECONDS)
        self._timer.timeout.connect(self.look)

    def watch(self, replacement: Replacement) -> None:
        """Watch over these two layers until their document is closed."""
        self._watched = [*self._watched, replacement][-MOST_WATCHED:]
        self._timer.start()
        self._connect()
        self.look()

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
        self._refresh()

    def _look_at(self, each: Replacement) -> None:
        present = each.layer.parentNode() is not None
        if present and each.present and not each.calm_redo:
            # Only now: the menu speaks for the picture in front, and while another one was there, nothing could be
            # undone in this one.
            each.calm_redo = _redo_text()
        if present == each.present:
            return
        each.present = present
        if each.hidden and (present or _was_undone(each)):
            # Even if the original is out of the document too, as a new layer that was harmonized once more can be: redo
            # brings it back as it is.
            each.original.setVisible(not present)
            self._stale = [*self._stale, each.document]

    def _refresh(self) -> None:
        """Have the pictures composed anew in which a layer was shown or hidden, as soon as they stand still."""
        self._stale, stale = [], self._stale
        for document in stale:
            if in_motion(document):
                self._stale.append(document)
            elif is_open(document):
                document.refreshProjection()
        if self._stale:
            QTimer.singleShot(RETRY_MILLISECONDS, self.look)

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
    return not each.calm_redo or _redo_text() != each.calm_redo


def _redo_text() -> str:
    """What the menu calls that which can be redone. (Whether the item is enabled says nothing: it always is.)"""
    redo = Krita.instance().action("edit_redo")
    return str(redo.text()) if redo is not None else ""
