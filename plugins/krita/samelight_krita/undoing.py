"""Undo a whole batch: as many steps back in the undo history as it had layers or, where something else came after it,
by removing its layers.
"""

from __future__ import annotations

from typing import Any

from krita import Krita

from .guard import guarded
from .inserting import Keeper, Replacement
from .layers import is_open
from .qt import QObject, QTimer
from .stillness import in_motion

__all__ = ["undo_batch"]

STEP_MILLISECONDS = 20


def undo_batch(document: Any, replacements: list[Replacement], keeper: Keeper) -> None:
    """Take the new layers away, the last first, and show the originals."""
    keeper.look()  # so that it is known what the menu says while there is nothing to redo
    _Undoing(document, list(replacements), keeper).step()


class _Undoing(QObject):
    """Steps back one layer at a time, each in a slot of its own: Krita undoes in the background, and takes no undo
    while it composes the picture. (A child of the keeper: Qt's timers do not keep what they call alive.)
    """

    def __init__(self, document: Any, replacements: list[Replacement], keeper: Keeper) -> None:
        super().__init__(keeper)
        self._document = document
        self._left = [each for each in replacements if each.layer.parentNode() is not None]
        self._keeper = keeper

    @guarded
    def step(self) -> None:
        """Undo once, if that may take the last layer away."""
        if not self._left:
            self._end()
        elif is_open(self._document) and Krita.instance().activeDocument() != self._document:
            self._remove()
        elif self._is_idle(self.step):
            Krita.instance().action("edit_undo").trigger()
            self._later(self._check)

    @guarded
    def _check(self) -> None:
        """Whether the layer went. If something else was undone, that comes back and the layers are removed instead."""
        if not self._is_idle(self._check):
            return
        last = self._left[-1]
        if last.layer.parentNode() is None:
            self._left.pop()
            self.step()
            return
        redo = Krita.instance().action("edit_redo")
        if redo.text() != last.calm_redo:
            redo.trigger()
        self._later(self._remove)

    @guarded
    def _remove(self) -> None:
        """Remove the layers, which are entries of the undo history themselves."""
        if not self._is_idle(self._remove):
            return
        while self._left:
            each = self._left.pop()
            if each.layer.parentNode() is not None:
                each.layer.remove()
            if each.hidden and each.original.parentNode() is not None:
                each.original.setVisible(True)
        self._document.refreshProjection()
        self._end()

    def _end(self) -> None:
        self._keeper.look()
        self.deleteLater()

    def _is_idle(self, again: Any) -> bool:
        """Whether Krita is done with the picture; if not, this is called again soon. A closed one is the end."""
        if not is_open(self._document):
            self._end()
            return False
        if in_motion(self._document):
            self._later(again)
            return False
        return True

    def _later(self, slot: Any) -> None:
        QTimer.singleShot(STEP_MILLISECONDS, slot)
