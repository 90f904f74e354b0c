"""Answers files: what participants send back, checked line by line before it counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from samelight.study.key import Key, Showing, read_json, seal
from samelight_wire.errors import InputError

__all__ = ["FORMAT", "VERSION", "Answer", "Answers", "Refusal", "read_all", "read_answers"]

FORMAT = "samelight-study-answers"
VERSION = 1

HINT = "Ask the participant for the file that the page saved, unchanged."

Choice = Literal["left", "right", "tie"]
CHOICES: tuple[Choice, ...] = ("left", "right", "tie")
MOST_SECONDS = 1e9
"""No answer takes longer: thirty years."""


@dataclass(frozen=True)
class Answer:
    """What a participant answered to one pair."""

    showing: Showing
    """What was seen."""
    choice: Choice
    """The side that looked more harmonious, or "tie"."""
    seconds: float
    """From the moment the pair was shown."""

    @property
    def preferred(self) -> str | None:
        """The method that was preferred; None for a tie."""
        return {"left": self.showing.left, "right": self.showing.right}.get(self.choice)


@dataclass(frozen=True)
class Answers:
    """One participant's answers."""

    path: Path
    """The file."""
    participant: str
    """The code."""
    answers: tuple[Answer, ...]
    """In the order in which they were given."""
    complete: bool
    """Whether every pair was answered."""

    @property
    def first_showings(self) -> list[Answer]:
        """The answers to pairs that were seen for the first time."""
        return [answer for answer in self.answers if answer.showing.repeats is None]


@dataclass(frozen=True)
class Refusal:
    """A file that does not count, and why."""

    path: Path
    """The file."""
    error: InputError
    """Why, and what to do."""


def read_all(key: Key, paths: Iterable[Path]) -> tuple[list[Answers], list[Refusal]]:
    """Read answers files and folders of them. A bad file is refused and the others count.

    Of two files of the same participant the second one is refused if they say the same, and both if they do not.

    Raises:
        InputError: a folder holds no answers file.
    """
    read: dict[str, list[Answers]] = defaultdict(list)
    refused = []
    for path in _files(paths):
        try:
            answers = read_answers(key, path)
        except InputError as error:
            refused.append(Refusal(path, error))
        else:
            read[answers.participant].append(answers)
    kept = []
    for same in read.values():
        contradict = any(each.answers != same[0].answers for each in same)
        kept += [] if contradict else same[:1]
        refused += [Refusal(each.path, _duplicate(each, same)) for each in (same if contradict else same[1:])]
    return kept, refused


def read_answers(key: Key, path: Path) -> Answers:
    """Read and check one participant's file.

    Raises:
        InputError: it cannot be read, is of another study or unknown participant, or was changed after it was saved.
    """
    content = _content(path)
    if content.get("study") != key.study:
        raise InputError(f'"{path}" belongs to another study.', "Score it with that study's answer key.")
    code = content.get("participant")
    if not isinstance(code, str) or code not in key.participants:
        raise InputError(f'"{path}" is of a participant whom the study does not know: {code!r:.40}.', HINT)
    participant = key.participants[code]
    known = {showing.id: showing for showing in participant.showings}
    answers = tuple(_answer(path, entry, known, key) for entry in content.get("answers", []))
    given = [(answer.showing.id, answer.choice) for answer in answers]
    if len({pair for pair, _ in given}) < len(given):
        raise InputError(f'"{path}" answers the same pair twice.', HINT)
    if content.get("seal") != seal(participant.secret, key.study, code, [*given]):
        raise InputError(f'"{path}" was changed after the page saved it.', HINT)
    if not answers:
        raise InputError(f'"{path}" holds no answer.', "Ask the participant to begin the study.")
    return Answers(path, code, answers, len(answers) == len(participant.showings))


def _content(path: Path) -> dict[str, Any]:
    try:
        content = read_json(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f'"{path}" cannot be read ({reason}).', HINT) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT or not isinstance(content.get("answers"), list):
        raise InputError(f'"{path}" is no answers file of a study.', HINT)
    if (version := content.get("version")) != VERSION:
        raise InputError(
            f'"{path}" has version {version!r:.40} of the answers, this Samelight knows version {VERSION}.',
            "Score it with the release that made the study.",
        )
    return content


def _answer(path: Path, entry: Any, known: dict[str, Showing], key: Key) -> Answer:
    if not isinstance(entry, dict):
        raise InputError(f'"{path}" holds something that is no answer: {entry!r:.40}.', HINT)
    pair, choice, seconds = entry.get("pair"), entry.get("choice"), entry.get("seconds")
    if not isinstance(pair, str) or pair not in known:
        raise InputError(f'"{path}" answers a pair that this participant was never shown: {pair!r:.40}.', HINT)
    if choice not in CHOICES or (choice == "tie" and not key.ties):
        raise InputError(f'"{path}" holds an answer that could not be given: {choice!r:.40}.', HINT)
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds <= MOST_SECONDS:
        raise InputError(f'"{path}" holds an answer without its time.', HINT)
    return Answer(known[pair], cast(Choice, choice), float(seconds))


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """Files as they are, folders as the .json files in them; nothing twice."""
    seen = set()
    for path in paths:
        found = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not found:
            raise InputError(f'There is no answers file in "{path}".', "Put the participants' .json files there.")
        for each in found:
            if each.resolve() not in seen:
                seen.add(each.resolve())
                yield each


def _duplicate(answers: Answers, same: Sequence[Answers]) -> InputError:
    other = next(each.path for each in same if each is not answers)
    return InputError(
        f'"{answers.path}" is of participant {answers.participant}, and so is "{other}".',
        "Keep one file of each participant; give every person a code of their own.",
    )
