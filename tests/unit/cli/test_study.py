"""`samelight study` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cli_helpers import Run
from PIL import Image

from samelight.study.key import Key, read_key, seal


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for number, name in enumerate(("composites", "net", "other", "masks")):
        (tmp_path / name).mkdir()
        for picture in ("one", "two", "three"):
            pixels = np.full((20, 30, 3), 60 * number, np.uint8)
            Image.fromarray(pixels[..., 0] if name == "masks" else pixels).save(tmp_path / name / f"{picture}.png")
    return tmp_path


@pytest.fixture
def study(run: Run, folders: Path) -> Path:
    arguments = ("--results", f"net={folders / 'net'}", "--results", f"other={folders / 'other'}")
    more = ("--composites", folders / "composites", "--masks", folders / "masks", "--participants", 3, "--pairs", 9)
    result = run("study", "make", "-o", folders / "study", *arguments, *more, "--repeats", 2, "--seed", 5, "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["methods"] == ["composite", "net", "other"]
    assert (report["pictures"], report["pairs"], report["repeats"]) == (3, 9, 2)
    assert Path(report["page"]).is_file()
    return folders / "study"


def answer(key: Key, code: str, folder: Path, favourite: str, study: str | None = None) -> Path:
    """A person who prefers one method wherever it is, and the left side elsewhere."""
    person = key.participants[code]
    choices = [(each.id, "right" if each.right == favourite else "left") for each in person.showings]
    content = {
        "format": "samelight-study-answers",
        "version": 1,
        "study": study or key.study,
        "participant": code,
        "answers": [{"pair": pair, "choice": choice, "seconds": 1.5} for pair, choice in choices],
        "seal": seal(person.secret, key.study, code, choices),
    }
    folder.mkdir(exist_ok=True)
    path = folder / f"{code}.json"
    path.write_text(json.dumps(content))
    return path


def test_made_answered_and_scored(run: Run, study: Path, tmp_path: Path) -> None:
    key = read_key(study / "answer-key.json")
    for code in key.participants:
        answer(key, code, tmp_path / "answers", "other")
    result = run("study", "score", study / "answer-key.json", tmp_path / "answers", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["names"][0] == "other"
    assert (report["participants"], report["answers"], report["refused"]) == (3, 27, [])
    shown = run("study", "score", study / "answer-key.json", tmp_path / "answers").stdout
    assert shown.splitlines()[0].split()[:2] == ["method", "B-T"]
    assert "preferred to" in shown
    assert "3 participants, 27 answers" in shown
    markdown = run("study", "score", study / "answer-key.json", tmp_path / "answers", "--markdown").stdout
    assert markdown.startswith("| method | B-T score |")


def test_a_bad_file_is_told_and_the_others_count(run: Run, study: Path, tmp_path: Path) -> None:
    key = read_key(study / "answer-key.json")
    codes = list(key.participants)
    good = answer(key, codes[0], tmp_path / "answers", "net")
    bad = answer(key, codes[1], tmp_path / "answers", "net", study="0000000000")
    result = run("study", "score", study / "answer-key.json", good, bad)
    assert result.exit_code == 2
    assert "1 participant, 9 answers" in result.stdout
    assert "another study" in result.stderr
    report = json.loads(run("study", "score", study / "answer-key.json", good, bad, "--json").stdout)
    assert [Path(each["file"]).name for each in report["refused"]] == [bad.name]
    alone = run("study", "score", study / "answer-key.json", bad, "--json")
    assert alone.exit_code == 2
    assert "another study" in json.loads(alone.stdout)["error"]["message"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "nothing to compare"),
        (("--results", "net"), "names no method"),
        (("--results", "=x"), "names no method"),
        (("--results", "a=x", "--results", "a=y"), "same name"),
        (("--report", "x", "--results", "a=y"), "own pictures"),
        (("--report", "x"), "no report"),
        (("--results", "a=nowhere", "--results", "b=nowhere"), "There is no folder"),
    ],
)
def test_what_cannot_be_made(run: Run, tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    result = run("study", "make", "-o", tmp_path / "study", *arguments, "--json")
    assert result.exit_code == 2
    assert sentence in json.loads(result.stdout)["error"]["message"]


def test_what_was_made_is_told_in_words(run: Run, folders: Path) -> None:
    (folders / "net" / "one.png").write_bytes((folders / "other" / "one.png").read_bytes())
    arguments = ("--results", f"net={folders / 'net'}", "--results", f"other={folders / 'other'}")
    result = run("study", "make", "-o", folders / "study", *arguments)
    assert result.exit_code == 0
    assert "2 methods on 3 pictures: 20 participants, 3 pairs and 1 repeated" in result.stdout
    assert "answer-key.json" in result.stdout
    assert "equal in every pixel" in result.stderr
