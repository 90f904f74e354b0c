"""A thread-safe mailbox that a poll loop can wait for: other threads post, the loop wakes up and takes everything."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

__all__ = ["Mailbox"]

Item = TypeVar("Item")


class Mailbox(Generic[Item]):
    """Carries items from any thread to one reader.

    ``receiver`` becomes readable when something was posted. ``wake`` alone may be called from a signal handler, and
    the file descriptor of ``sender`` given to ``signal.set_wakeup_fd``.
    """

    def __init__(self) -> None:
        self.receiver, self.sender = socket.socketpair()
        self.receiver.setblocking(False)
        self.sender.setblocking(False)
        self._items: SimpleQueue[Item] = SimpleQueue()

    def post(self, item: Item) -> None:
        """Leaves an item and wakes the reader."""
        self._items.put(item)
        self.wake()

    def wake(self) -> None:
        """Wakes the reader without an item."""
        try:
            self.sender.send(b"\0")
        except BlockingIOError:
            pass  # so many wake-ups wait already that one more would say nothing new
        except OSError:
            if self.sender.fileno() != -1:
                raise  # a closed mailbox has no reader to wake; anything else is a fault

    def take_all(self) -> Iterator[Item]:
        """Clears the wake-ups, then gives what was posted, oldest first."""
        try:
            while self.receiver.recv(4096):
                pass
        except BlockingIOError:
            pass
        while True:
            try:
                yield self._items.get_nowait()
            except Empty:
                return

    def close(self) -> None:
        """Closes both ends; what is posted afterwards is never read."""
        self.sender.close()
        self.receiver.close()
