"""The plan: balanced over methods, pictures, pairs and sides, and nobody sees a pair twice but the repeated ones."""

from __future__ import annotations

from collections import Counter
from itertools import chain, pairwise

import pytest

from samelight.study.planning import PlannedPair, cells, plan

# pictures, methods, participants, pairs: SRIH's study, SRIN's (50 x 400 answers), common factors, tiny ones
STUDIES = [
    (100, 4, 20, 60),
    (100, 4, 50, 400),
    (12, 4, 7, 30),
    (5, 2, 3, 5),
    (1, 2, 4, 1),
    (9, 3, 5, 27),
    (7, 5, 6, 11),
]


def spread(counts: Counter[object], possible: int) -> int:
    """The most by which two of the possible things differ in how often they came."""
    assert len(counts) <= possible
    return max(counts.values()) - (min(counts.values()) if len(counts) == possible else 0)


@pytest.mark.parametrize(("pictures", "methods", "participants", "pairs"), STUDIES)
def test_everything_comes_equally_often(pictures: int, methods: int, participants: int, pairs: int) -> None:
    planned = plan(pictures=pictures, methods=methods, participants=participants, pairs=pairs, repeats=0, seed=3)
    assert [len(hand) for hand in planned] == [pairs] * participants
    shown = list(chain.from_iterable(planned))
    meetings = methods * (methods - 1) // 2
    assert spread(Counter(frozenset((pair.left, pair.right)) for pair in shown), meetings) <= 1
    assert spread(Counter(pair.picture for pair in shown), pictures) <= 1
    seen = Counter((pair.picture, frozenset((pair.left, pair.right))) for pair in shown)
    assert spread(seen, cells(pictures, methods)) <= 1
    ways = Counter((pair.left, pair.right) for pair in shown)
    assert all(abs(ways[one, other] - ways[other, one]) <= 1 for one, other in ways)


def test_srih_study_shows_all_600_pairs_twice() -> None:
    planned = plan(pictures=100, methods=4, participants=20, pairs=60, repeats=0, seed=1)
    seen = Counter((pair.picture, frozenset((pair.left, pair.right))) for pair in chain.from_iterable(planned))
    assert len(seen) == cells(100, 4) == 600
    assert set(seen.values()) == {2}


@pytest.mark.parametrize(("pictures", "methods", "participants", "pairs"), STUDIES)
def test_nobody_sees_a_pair_twice_unless_it_is_repeated(
    pictures: int, methods: int, participants: int, pairs: int
) -> None:
    planned = plan(pictures=pictures, methods=methods, participants=participants, pairs=pairs, repeats=3, seed=4)
    for hand in planned:
        new = [(pair.picture, frozenset((pair.left, pair.right))) for pair in hand if pair.repeats is None]
        assert len(new) == len(set(new)) == pairs


def test_repeated_pairs_come_late_with_their_sides_swapped() -> None:
    for hand in plan(pictures=30, methods=3, participants=4, pairs=50, repeats=6, seed=5):
        again = [(place, pair) for place, pair in enumerate(hand) if pair.repeats is not None]
        assert len(again) == 6
        for place, pair in again:
            assert pair.repeats is not None
            first = hand[pair.repeats]
            assert first == PlannedPair(pair.picture, pair.right, pair.left)
            assert place - pair.repeats >= 10


def test_pictures_do_not_return_at_once() -> None:
    for hand in plan(pictures=100, methods=4, participants=20, pairs=60, repeats=0, seed=6):
        assert all(one.picture != other.picture for one, other in pairwise(hand))


def test_the_seed_decides() -> None:
    def again(seed: int) -> list[list[PlannedPair]]:
        return plan(pictures=9, methods=3, participants=2, pairs=9, repeats=2, seed=seed)

    assert again(1) == again(1)
    assert again(1) != again(2)
