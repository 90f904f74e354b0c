"""From answers to Bradley-Terry scores with confidence intervals.

Two intervals are computed, each for a level of 95 %:

- `bootstrap`: participants are drawn anew with replacement 1,000 times and the scores fitted each time; the interval
  runs between percentiles. Answers of the same person are alike, and this is the interval that knows it. Few people
  differ less among themselves than all people do, so the percentiles lie further out the fewer there are ("expanded
  percentiles", Hesterberg, 2015): 0.9 and 99.1 for ten people, 1.6 and 98.4 for twenty, 2.5 and 97.5 for very many.
- `fisher`: normal intervals from the Fisher information, which takes all answers for independent.

The bootstrap is the default from ten participants on; with fewer there are too few people to draw from, and it would
come out too narrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from samelight.study.answers import Answer, Answers
from samelight.study.bradley_terry import Fit, Floats, fit, fit_many, groups_never_compared, shares, shares_deviation
from samelight.study.key import Key
from samelight_wire.errors import InputError, InvalidOptionError

__all__ = ["INTERVALS", "MethodScore", "StudyScores", "score"]

INTERVALS = ("auto", "bootstrap", "fisher")
RESAMPLES = 1000
"""Draws of the bootstrap."""
ENOUGH_PARTICIPANTS = 10
"""From here on the bootstrap is the default."""
NORMAL_95 = 1.959963984540054
"""95 % of a normal distribution lie within so many standard deviations."""

Interval = tuple[float, float]


@dataclass(frozen=True)
class MethodScore:
    """What a study says of one method."""

    method: str
    """Its name."""
    share: float
    """Its strength, all strengths adding up to 1: SRIN's "B-T score"."""
    share_interval: Interval
    """95 %."""
    score: float
    """Logarithm of its strength, centred: the methods' mean is 0."""
    score_interval: Interval
    """95 %."""
    deviation: float
    """Standard error of the score from the Fisher information."""
    wins: float
    """Answers that preferred it; a tie is half a one."""
    answers: int
    """Answers to pairs in which it was."""


@dataclass(frozen=True)
class Tally:
    """What a study's answers are, counted."""

    participants: int
    """People whose answers count."""
    complete: int
    """Those of them who answered every pair."""
    answers: int
    """Answers that the scores are made of: repetitions are not among them."""
    ties: int
    """Those of them that said "no difference"."""
    repeated: int
    """Repeated pairs of which both showings were answered."""
    consistent: int
    """Those of them answered alike both times."""
    left: int
    """Answers, repetitions included, that preferred the left side."""
    decided: int
    """Answers, repetitions included, that preferred a side."""
    median_seconds: float
    """For one answer."""


@dataclass(frozen=True)
class StudyScores(Tally):
    """The outcome of a study."""

    methods: tuple[MethodScore, ...]
    """The best first."""
    names: tuple[str, ...]
    """The methods in the matrix's order, the best first."""
    wins: tuple[tuple[float, ...], ...]
    """How often the row's method was preferred to the column's; a tie is half a win for both."""
    unanswered: tuple[str, ...]
    """Methods of the study that no answer speaks of; they have no score."""
    interval: Literal["bootstrap", "fisher"]
    """How the intervals were made."""
    regularised: bool
    """Whether a method (or a group) won or lost everything, so that imaginary answers were added."""


def score(key: Key, given: Sequence[Answers], interval: str = "auto", seed: int = 0) -> StudyScores:
    """Score a study.

    A repeated pair counts once in the scores, by its first showing; the second one tells how consistent people are.

    Args:
        key: of the study.
        given: what `read_all` let pass.
        interval: one of `INTERVALS`.
        seed: of the bootstrap.

    Raises:
        InputError: there are no answers, or methods between which there is none, so that no scale joins them.
        InvalidOptionError: there is no such interval, or a bootstrap is asked for and there is one participant.
    """
    _check_interval(interval, len(given))
    tables, names = _tables(key, given)
    wins = tables.sum(axis=0)
    _check_connected(wins, names)
    fitted, kind = fit(wins), _kind(interval, len(given))
    scores, share = _bootstrap(tables, fitted, seed) if kind == "bootstrap" else _normal(fitted)
    order = [int(index) for index in np.argsort(-fitted.scores, kind="stable")]
    return StudyScores(
        **asdict(_tally(given)),
        methods=tuple(_method(names, index, fitted, scores, share, wins) for index in order),
        names=tuple(names[index] for index in order),
        wins=tuple(tuple(float(wins[row, column]) for column in order) for row in order),
        unanswered=tuple(name for name in key.methods if name not in names),
        interval=kind,
        regularised=fitted.regularised,
    )


def _check_interval(interval: str, participants: int) -> None:
    if interval not in INTERVALS:
        raise InvalidOptionError(f"There is no interval '{interval}'.", f"Choose one of {', '.join(INTERVALS)}.")
    if interval == "bootstrap" and participants == 1:
        raise InvalidOptionError(
            "The bootstrap draws participants anew, and there is only one.", "Choose --interval fisher."
        )


def _tables(key: Key, given: Sequence[Answers]) -> tuple[Floats, list[str]]:
    """Each participant's wins, participants x K x K, and the K methods that were answered about, in the key's order.

    Raises: InputError where there are no answers.
    """
    wins = [_wins(each.first_showings, key.methods) for each in given]
    if not any(table.any() for table in wins):
        raise InputError("There are no answers to score.", "Collect the participants' answers files first.")
    tables = np.stack(wins)
    seen = np.flatnonzero((tables + tables.swapaxes(1, 2)).any(axis=(0, 2)))
    return tables[:, seen][:, :, seen], [key.methods[index] for index in seen]


def _wins(answers: Iterable[Answer], methods: Sequence[str]) -> Floats:
    """K x K, how often the row's method was preferred to the column's."""
    place = {name: index for index, name in enumerate(methods)}
    wins = np.zeros((len(place), len(place)))
    for answer in answers:
        left, right = place[answer.showing.left], place[answer.showing.right]
        wins[left, right] += {"left": 1.0, "tie": 0.5}.get(answer.choice, 0.0)
        wins[right, left] += {"right": 1.0, "tie": 0.5}.get(answer.choice, 0.0)
    return wins


def _check_connected(wins: Floats, names: Sequence[str]) -> None:
    groups = groups_never_compared(wins)
    if len(groups) > 1:
        words = " and ".join("(" + ", ".join(names[index] for index in group) + ")" for group in groups)
        raise InputError(
            f"No answer compares the methods {words} with each other, so there is no common scale.",
            "Collect more answers, or make a study in which all methods meet.",
        )


def _kind(interval: str, participants: int) -> Literal["bootstrap", "fisher"]:
    if interval == "bootstrap" or (interval == "auto" and participants >= ENOUGH_PARTICIPANTS):
        return "bootstrap"
    return "fisher"


def _normal(fitted: Fit) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """2 x K each: lower and upper ends for scores and shares; a share stays within 0..1."""
    score, share = fitted.scores, shares(fitted.scores)
    half, share_half = NORMAL_95 * fitted.deviations, NORMAL_95 * shares_deviation(fitted)
    ends = np.clip([share - share_half, share + share_half], 0, 1)
    return np.stack([score - half, score + half]), ends


def _bootstrap(tables: Floats, fitted: Fit, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same from participants drawn anew; `tables` is participants x K x K, at least two."""
    chance = np.random.default_rng(seed)
    count = len(tables)
    draws = chance.multinomial(count, np.full(count, 1 / count), RESAMPLES)
    whole = tables.sum(axis=0)
    # Methods that meet in the study may not meet in a draw: imaginary answers join them there.
    compared = (whole + whole.T) > 0
    scores = fit_many(np.tensordot(draws, tables, axes=1), fitted.scores, compared)
    ends = _percentiles(count)
    return np.percentile(scores, ends, axis=0), np.percentile(shares(scores), ends, axis=0)


def _percentiles(participants: int) -> Interval:
    """Between which percentiles of the draws 95 % lie.

    Of n people the draws' variance is (n - 1) / n of what it should be, and Student's distribution has longer tails
    than the normal one: the normal distribution's percentile at Student's point, widened by that factor, mends both.
    """
    from scipy.stats import norm, t

    point = t.ppf(0.975, participants - 1) * (participants / (participants - 1)) ** 0.5
    low = 100 * float(norm.cdf(-point))
    return low, 100 - low


def _method(names: Sequence[str], index: int, fitted: Fit, scores: Floats, share: Floats, wins: Floats) -> MethodScore:
    return MethodScore(
        method=names[index],
        share=float(shares(fitted.scores)[index]),
        share_interval=(float(share[0, index]), float(share[1, index])),
        score=float(fitted.scores[index]),
        score_interval=(float(scores[0, index]), float(scores[1, index])),
        deviation=float(fitted.deviations[index]),
        wins=float(wins[index].sum()),
        answers=round(float(wins[index].sum() + wins[:, index].sum())),
    )


def _tally(given: Sequence[Answers]) -> Tally:
    new = [answer.choice for each in given for answer in each.first_showings]
    everything = [answer for each in given for answer in each.answers]
    repeated, consistent = _consistency(given)
    return Tally(
        participants=len(given),
        complete=sum(each.complete for each in given),
        answers=len(new),
        ties=new.count("tie"),
        repeated=repeated,
        consistent=consistent,
        left=sum(answer.choice == "left" for answer in everything),
        decided=sum(answer.choice != "tie" for answer in everything),
        median_seconds=float(np.median([answer.seconds for answer in everything])),
    )


def _consistency(given: Iterable[Answers]) -> tuple[int, int]:
    """Repeated pairs with both answers, and those of them that prefer the same method (or none) both times."""
    repeated = consistent = 0
    for each in given:
        first = {answer.showing.id: answer for answer in each.answers}
        for answer in each.answers:
            earlier = first.get(answer.showing.repeats or "")
            if earlier is not None:
                repeated += 1
                consistent += earlier.preferred == answer.preferred
    return repeated, consistent
