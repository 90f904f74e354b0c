"""Who sees which pair when: every pair of methods equally often, every picture used, sides by chance but balanced."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from math import lcm

__all__ = ["PlannedPair", "cells", "plan"]

SHUFFLES = 20
"""How many random orders are tried for one in which no picture is seen twice in a row."""


@dataclass(frozen=True)
class PlannedPair:
    """Two methods' results of one picture, as one participant sees them."""

    picture: int
    """Position in the study's list of pictures."""
    left: int
    """The method on the left: position in the study's list of methods."""
    right: int
    """The method on the right."""
    repeats: int | None = None
    """Position in the participant's sequence of the same pair with its sides swapped; None where it is new."""

    def swapped(self, repeats: int) -> PlannedPair:
        """The same pair the other way round, as the repetition of the one at position `repeats`."""
        return replace(self, left=self.right, right=self.left, repeats=repeats)


def cells(pictures: int, methods: int) -> int:
    """How many different pairs there are: for SRIH's 100 pictures and 4 methods, 600."""
    return pictures * methods * (methods - 1) // 2


def plan(
    *, pictures: int, methods: int, participants: int, pairs: int, repeats: int, seed: int
) -> list[list[PlannedPair]]:
    """Deal the pairs to all participants.

    Over all participants together, how often two pairs of methods are shown differs by at most one, and so do two
    pictures, two pairs of results, and the sides of each pair of methods. The repetitions are extra.

    Args:
        pictures: at least 1.
        methods: at least 2.
        participants: at least 1.
        pairs: new pairs for each participant, 1 to `cells`; nobody sees the same pair twice among these.
        repeats: pairs shown again with swapped sides, in the last part of the sequence; at most 2 in 5 of `pairs`.
        seed: the same seed gives the same plan.
    """
    chance = random.Random(seed)  # noqa: S311 (a draw that can be repeated, not a secret)
    dealt = _with_sides(_deal(pictures, methods, participants * pairs, chance), chance)
    hands = [dealt[begin : begin + pairs] for begin in range(0, len(dealt), pairs)]
    return [_with_repeats(_ordered(hand, chance), repeats, chance) for hand in hands]


def _deal(pictures: int, methods: int, count: int, chance: random.Random) -> Iterator[tuple[int, tuple[int, int]]]:
    """A picture and two methods, `count` times.

    Both go round in circles. They meet every combination once in `lcm` steps if the circles' lengths have no common
    factor; if they have one, shifting one circle by a step after each `lcm` steps goes through those left out.
    """
    pairs = list(combinations(range(methods), 2))
    order = list(range(pictures))
    chance.shuffle(pairs)
    chance.shuffle(order)
    whole = lcm(len(order), len(pairs))
    for number in range(count):
        step = number % (len(order) * len(pairs))
        yield order[step % len(order)], pairs[(step + step // whole) % len(pairs)]


def _with_sides(dealt: Iterator[tuple[int, tuple[int, int]]], chance: random.Random) -> list[PlannedPair]:
    """Left and right by chance, but of two showings of the same two methods one is this way round and one that."""
    waiting: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    planned = []
    for picture, pair in dealt:
        if not waiting[pair]:
            waiting[pair] = chance.sample([pair, pair[::-1]], 2)
        left, right = waiting[pair].pop()
        planned.append(PlannedPair(picture, left, right))
    return planned


def _ordered(hand: list[PlannedPair], chance: random.Random) -> list[PlannedPair]:
    """In random order, with as few immediate returns of a picture as a handful of shuffles finds."""

    def returns(order: list[PlannedPair]) -> int:
        return sum(one.picture == next_one.picture for one, next_one in pairwise(order))

    return min((chance.sample(hand, len(hand)) for _ in range(SHUFFLES)), key=returns)


def _with_repeats(hand: list[PlannedPair], repeats: int, chance: random.Random) -> list[PlannedPair]:
    """Pairs from the first 2/5 come again in the last 2/5, so that nobody remembers them."""
    first, last = len(hand) * 2 // 5, len(hand) - len(hand) * 2 // 5
    again = chance.sample(range(first), min(repeats, first))
    tail = [*hand[last:], *(hand[position].swapped(position) for position in again)]
    chance.shuffle(tail)
    return [*hand[:last], *tail]
