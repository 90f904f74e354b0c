"""Finished results, kept for a while so that another blend needs no network run."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from samelight_wire.errors import UnknownJobError

if TYPE_CHECKING:
    from samelight.pipeline import Outcome

__all__ = ["OutcomeShelf"]

PER_CLIENT = 16
"""As many layers as an artist harmonizes at once and then wants blended otherwise; the bytes are bounded anyway."""


@dataclass
class _Kept:
    """An outcome on the shelf."""

    outcome: Outcome
    byte_length: int
    last_used: float


class OutcomeShelf:
    """Keeps each client's last few outcomes, all together within a number of bytes; the least recently used go first.

    Times are seconds as ``time.monotonic()`` counts. Not thread-safe: it belongs to the server's loop.

    Args:
        max_bytes: how many bytes all outcomes may hold together.
        idle_seconds: after how long without use an outcome is forgotten.
    """

    def __init__(self, max_bytes: int, idle_seconds: float) -> None:
        self._max_bytes = max_bytes
        self._idle_seconds = idle_seconds
        self._kept: OrderedDict[tuple[bytes, str], _Kept] = OrderedDict()

    def put(self, key: tuple[bytes, str], outcome: Outcome, byte_length: int, now: float) -> None:
        """Keeps the outcome of (client, job), if it is not larger than the whole shelf."""
        self._kept.pop(key, None)
        if byte_length > self._max_bytes:
            return
        own = [other for other in self._kept if other[0] == key[0]]
        for oldest in own[: max(0, len(own) + 1 - PER_CLIENT)]:
            del self._kept[oldest]
        self._kept[key] = _Kept(outcome, byte_length, now)
        while self.byte_length > self._max_bytes:
            self._kept.popitem(last=False)

    def get(self, key: tuple[bytes, str], now: float) -> Outcome:
        """The outcome of (client, job).

        Raises:
            UnknownJobError: it was never kept, or is forgotten.
        """
        kept = self._kept.get(key)
        if kept is None:
            raise UnknownJobError()
        kept.last_used = now
        self._kept.move_to_end(key)
        return kept.outcome

    def forget_client(self, client: bytes) -> None:
        """Forgets everything of a client that is gone."""
        for key in [key for key in self._kept if key[0] == client]:
            del self._kept[key]

    def expire(self, now: float) -> bool:
        """Forgets what was idle for long; tells whether there was any."""
        idle = [key for key, kept in self._kept.items() if now - kept.last_used >= self._idle_seconds]
        for key in idle:
            del self._kept[key]
        return bool(idle)

    @property
    def byte_length(self) -> int:
        """How many bytes the outcomes hold together."""
        return sum(kept.byte_length for kept in self._kept.values())
