"""Whether a picture stands still: no brush stroke, transformation or composing is under way in it.

Adding a layer, refreshing the picture and copying it all wait until that is over, and Krita stands still as long. An
artist who holds the pen down would not get their hands on it again, so such work is put off instead.
"""

from __future__ import annotations

from typing import Any

from .layers import is_open

__all__ = ["RETRY_MILLISECONDS", "in_motion"]

RETRY_MILLISECONDS = 50
"""When to look again."""


def in_motion(document: Any) -> bool:
    """Whether something is under way in a document; one that was closed stands still."""
    if not is_open(document):
        return False
    if document.tryBarrierLock():
        document.unlock()
        return False
    return True
