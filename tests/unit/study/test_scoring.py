"""From people's answers to the table: known strengths come back, intervals cover them, and odd studies are told."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from samelight.study import report
from samelight.study.answers import Answer, Answers, read_all
from samelight.study.key import Key, Showing
from samelight.study.scoring import StudyScores, _percentiles, score
from samelight_wire.errors import InputError, InvalidOptionError

STRENGTHS = {"A": 0.9, "B": 0.2, "C": -0.1, "D": -1.0}


def simulate(key: Key, seed: int, differ: float = 0.0) -> list[Answers]:
    """People who answer by the Bradley-Terry model; `differ` is how far their own scores lie from `STRENGTHS`."""
    rng = np.random.default_rng(seed)
    people = []
    for code, person in key.participants.items():
        own = {name: value + rng.normal(0, differ) for name, value in STRENGTHS.items()}

        def choose(showing: Showing, own: dict[str, float] = own) -> Answer:
            chance = 1 / (1 + math.exp(own[showing.right] - own[showing.left]))
            return Answer(showing, "left" if rng.random() < chance else "right", 1.0)

        people.append(Answers(Path(code), code, tuple(map(choose, person.showings)), complete=True))
    return people


def always(key: Key, choice: Callable[[Showing], str], count: int | None = None) -> list[Answers]:
    return [
        Answers(
            Path(code),
            code,
            tuple(Answer(showing, choice(showing), 1.0) for showing in person.showings[:count]),  # type: ignore[arg-type]
            complete=count is None,
        )
        for code, person in key.participants.items()
    ]


@pytest.mark.parametrize("interval", ["bootstrap", "fisher"])
def test_known_strengths_come_back_within_the_intervals(make_key: Callable[..., Key], interval: str) -> None:
    key = make_key(("A", "B", "C", "D"), participants=40)
    outcome = score(key, simulate(key, seed=2), interval)
    for method in outcome.methods:
        low, high = method.score_interval
        assert low <= STRENGTHS[method.method] <= high
        assert high - low < 0.7
        share_low, share_high = method.share_interval
        assert share_low <= method.share <= share_high
    assert outcome.names == ("A", "B", "C", "D")
    assert sum(method.share for method in outcome.methods) == pytest.approx(1)
    assert sum(method.score for method in outcome.methods) == pytest.approx(0)
    assert outcome.answers == 40 * 40  # the 4 repetitions of each person are not among them
    assert outcome.repeated == 40 * 4


def test_the_bootstrap_knows_that_a_persons_answers_are_alike(make_key: Callable[..., Key]) -> None:
    key = make_key(("A", "B", "C", "D"), participants=40)
    people = simulate(key, seed=3, differ=1.5)
    bootstrap, fisher = (
        {method.method: method.score_interval for method in score(key, people, interval).methods}
        for interval in ("bootstrap", "fisher")
    )
    wider = [bootstrap[name][1] - bootstrap[name][0] > fisher[name][1] - fisher[name][0] for name in STRENGTHS]
    assert all(wider)


def test_the_interval_is_chosen_by_the_number_of_people(make_key: Callable[..., Key]) -> None:
    key = make_key(("A", "B", "C", "D"), participants=10)
    people = simulate(key, seed=4)
    assert score(key, people).interval == "bootstrap"
    assert score(key, people[:9]).interval == "fisher"
    assert score(key, people[:9], "bootstrap").interval == "bootstrap"
    with pytest.raises(InvalidOptionError, match="no interval"):
        score(key, people, "none")


def test_the_bootstrap_of_few_people_is_wider_than_its_plain_percentiles(make_key: Callable[..., Key]) -> None:
    # Student's point for 9 degrees of freedom is 2.262, and 2.262 sqrt(10 / 9) = 2.385 has 0.855 % below it.
    assert _percentiles(10) == pytest.approx((0.855, 99.145), abs=1e-3)
    assert _percentiles(100_000) == pytest.approx((2.5, 97.5), abs=1e-3)


def test_nobody_is_drawn_anew_of_one_participant(make_key: Callable[..., Key]) -> None:
    key = make_key(participants=1)
    people = always(key, lambda _: "left")
    with pytest.raises(InvalidOptionError, match="only one"):
        score(key, people, "bootstrap")
    assert score(key, people).interval == "fisher"


def test_the_same_answers_give_the_same_intervals(make_key: Callable[..., Key]) -> None:
    key = make_key(("A", "B", "C", "D"), participants=10)
    people = simulate(key, seed=4)
    assert score(key, people) == score(key, people)


def test_a_method_that_wins_everything_is_told(make_key: Callable[..., Key]) -> None:
    key = make_key()

    def first_letter(showing: Showing) -> str:
        return "left" if showing.left < showing.right else "right"

    outcome = score(key, always(key, first_letter))
    assert outcome.regularised
    assert outcome.names == ("A", "B", "C")
    assert all(math.isfinite(end) for method in outcome.methods for end in method.score_interval)
    assert "infinite" in " ".join(report.notes(outcome))
    assert outcome.consistent == outcome.repeated == 12 * 4


def test_people_who_always_press_left_are_seen(make_key: Callable[..., Key]) -> None:
    key = make_key()
    outcome = score(key, always(key, lambda _: "left"))
    assert outcome.consistent == 0
    assert outcome.left == outcome.decided
    assert all(abs(method.score) < 0.2 for method in outcome.methods)


def test_ties_count_for_both(make_key: Callable[..., Key]) -> None:
    key = make_key(ties=True)
    outcome = score(key, always(key, lambda _: "tie"))
    assert [method.score for method in outcome.methods] == pytest.approx([0, 0, 0])
    assert outcome.ties == outcome.answers
    assert outcome.decided == 0
    assert outcome.consistent == outcome.repeated
    assert "ties" in report.notes(outcome)[0]


def test_a_method_without_answers_has_no_score(make_key: Callable[..., Key]) -> None:
    key = make_key()
    people = [
        Answers(each.path, each.participant, tuple(a for a in each.answers if "C" not in sides(a)), complete=False)
        for each in always(key, lambda showing: "left" if showing.left == "A" else "right")
    ]
    outcome = score(key, people)
    assert outcome.unanswered == ("C",)
    assert {method.method for method in outcome.methods} == {"A", "B"}
    assert any("No answer speaks of C" in note for note in report.notes(outcome))


def test_methods_that_never_met_are_told(make_key: Callable[..., Key]) -> None:
    key = make_key(("A", "B", "C", "D"))
    people = [
        Answers(
            each.path,
            each.participant,
            tuple(answer for answer in each.answers if sides(answer) in ({"A", "B"}, {"C", "D"})),
            complete=False,
        )
        for each in simulate(key, seed=5)
    ]
    with pytest.raises(InputError, match=r"\(A, B\) and \(C, D\)"):
        score(key, people)


def test_nothing_to_score(make_key: Callable[..., Key]) -> None:
    with pytest.raises(InputError, match="no answers"):
        score(make_key(), [])


def test_what_unfinished_people_answered_counts(make_key: Callable[..., Key]) -> None:
    key = make_key(participants=2)
    outcome = score(key, always(key, lambda showing: "left" if showing.left < showing.right else "right", count=12))
    assert (outcome.participants, outcome.complete, outcome.answers) == (2, 0, 24)
    assert "2 did not finish" in report.notes(outcome)[0]


def test_the_win_matrix_and_the_counts_agree(make_key: Callable[..., Key]) -> None:
    key = make_key(("A", "B", "C", "D"))
    outcome = score(key, simulate(key, seed=6))
    wins = np.array(outcome.wins)
    assert wins.sum() == outcome.answers
    assert [method.wins for method in outcome.methods] == wins.sum(axis=1).tolist()
    assert [method.answers for method in outcome.methods] == (wins + wins.T).sum(axis=1).tolist()


def test_tables(make_key: Callable[..., Key]) -> None:
    key = make_key(("A|x", "B", "C"))
    outcome = score(key, always(key, lambda showing: "left" if showing.left < showing.right else "right"))
    markdown = report.as_markdown(outcome)
    assert "| A\\|x | 0." in markdown
    assert markdown.count("|---|") == 2
    assert report.matrix(outcome)[0] == ("preferred to", "A|x", "B", "C")
    assert report.as_json(outcome, [])["methods"][0]["method"] == "A|x"
    assert isinstance(outcome, StudyScores)


def test_read_and_scored(make_key: Callable[..., Key], write_answers: Callable[..., Path], tmp_path: Path) -> None:
    key = make_key(participants=3)
    for code in key.participants:
        write_answers(key, code, lambda showing: "right" if showing.left < showing.right else "left")
    given, refused = read_all(key, [tmp_path])
    assert refused == []
    assert score(key, given).names == ("C", "B", "A")


def sides(answer: Answer) -> set[str]:
    return {answer.showing.left, answer.showing.right}
