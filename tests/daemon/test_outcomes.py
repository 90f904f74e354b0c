"""What is kept for previews, and for how long."""

from __future__ import annotations

from typing import Any

import pytest

from samelight.server.outcomes import PER_CLIENT, OutcomeShelf
from samelight_wire.errors import UnknownJobError


def shelf_with(*names: str, max_bytes: int = 100, byte_length: int = 10) -> OutcomeShelf:
    shelf = OutcomeShelf(max_bytes, idle_seconds=60.0)
    for time, name in enumerate(names):
        put(shelf, "a", name, byte_length, float(time))
    return shelf


def put(shelf: OutcomeShelf, client: str, name: str, byte_length: int = 10, now: float = 0.0) -> None:
    outcome: Any = f"{client}/{name}"
    shelf.put((client.encode(), name), outcome, byte_length, now)


def kept(shelf: OutcomeShelf, client: str, name: str, now: float = 0.0) -> bool:
    try:
        outcome: Any = shelf.get((client.encode(), name), now)
    except UnknownJobError:
        return False
    assert outcome == f"{client}/{name}"
    return True


def test_an_outcome_belongs_to_its_client() -> None:
    shelf = shelf_with("1")
    assert kept(shelf, "a", "1")
    assert not kept(shelf, "b", "1")


def test_a_client_keeps_its_last_few() -> None:
    names = [str(number) for number in range(PER_CLIENT + 1)]
    shelf = shelf_with(*names, max_bytes=1000)
    put(shelf, "b", "1")
    assert [kept(shelf, "a", name) for name in names] == [False] + [True] * PER_CLIENT
    assert kept(shelf, "b", "1")


@pytest.mark.parametrize("used", ["a", "b"])
def test_the_least_recently_used_goes_when_the_bytes_run_out(used: str) -> None:
    shelf = shelf_with(max_bytes=25)
    put(shelf, "a", "1")
    put(shelf, "b", "1")
    assert kept(shelf, used, "1")
    put(shelf, "c", "1")
    assert [client for client in "abc" if kept(shelf, client, "1")] == [used, "c"]
    assert shelf.byte_length <= 25


def test_what_is_larger_than_the_shelf_is_not_kept_and_pushes_nothing_out() -> None:
    shelf = shelf_with("1")
    put(shelf, "a", "huge", byte_length=101)
    assert kept(shelf, "a", "1")
    assert not kept(shelf, "a", "huge")


def test_the_idle_are_forgotten() -> None:
    shelf = shelf_with("1", "2")
    assert kept(shelf, "a", "2", now=50.0)
    assert shelf.expire(70.0)
    assert not shelf.expire(70.0)
    assert [kept(shelf, "a", name) for name in "12"] == [False, True]


def test_a_client_that_is_gone_is_forgotten() -> None:
    shelf = shelf_with("1", "2")
    put(shelf, "b", "1")
    shelf.forget_client(b"a")
    assert shelf.byte_length == 10
    assert kept(shelf, "b", "1")
