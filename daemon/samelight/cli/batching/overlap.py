"""Files read and written in threads of their own, while the work goes on; of both, one picture ahead and one behind."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

__all__ = ["finished_behind", "read_ahead"]

Item = TypeVar("Item")
Read = TypeVar("Read")


@contextmanager
def read_ahead(items: Iterable[Item], read: Callable[[Item], Read]) -> Iterator[Iterator[Read]]:
    """Gives what is read of each item, in their order; the next one is read while the block works on one."""
    reader = ThreadPoolExecutor(1, "reader")
    try:
        yield _ahead(items, lambda item: reader.submit(read, item))
    finally:
        reader.shutdown(cancel_futures=True)


def _ahead(items: Iterable[Item], begin: Callable[[Item], Future[Read]]) -> Iterator[Read]:
    begun: deque[Future[Read]] = deque()
    for item in items:
        begun.append(begin(item))
        if len(begun) > 1:
            yield begun.popleft().result()
    while begun:
        yield begun.popleft().result()


@contextmanager
def finished_behind() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Gives a function that has something done in another thread, in the order of its calls.

    It waits for what it was given before and raises what went wrong with that, so that no more than one thing is on its
    way. Whatever ends the block, that one is finished.
    """
    last: Future[None] | None = None

    def finish(work: Callable[[], None]) -> None:
        nonlocal last
        if last is not None:
            last.result()
        last = finisher.submit(work)

    with ThreadPoolExecutor(1, "finisher") as finisher:
        yield finish
        if last is not None:
            last.result()
