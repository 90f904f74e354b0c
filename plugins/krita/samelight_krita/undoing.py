"""Undo a whole batch: as many steps back in the undo history as it had layers or, where something else came after it,
by removing its layers.
"""

from __future__ import annotations

from typing import Any

from krita import Krita

from .guard import guarded
from .inserting import Keeper, Replacement
from .layers import is_open
from .qt import QTimer

__all__ = ["undo_batch"]

STEP_MILLISECONDS = 20
MOST_STEPS = 50


def undo_batch(document: Any, replacements: list[Replacement], keeper: Keeper) -> None:
    """Take the new layers away, the last first, and show the originals."""
    _Undoing(document, list(replacements), keeper).step()


class _Undoing:
    """Steps back one layer at a time, each in a slot of its own: Krita undoes in the background."""

    def __init__(self, document: Any, replacements: list[Replacement], keeper: Keeper) -> None:
        self._document = document
        self._left = [each for each in replacements if each.layer.parentNode() is not None]
        self._keeper = keeper
        self._patience = 0

    @guarded
    def step(self) -> None:
        """Undo the last layer, if it is what undo would take away."""
        if not self._left or not is_open(self._document):
            self._keeper.look()
            return
        if Krita.instance().activeDocument() != self._document:
            self._remove()
            return
        Krita.instance().action("edit_undo").trigger()
        self._patience = MOST_STEPS
        self._later(self.check)

    @guarded
    def check(self) -> None:
        """Whether the layer went; if something else was undone, that comes back and the layers are removed instead."""
        if not is_open(self._document):
            return
        if self._left[-1].layer.parentNode() is None:
            self._left.pop()
            self._keeper.look()
            self.step()
        elif self._patience > 0:
            self._patience -= 1
            self._later(self.check)
        else:
            Krita.instance().action("edit_redo").trigger()
            self._later(self._remove)

    @guarded
    def _remove(self) -> None:
        while self._left:
            each = self._left.pop()
            if each.layer.parentNode() is not None:
                each.layer.remove()
            if each.hidden and each.original.parentNode() is not None:
                each.original.setVisible(True)
        self._document.refreshProjection()

    def _later(self, slot: Any) -> None:
        QTimer.singleShot(STEP_MILLISECONDS, slot)
