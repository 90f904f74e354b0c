"""Answers files that must not count are refused with a sentence, and the good ones beside them count."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from samelight.study.answers import read_all, read_answers
from samelight.study.key import Key, Showing, read_key, seal
from samelight_wire.errors import InputError

WriteAnswers = Callable[..., Path]


def left(showing: Showing) -> str:
    return "left"


def test_what_the_page_saved_is_read(make_key: Callable[..., Key], write_answers: WriteAnswers) -> None:
    key = make_key()
    read = read_answers(key, write_answers(key, "P001", left))
    assert read.complete
    assert [answer.showing for answer in read.answers] == list(key.participants["P001"].showings)
    assert {answer.preferred for answer in read.answers} <= set(key.methods)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"study": "9999999999"}, "another study"),
        ({"participant": "NOBODY"}, "does not know"),
        ({"participant": ["P001"]}, "does not know"),
        ({"format": "something"}, "no answers file"),
        ({"version": 2}, "version 2"),
        ({"answers": {}}, "no answers file"),
        ({"answers": ["left"]}, "no answer"),
        ({"answers": [{"pair": "x", "choice": "left", "seconds": 1}]}, "never shown"),
        ({"answers": [{"pair": ["x"], "choice": "left", "seconds": 1}]}, "never shown"),
        ({"answers": [{"pair": "0000100000", "choice": "tie", "seconds": 1}]}, "could not be given"),
        ({"answers": [{"pair": "0000100000", "choice": ["left"], "seconds": 1}]}, "could not be given"),
        ({"answers": [{"pair": "0000100000", "choice": "left", "seconds": "1"}]}, "without its time"),
        ({"answers": [{"pair": "0000100000", "choice": "left", "seconds": 10**400}]}, "without its time"),
        ({"answers": [{"pair": "0000100000", "choice": "left", "seconds": True}]}, "without its time"),
        ({"participant": "P001" * 10_000}, r"'P001.{35}\.$"),
        ({"answers": [{"pair": "0000100000", "choice": "left", "seconds": float("nan")}]}, "without its time"),
        ({"answers": [{"pair": "0000100000", "choice": "left", "seconds": 1}] * 2}, "twice"),
        ({"answers": [{"pair": "0000100000", "choice": "right", "seconds": 1}]}, "was changed"),
        ({"seal": None}, "was changed"),
    ],
)
def test_bad_files_are_refused(
    make_key: Callable[..., Key], write_answers: WriteAnswers, changes: dict[str, Any], sentence: str
) -> None:
    key = make_key()
    path = write_answers(key, "P001", left, count=1, changes=changes)
    with pytest.raises(InputError, match=sentence) as error:
        read_answers(key, path)
    assert str(path) in error.value.message
    assert error.value.hint


def test_a_byte_order_mark_that_was_added_on_the_way_does_no_harm(
    make_key: Callable[..., Key], write_answers: WriteAnswers
) -> None:
    key = make_key()
    path = write_answers(key, "P001", left)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_answers(key, path).complete


def test_a_file_of_which_one_answer_was_edited_is_refused(
    make_key: Callable[..., Key], write_answers: WriteAnswers
) -> None:
    key = make_key()
    path = write_answers(key, "P001", left)
    content = json.loads(path.read_text())
    content["answers"][7]["choice"] = "right"
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match="was changed"):
        read_answers(key, path)


def test_an_empty_file_is_refused(make_key: Callable[..., Key], write_answers: WriteAnswers) -> None:
    key = make_key()
    with pytest.raises(InputError, match="holds no answer"):
        read_answers(key, write_answers(key, "P001", left, count=0))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe\x00", b'"text"', b"[" * 100_000])
def test_no_answers_file_at_all(make_key: Callable[..., Key], tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"x\.json"):
        read_answers(make_key(), path)


def test_a_missing_file(make_key: Callable[..., Key], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read \(No such file"):
        read_answers(make_key(), tmp_path / "none.json")


def test_ties_where_the_study_offered_them(make_key: Callable[..., Key], write_answers: WriteAnswers) -> None:
    key = make_key(ties=True)
    read = read_answers(key, write_answers(key, "P001", lambda _: "tie"))
    assert {answer.preferred for answer in read.answers} == {None}


def test_good_files_count_beside_bad_ones(
    make_key: Callable[..., Key], write_answers: WriteAnswers, tmp_path: Path
) -> None:
    key = make_key()
    write_answers(key, "P001", left)
    write_answers(key, "P002", left, changes={"study": "1"})
    given, refused = read_all(key, [tmp_path])
    assert [each.participant for each in given] == ["P001"]
    assert ["another study" in each.error.message for each in refused] == [True]


def test_a_copy_counts_once_and_contradicting_files_not_at_all(
    make_key: Callable[..., Key], write_answers: WriteAnswers
) -> None:
    key = make_key()
    original = write_answers(key, "P001", left)
    copy = write_answers(key, "P001", left, name="copy")
    other = write_answers(key, "P001", lambda _: "right", name="other")
    given, refused = read_all(key, [original, copy, original])
    assert [each.path for each in given] == [original]
    assert [each.path for each in refused] == [copy]
    given, refused = read_all(key, [original, other])
    assert given == []
    assert {each.path for each in refused} == {original, other}
    assert "code of their own" in refused[0].error.hint


def test_an_empty_folder_is_told(make_key: Callable[..., Key], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no answers file in"):
        read_all(make_key(), [tmp_path])


def test_the_key_comes_back_from_its_file(make_key: Callable[..., Key], tmp_path: Path) -> None:
    key = make_key()
    path = tmp_path / "answer-key.json"
    path.write_text(key.as_json())
    assert read_key(path) == key


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "cannot be read"),
        ("[]", "no answer key"),
        ('{"format": "samelight-study-answers"}', "no answer key"),
        ('{"format": "samelight-study-key", "version": 9}', "version is 9"),
        ('{"format": "samelight-study-key", "version": 1}', "missing or damaged"),
        ('{"format": "samelight-study-key", "version": 1, "participants": {"A": 1}}', "missing or damaged"),
    ],
)
def test_what_is_no_key_is_refused(tmp_path: Path, content: str, sentence: str) -> None:
    path = tmp_path / "key.json"
    path.write_text(content)
    with pytest.raises(InputError, match=sentence):
        read_key(path)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("methods",), ["A", "B"]),
        (("methods",), ["A", "B", "B", "C"]),
        (("methods",), [["A"], ["B"], ["C"]]),
        (("study",), None),
        (("participants", "P001", "secret"), 5),
        (("participants", "P001", "showings", 0, "left"), None),
        (("participants", "P001", "showings", 0, "id"), ["x"]),
        (("participants", "P001", "showings", 0, "id"), "0000100001"),
        (("participants", "P001", "showings", 0, "repeats"), "x"),
    ],
)
def test_a_damaged_key_is_refused_before_anything_is_scored(
    make_key: Callable[..., Key], tmp_path: Path, place: tuple[Any, ...], value: object
) -> None:
    content = json.loads(make_key().as_json())
    holder = content
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = value
    path = tmp_path / "key.json"
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match="missing or damaged"):
        read_key(path)


def test_the_seal_is_64_bit_fnv_1a() -> None:
    # "a" alone hashes to af63dc4c8601ec8c; here the four parts are joined by bars.
    assert seal("a", "", "", []) == f"{fnv(b'a||'):016x}"
    assert fnv(b"a") == 0xAF63DC4C8601EC8C


def fnv(text: bytes) -> int:
    value = 14695981039346656037
    for byte in text:
        value = ((value ^ byte) * 1099511628211) % 2**64
    return value
