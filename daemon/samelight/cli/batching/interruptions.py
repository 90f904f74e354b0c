"""Ctrl+C and SIGTERM: both end a command at the same places, so that it can still say what it did."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["terminated_like_interrupted"]


@contextmanager
def terminated_like_interrupted() -> Iterator[Callable[[], int]]:
    """In the block SIGTERM raises KeyboardInterrupt, too.

    Gives: a function that says which of both came, as the exit code that shells know it by (143 or 130).
    """
    number = signal.SIGINT

    def pass_on(received: int, frame: FrameType | None) -> None:
        nonlocal number
        number = signal.Signals(received)
        # By way of Ctrl+C, which the client holds back while a message is half sent; in the background of a script
        # Ctrl+C is ignored.
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            raise KeyboardInterrupt
        signal.raise_signal(signal.SIGINT)

    if threading.current_thread() is not threading.main_thread():
        yield lambda: 128 + number
        return
    before = signal.signal(signal.SIGTERM, pass_on)
    try:
        yield lambda: 128 + number
    finally:
        signal.signal(signal.SIGTERM, before)
