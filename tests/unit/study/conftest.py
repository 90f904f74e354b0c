"""A small study and people who answer it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from samelight.study.key import Key, Participant, Showing, seal
from samelight.study.planning import plan

Preference = Callable[[Showing], str]
WriteAnswers = Callable[..., Path]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Folders of composites, masks and two methods' results, four pictures each; `other` also fits."""
    rng = np.random.default_rng(1)
    folder = tmp_path / "results"
    for name in ("a b", "ünï", "c#1", "d%20"):
        picture = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
        for number, method in enumerate(("composites", "net", "other")):
            (folder / method).mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture // (number + 1)).save(folder / method / f"{name}.png")
        (folder / "masks").mkdir(exist_ok=True)
        mask = np.zeros((20, 30), np.uint8)
        mask[5:15, 5:20] = 255
        Image.fromarray(mask).save(folder / "masks" / f"{name}.png")
    return folder


@pytest.fixture
def make_key() -> Callable[..., Key]:
    """Makes the key of a study without pictures."""

    def make(methods: tuple[str, ...] = ("A", "B", "C"), *, participants: int = 12, ties: bool = False) -> Key:
        planned = plan(
            pictures=20, methods=len(methods), participants=participants, pairs=40, repeats=4, seed=len(methods)
        )
        people = {}
        for person, sequence in enumerate(planned):
            ids = [f"{person:05}{place:05}" for place in range(len(sequence))]
            people[f"P{person:03}"] = Participant(
                f"secret{person}",
                tuple(
                    Showing(
                        ids[place],
                        f"picture{pair.picture}",
                        methods[pair.left],
                        methods[pair.right],
                        None if pair.repeats is None else ids[pair.repeats],
                    )
                    for place, pair in enumerate(sequence)
                ),
            )
        names = tuple(f"picture{number}" for number in range(20))
        return Key("0123456789", "2026-01-01T00:00:00+00:00", 1, ties, methods, names, people)

    return make


@pytest.fixture
def write_answers(tmp_path: Path) -> WriteAnswers:
    """Writes the file that the page would save, with changes to its content on demand."""

    def write(
        key: Key,
        code: str,
        prefers: Preference,
        *,
        count: int | None = None,
        name: str = "",
        changes: Mapping[str, Any] | None = None,
    ) -> Path:
        person = key.participants[code]
        given = [
            {"pair": showing.id, "choice": prefers(showing), "seconds": 2.5} for showing in person.showings[:count]
        ]
        content: dict[str, Any] = {
            "format": "samelight-study-answers",
            "version": 1,
            "study": key.study,
            "participant": code,
            "answers": given,
            "seal": seal(person.secret, key.study, code, [(each["pair"], each["choice"]) for each in given]),
        }
        path = tmp_path / f"answers-{name or code}.json"
        path.write_text(json.dumps({**content, **(changes or {})}), encoding="utf-8")
        return path

    return write
