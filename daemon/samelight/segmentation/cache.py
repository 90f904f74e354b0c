"""What was segmented once, kept within a number of bytes; the least recently used goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Cache"]

Value = TypeVar("Value")


class Cache(Generic[Value]):
    """A dictionary by content. Not thread-safe: it belongs to the thread of its device.

    Args:
        max_bytes: how many bytes all values may hold together; 0 keeps nothing.
        measure: the bytes of a value.
    """

    def __init__(self, max_bytes: int, measure: Callable[[Value], int]) -> None:
        self._max_bytes = max_bytes
        self._measure = measure
        self._kept: OrderedDict[str, Value] = OrderedDict()

    def get(self, key: str) -> Value | None:
        """The value of this key, which counts as used now; None if it is not kept (any more)."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key]

    def put(self, key: str, value: Value) -> None:
        """Keeps a value, if it is not larger than the whole cache, and drops the longest unused ones for it."""
        self._kept.pop(key, None)
        if self._measure(value) > self._max_bytes:
            return
        self._kept[key] = value
        while self.byte_length > self._max_bytes:
            self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forgets everything."""
        self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def byte_length(self) -> int:
        """Bytes of everything that is kept."""
        return sum(map(self._measure, self._kept.values()))
