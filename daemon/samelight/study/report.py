"""A study's outcome as a table for people, as Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from samelight.markdown import markdown_table
from samelight.study.answers import Refusal
from samelight.study.scoring import MethodScore, StudyScores

__all__ = ["HEADINGS", "as_json", "as_markdown", "matrix", "notes", "rows"]

HEADINGS = ("method", "B-T score", "95 %", "log score", "95 % (log)", "wins", "answers")


def rows(scores: StudyScores) -> list[tuple[str, ...]]:
    """One line a method under `HEADINGS`, the best first."""
    return [_row(method) for method in scores.methods]


def matrix(scores: StudyScores) -> list[tuple[str, ...]]:
    """The win matrix: headings, then a line a method."""
    lines = [
        (name, *("-" if row == column else f"{wins:g}" for column, wins in enumerate(line)))
        for row, (name, line) in enumerate(zip(scores.names, scores.wins, strict=True))
    ]
    return [("preferred to", *scores.names), *lines]


def notes(scores: StudyScores) -> list[str]:
    """What has to be known to read the table, a sentence or two each."""
    found = [_who(scores), _how(scores), _consistency(scores)]
    if scores.regularised:
        found.append(
            "A method or a group of them won or lost everything, so the most likely scores are infinite. Half an "
            "imaginary answer each way was added to every pair of methods: read these scores as an order, not as sizes."
        )
    if scores.unanswered:
        found.append(f"No answer speaks of {', '.join(scores.unanswered)}: no score.")
    return found


def as_markdown(scores: StudyScores) -> str:
    """Both tables and the notes."""
    headings, *lines = matrix(scores)
    return "\n\n".join([markdown_table(HEADINGS, rows(scores)), markdown_table(headings, lines), *notes(scores)])


def as_json(scores: StudyScores, refused: Sequence[Refusal]) -> dict[str, Any]:
    """Everything, figures unrounded."""
    failures = [
        {"file": str(each.path), "code": each.error.code, "message": each.error.message, "hint": each.error.hint}
        for each in refused
    ]
    return {**asdict(scores), "notes": notes(scores), "refused": failures}


def _row(method: MethodScore) -> tuple[str, ...]:
    (share_low, share_high), (low, high) = method.share_interval, method.score_interval
    return (
        method.method,
        f"{method.share:.3f}",
        f"{share_low:.3f} to {share_high:.3f}",
        f"{method.score:+.3f}",
        f"{low:+.3f} to {high:+.3f}",
        f"{method.wins:g}",
        f"{method.answers}",
    )


def _who(scores: StudyScores) -> str:
    people = "1 participant" if scores.participants == 1 else f"{scores.participants} participants"
    unfinished = scores.participants - scores.complete
    rest = f" ({unfinished} did not finish)" if unfinished else ""
    ties = f", {scores.ties} of them ties" if scores.ties else ""
    return f"{people}{rest}, {scores.answers} answers{ties}; median {scores.median_seconds:.1f} s an answer."


def _how(scores: StudyScores) -> str:
    intervals = {
        "bootstrap": "95 % intervals from 1,000 bootstrap draws of the participants.",
        "fisher": "95 % intervals from the Fisher information, which takes all answers for independent.",
    }[scores.interval]
    return (
        "Bradley-Terry scores by maximum likelihood: strengths that add up to 1 (as in SRIN's table 4), and their "
        f"centred logarithms. {intervals}"
    )


def _consistency(scores: StudyScores) -> str:
    left = f"the left side was preferred in {scores.left} of {scores.decided} decided answers"
    if not scores.repeated:
        return f"No pair was repeated; {left}."
    share = scores.consistent / scores.repeated
    return f"{scores.consistent} of {scores.repeated} repeated pairs ({share:.0%}) were answered alike; {left}."
