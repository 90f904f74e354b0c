"""Slots that never let an exception out: Krita would answer one with a modal dialog, or abort."""

from __future__ import annotations

import functools
import sys
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["guarded", "on_fault"]

Slot = TypeVar("Slot", bound="Callable[..., Any]")

_listeners: list[Callable[[BaseException], None]] = []


def on_fault(listener: Callable[[BaseException], None]) -> None:
    """Have this called with whatever exception a guarded slot stopped."""
    _listeners[:] = [listener]


def guarded(slot: Slot) -> Slot:
    """The slot, with every exception written to the standard error stream and told to the listener instead of raised.

    Slots that are connected to signals with arguments should take `*_`: the wrapper hands on all that it gets.
    """

    @functools.wraps(slot)
    def safe(*arguments: Any, **named: Any) -> Any:
        try:
            return slot(*arguments, **named)
        except Exception as error:  # whatever it is must not reach Krita
            _tell(error)
            return None

    return safe  # type: ignore[return-value]


def _tell(error: BaseException) -> None:
    traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)
    for listener in _listeners:
        try:
            listener(error)
        except Exception:  # the listener is no better than the slot
            traceback.print_exc(file=sys.stderr)
