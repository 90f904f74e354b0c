"""Posts from other threads wake the loop that polls."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import zmq

from samelight.server.mailbox import Mailbox


@pytest.fixture
def mailbox() -> Iterator[Mailbox[int]]:
    mailbox: Mailbox[int] = Mailbox()
    yield mailbox
    mailbox.close()


def is_readable(mailbox: Mailbox[int], milliseconds: int = 0) -> bool:
    poller = zmq.Poller()
    poller.register(mailbox.receiver, zmq.POLLIN)
    return bool(poller.poll(milliseconds))


def test_a_post_from_another_thread_wakes_the_reader(mailbox: Mailbox[int]) -> None:
    assert not is_readable(mailbox)
    thread = threading.Thread(target=mailbox.post, args=(7,))
    thread.start()
    assert is_readable(mailbox, 30_000)
    thread.join()
    assert list(mailbox.take_all()) == [7]
    assert not is_readable(mailbox)


def test_nothing_is_lost_or_reordered_when_nobody_reads_for_long(mailbox: Mailbox[int]) -> None:
    for number in range(200_000):  # far more than the wake-up socket takes
        mailbox.post(number)
    assert list(mailbox.take_all()) == list(range(200_000))
    mailbox.post(1)
    assert is_readable(mailbox)


def test_a_post_after_the_end_is_no_fault(mailbox: Mailbox[int]) -> None:
    mailbox.close()
    mailbox.post(1)
