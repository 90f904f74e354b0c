"""Ctrl+C and SIGTERM: a training finishes its step and saves before it ends."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

__all__ = ["StopRequest", "stop_requests"]


@dataclass
class StopRequest:
    """Whether the training was asked to stop."""

    signal: int = 0
    """The signal that came; 0 where none did."""


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Hear SIGINT and SIGTERM (which clusters send before they kill); a second one has its usual effect.

    In another thread than the main one nothing is heard: Python gives signals to the main thread alone.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def hear(number: int, frame: FrameType | None) -> None:
        request.signal = number
        signal.signal(number, before[signal.Signals(number)] or signal.SIG_DFL)

    for number in before:
        signal.signal(number, hear)
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
