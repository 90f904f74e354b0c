"""The answer key: what each pair of a study really shows. It stays with the experimenter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from samelight_wire.errors import InputError

__all__ = ["FORMAT", "VERSION", "Key", "Participant", "Showing", "read_json", "read_key", "seal"]

FORMAT = "samelight-study-key"
VERSION = 1


@dataclass(frozen=True)
class Showing:
    """One pair as one participant sees it."""

    id: str
    """Ten random digits: all that the page and the answers know of it."""
    picture: str
    """The picture's name."""
    left: str
    """The method on the left."""
    right: str
    """The method on the right."""
    repeats: str | None = None
    """The id of the pair that this one repeats with its sides swapped."""


@dataclass(frozen=True)
class Participant:
    """What one participant sees, in this order."""

    secret: str
    """Goes into the seal of the participant's answers."""
    showings: tuple[Showing, ...]
    """All pairs, the repeated ones among them."""


@dataclass(frozen=True)
class Key:
    """Everything about a study that no participant may know."""

    study: str
    """Ten random digits that answers name."""
    created: str
    """Date and time, ISO 8601 with the offset from UTC."""
    seed: int
    """What the plan, the order and the ids were drawn with."""
    ties: bool
    """Whether "no difference" could be answered."""
    methods: tuple[str, ...]
    """In the order of the command line."""
    pictures: tuple[str, ...]
    """Their names."""
    participants: Mapping[str, Participant]
    """By the participants' codes."""

    def as_json(self) -> str:
        """The file's text."""
        return json.dumps({"format": FORMAT, "version": VERSION, **asdict(self)}, indent=1)


def seal(secret: str, study: str, participant: str, answers: list[tuple[str, str]]) -> str:
    """A check value over (pair, choice), the same as the page computes: 64-bit FNV-1a in hexadecimal.

    It finds files that were damaged or edited by hand. It is no signature: who reads the page's source can forge one.
    """
    text = "|".join([secret, study, participant, *(f"{pair}={choice}" for pair, choice in answers)])
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


def read_key(path: Path) -> Key:
    """Read an answer key.

    Raises:
        InputError: it cannot be read, or is no answer key.
    """
    try:
        content = read_json(path)
    except (OSError, ValueError) as error:
        raise _refusal(path, f"it cannot be read ({getattr(error, 'strerror', None) or error})") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise _refusal(path, "it is no answer key of a study")
    if content.get("version") != VERSION:
        raise _refusal(path, f"its version is {content.get('version')!r:.40}, this Samelight knows version {VERSION}")
    try:
        key = _key(content)
        _check(key)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _refusal(path, f"something is missing or damaged in it ({error})") from error
    return key


def read_json(path: Path) -> Any:
    """What a JSON file holds; a byte order mark, which some mail programs and editors add, is passed over.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _key(content: Mapping[str, Any]) -> Key:
    participants = {
        code: Participant(each["secret"], tuple(Showing(**showing) for showing in each["showings"]))
        for code, each in content["participants"].items()
    }
    return Key(
        study=content["study"],
        created=content["created"],
        seed=content["seed"],
        ties=content["ties"],
        methods=tuple(content["methods"]),
        pictures=tuple(content["pictures"]),
        participants=participants,
    )


def _check(key: Key) -> None:
    """Raise ValueError or TypeError for what answers cannot be scored with."""
    texts = [key.study, *key.methods, *(each.secret for each in key.participants.values())]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a name is no text")
    if len(set(key.methods)) < max(2, len(key.methods)):
        raise ValueError("its methods are too few or not distinct")
    for participant in key.participants.values():
        ids = [showing.id for showing in participant.showings]
        if len(set(ids)) < len(ids) or not all(isinstance(each, str) for each in ids):
            raise ValueError("a pair's id is damaged or there twice")
        for showing in participant.showings:
            if showing.left not in key.methods or showing.right not in key.methods:
                raise ValueError("a pair shows an unknown method")
            if showing.repeats is not None and showing.repeats not in ids:
                raise ValueError("a pair repeats an unknown one")


def _refusal(path: Path, reason: str) -> InputError:
    return InputError(
        f'"{path}" cannot be used: {reason}.', "Name the answer-key.json that `samelight study make` wrote."
    )
