"""A study's folder: what participants get tells nothing, the key tells all, and the same seed makes the same study."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from samelight.study.key import read_key
from samelight.study.making import Wishes, make
from samelight.study.sources import Item, from_folders
from samelight_wire.errors import InputError, InvalidOptionError, OutputError, SizeMismatchError

FEW = Wishes(participants=3, pairs=6, repeats=1, seed=7)


@pytest.fixture
def sources(results: Path) -> tuple[list[str], list[Item]]:
    return from_folders({"Net": results / "net", "Other": results / "other"}, results / "composites", results / "masks")


def test_the_folder(sources: tuple[list[str], list[Item]], tmp_path: Path) -> None:
    heard: list[str] = []
    made = make(*sources, tmp_path / "study", FEW, heard.append)
    assert heard == [item.name for item in sources[1]]
    key = read_key(tmp_path / "study" / "answer-key.json")
    assert key == made.key
    codes = (tmp_path / "study" / "participant-codes.txt").read_text().split()
    assert codes == list(key.participants)
    assert all(re.fullmatch("[A-Z]{4}", code) for code in codes)
    assert len(list((tmp_path / "study" / "participants" / "pictures").iterdir())) == 4 * 3 + 4
    assert {(made.pairs, made.repeats, made.alike)} == {(6, 1, 0)}


def test_the_key_knows_which_picture_is_which(
    sources: tuple[list[str], list[Item]], results: Path, tmp_path: Path
) -> None:
    made = make(*sources, tmp_path / "study", FEW)
    page = (tmp_path / "study" / "participants" / "index.html").read_text(encoding="utf-8")
    found = re.search(r'id="study">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    folders = {"Net": "net", "Other": "other", "composite": "composites"}
    for code, person in json.loads(found.group(1))["participants"].items():
        for (pair, left, right, _), showing in zip(person["pairs"], made.key.participants[code].showings, strict=True):
            assert pair == showing.id
            for file, method in ((left, showing.left), (right, showing.right)):
                shown = np.asarray(Image.open(tmp_path / "study" / "participants" / "pictures" / file))
                source = np.asarray(Image.open(results / folders[method] / f"{showing.picture}.png"))
                assert np.array_equal(shown, source)


def test_no_text_for_participants_names_a_method(sources: tuple[list[str], list[Item]], tmp_path: Path) -> None:
    make(*sources, tmp_path / "study", FEW)
    page = (tmp_path / "study" / "participants" / "index.html").read_text(encoding="utf-8")
    assert [name for name in ("Net", "Other", "composite", "ünï", "d%20") if re.search(rf"\b{name}\b", page)] == []


@pytest.mark.parametrize("text", ["Is NET better?", "net", "the (Net)"])
def test_a_title_or_question_that_names_a_method_is_refused(
    sources: tuple[list[str], list[Item]], tmp_path: Path, text: str
) -> None:
    for wishes in (Wishes(title=text), Wishes(question=text)):
        with pytest.raises(InvalidOptionError, match='names the method "Net"'):
            make(*sources, tmp_path / "study", wishes)
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize(
    "wishes", [Wishes(title=" "), Wishes(question=""), Wishes(participants=5001), Wishes(pairs=0), Wishes(repeats=-1)]
)
def test_wishes_that_cannot_be_fulfilled(sources: tuple[list[str], list[Item]], tmp_path: Path, wishes: Wishes) -> None:
    with pytest.raises(InvalidOptionError) as error:
        make(*sources, tmp_path / "study", wishes)
    assert error.value.hint
    assert not (tmp_path / "study").exists()


def test_a_title_is_only_text(sources: tuple[list[str], list[Item]], tmp_path: Path) -> None:
    make(*sources, tmp_path / "study", Wishes(title="<script>alert('x')</script>", participants=1, pairs=1, seed=1))
    page = (tmp_path / "study" / "participants" / "index.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_the_same_seed_makes_the_same_study(sources: tuple[list[str], list[Item]], tmp_path: Path) -> None:
    one, same, other = (
        make(*sources, tmp_path / name, Wishes(participants=2, pairs=5, repeats=1, seed=seed))
        for name, seed in (("one", 1), ("same", 1), ("other", 2))
    )
    assert one.key.participants == same.key.participants
    assert one.key.study == same.key.study != other.key.study
    assert contents(tmp_path / "one" / "participants") == contents(tmp_path / "same" / "participants")
    assert contents(tmp_path / "one" / "participants") != contents(tmp_path / "other" / "participants")


def test_other_pictures_make_another_study(
    sources: tuple[list[str], list[Item]], results: Path, tmp_path: Path
) -> None:
    before = make(*sources, tmp_path / "before", FEW)
    Image.new("RGB", (30, 20), "red").save(results / "net" / "a b.png")
    assert make(*sources, tmp_path / "after", FEW).key.study != before.key.study


def test_without_a_seed_every_study_is_another(sources: tuple[list[str], list[Item]], tmp_path: Path) -> None:
    one, other = (make(*sources, tmp_path / name, Wishes(participants=1, pairs=3)) for name in "ab")
    assert one.key.study != other.key.study


def test_no_more_pairs_than_there_are(sources: tuple[list[str], list[Item]], tmp_path: Path) -> None:
    made = make(*sources, tmp_path / "study", Wishes(participants=1, pairs=60, repeats=60, seed=1))
    assert (made.pairs, made.repeats) == (12, 4)


def test_equal_results_are_counted(sources: tuple[list[str], list[Item]], results: Path, tmp_path: Path) -> None:
    (results / "net" / "a b.png").write_bytes((results / "other" / "a b.png").read_bytes())
    assert make(*sources, tmp_path / "study", FEW).alike == 1


def test_a_folder_in_use_is_refused(sources: tuple[list[str], list[Item]], tmp_path: Path) -> None:
    make(*sources, tmp_path / "study", FEW)
    with pytest.raises(OutputError, match="there already"):
        make(*sources, tmp_path / "study", FEW)


def test_one_method_is_no_study(sources: tuple[list[str], list[Item]], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least two"):
        make(sources[0][:1], sources[1], tmp_path / "study", FEW)


def test_different_sizes_are_refused(sources: tuple[list[str], list[Item]], results: Path, tmp_path: Path) -> None:
    Image.new("RGB", (31, 20)).save(results / "net" / "a b.png")
    with pytest.raises(SizeMismatchError, match='"a b"'):
        make(*sources, tmp_path / "study", FEW)


@pytest.mark.parametrize("was_there", [False, True])
def test_nothing_is_left_of_a_study_that_could_not_be_made(
    sources: tuple[list[str], list[Item]], results: Path, tmp_path: Path, was_there: bool
) -> None:
    folder, picture = tmp_path / "study", results / "other" / "ünï.png"  # the last one: others were written before
    good = picture.read_bytes()
    if was_there:
        folder.mkdir()
    picture.write_bytes(b"broken")
    with pytest.raises(InputError, match="ünï"):
        make(*sources, folder, FEW)
    assert folder.exists() == was_there
    picture.write_bytes(good)
    assert make(*sources, folder, FEW).pairs


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
