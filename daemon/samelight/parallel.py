"""Work on the pieces of a picture, several at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["for_each"]

Piece = TypeVar("Piece")


def for_each(work: Callable[[Piece], None], pieces: Iterable[Piece], threads: int) -> None:
    """Call `work` with each piece, `threads` of them at a time. Raises what a call raises.

    The threads live no longer than the call. That costs a tenth of a millisecond, and numpy, which does the work,
    releases the interpreter while it computes.
    """
    pieces = list(pieces)
    if threads <= 1 or len(pieces) <= 1:
        for piece in pieces:
            work(piece)
        return
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(work, pieces):
            pass
