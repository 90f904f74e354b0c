"""Ctrl+C, held back while a message is half read or half written."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from types import FrameType
from typing import Callable, Iterator, List

__all__ = ["held_interrupt"]


@contextmanager
def held_interrupt() -> Iterator[Callable[[], None]]:
    """In the block Ctrl+C only takes effect where the function given is called, and at the block's end.

    A KeyboardInterrupt at any other point could lose what a socket has just said it sent or received, and with it the
    connection, over which the cancel has yet to go. A second Ctrl+C takes effect at once. Where Python would not raise
    KeyboardInterrupt (in other threads, under a handler of the program's own) this changes nothing.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield lambda: None
        return
    pressed: List[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        if pressed:
            raise KeyboardInterrupt
        pressed.append(number)

    def check() -> None:
        if pressed:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, remember)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    check()
