"""`samelight harmonize`: what it writes, what it says, how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cli_helpers import Run
from PIL import Image

from samelight.pictures import Picture, read_picture, write_picture


def test_changes_the_marked_part_only(run: Run, pair: tuple[Path, Path], tmp_path: Path) -> None:
    result = run("harmonize", *pair, "-o", tmp_path / "out.png", "--no-daemon")
    assert result.exit_code == 0, result.output
    before, after = read_picture(pair[0]).pixels, read_picture(tmp_path / "out.png").pixels
    marked = read_picture(pair[1]).pixels[..., 0] > 0
    assert (after[marked] != before[marked]).any()
    np.testing.assert_array_equal(after[~marked], before[~marked])


def test_json_is_all_that_goes_to_stdout(run: Run, pair: tuple[Path, Path], tmp_path: Path) -> None:
    result = run("harmonize", *pair, "-o", tmp_path / "out.png", "--no-daemon", "--json")
    report = json.loads(result.stdout)
    assert report["output"] == str(tmp_path / "out.png")
    assert report["model"] == "srin-lite"
    assert set(report["seconds"]) >= {"decode", "compose", "harmonize", "lift", "encode"}


def test_before_after_is_written_too(run: Run, pair: tuple[Path, Path], tmp_path: Path) -> None:
    sheet = tmp_path / "both.png"
    result = run("harmonize", *pair, "-o", tmp_path / "out.png", "--no-daemon", "--before-after", sheet)
    assert str(sheet) in result.stdout
    assert read_picture(sheet).width > 2 * read_picture(pair[0]).width


def test_16_bits_and_alpha_stay(run: Run, pair: tuple[Path, Path], tmp_path: Path) -> None:
    pixels = np.random.default_rng(4).integers(0, 65535, (32, 48, 4), dtype=np.uint16)
    pixels[..., 3] = 65535 - np.arange(48)
    write_picture(Picture(pixels), tmp_path / "deep.png")
    result = run("harmonize", tmp_path / "deep.png", pair[1], "-o", tmp_path / "out.png", "--no-daemon")
    assert result.exit_code == 0, result.output
    after = read_picture(tmp_path / "out.png").pixels
    assert after.dtype == np.uint16
    np.testing.assert_array_equal(after[..., 3], pixels[..., 3])


def test_strength_0_gives_the_same_pixels(run: Run, pair: tuple[Path, Path], tmp_path: Path) -> None:
    run("harmonize", *pair, "-o", tmp_path / "out.png", "--no-daemon", "--strength", "0")
    np.testing.assert_array_equal(read_picture(tmp_path / "out.png").pixels, read_picture(pair[0]).pixels)


def test_less_colour_than_all_is_usual(run: Run, pair: tuple[Path, Path], tmp_path: Path) -> None:
    pixels = []
    for share in ([], ["--colour", "0.7"], ["--colour", "1"]):
        run("harmonize", *pair, "-o", tmp_path / "out.png", "--no-daemon", *share)
        pixels.append(read_picture(tmp_path / "out.png").pixels)
    usual, said, whole = pixels
    np.testing.assert_array_equal(usual, said)
    assert (usual != whole).any()


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        ("text", "no PNG"),
        ("missing", "There is no file"),
        ("size", "The mask is 10 x 10 pixels, but the picture is 48 x 32"),
        ("empty", "marks no pixel"),
        ("labels", "Multiply it by 255"),
        ("many labels", "brightest value is 38 of 255: at most 15 % of the effect"),
        ("everything", "no backdrop"),
        ("truncated", "damaged"),
    ],
)
def test_bad_input_is_one_sentence_and_code_2(
    run: Run, pair: tuple[Path, Path], tmp_path: Path, spoil: str, sentence: str
) -> None:
    composite, mask = pair
    if spoil == "text":
        composite.write_text("hello")
    elif spoil == "missing":
        composite.unlink()
    elif spoil == "truncated":
        composite.write_bytes(composite.read_bytes()[:200])
    else:
        size = (10, 10) if spoil == "size" else (48, 32)
        Image.new("L", size, {"everything": 255, "labels": 1, "many labels": 38}.get(spoil, 0)).save(mask)
    (tmp_path / "out.png").write_bytes(b"an older result")
    result = run("harmonize", composite, mask, "-o", tmp_path / "out.png", "--no-daemon")
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 2  # the sentence and the hint
    assert result.stdout == ""
    assert (tmp_path / "out.png").read_bytes() == b"an older result"


def test_what_was_done_is_said_in_words(run: Run, pair: tuple[Path, Path], tmp_path: Path) -> None:
    result = run("harmonize", *pair, "-o", tmp_path / "out.png", "--no-daemon")
    reasons = json.loads(run("harmonize", *pair, "-o", tmp_path / "out.png", "--no-daemon", "--json").stdout)["reasons"]
    assert result.stdout.splitlines()[1] == reasons["summary"]
    result = run("harmonize", *pair, "-o", tmp_path / "out.png", "--no-daemon", "--strength", "0")
    assert result.stdout.splitlines()[1] == "The foreground hardly changed."


def test_a_gray_mask_is_warned_of(run: Run, pair: tuple[Path, Path], tmp_path: Path) -> None:
    mask = read_picture(pair[1]).pixels[..., 0]
    Image.fromarray(mask // 2).save(pair[1])
    result = run("harmonize", *pair, "-o", tmp_path / "out.png", "--no-daemon")
    assert result.exit_code == 0
    assert result.stderr.startswith("Warning: The mask's brightest value is 127 of 255: at most 50 % of the effect.")
    assert "Wrote" in result.stdout
    result = run("harmonize", *pair, "-o", tmp_path / "out.png", "--no-daemon", "--json")
    assert "at most 50 %" in json.loads(result.stdout)["warnings"][0]


def test_a_white_mask_is_not_warned_of(run: Run, pair: tuple[Path, Path], tmp_path: Path) -> None:
    result = run("harmonize", *pair, "-o", tmp_path / "out.png", "--no-daemon", "--json")
    assert json.loads(result.stdout)["warnings"] == []
    assert result.stderr == ""


def test_unknown_model_and_unwritable_output(run: Run, pair: tuple[Path, Path], tmp_path: Path) -> None:
    result = run("harmonize", *pair, "-o", tmp_path / "out.png", "--no-daemon", "--model", "nonsense", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["code"] == "unknown-model"
    result = run("harmonize", *pair, "-o", tmp_path / "missing" / "out.png", "--no-daemon")
    assert result.exit_code == 2
    assert "no folder" in result.stderr


def test_without_a_daemon_it_says_how_to_start_one(run: Run, pair: tuple[Path, Path], tmp_path: Path) -> None:
    result = run("harmonize", *pair, "-o", tmp_path / "out.png")
    assert result.exit_code == 2
    assert "samelight daemon --detach" in result.stderr


def test_missing_weights_are_named(
    run: Run, pair: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMELIGHT_WEIGHTS", str(tmp_path))
    result = run("harmonize", *pair, "-o", tmp_path / "out.png", "--no-daemon", "--model", "rcl", "--json")
    assert result.exit_code == 2
    error = json.loads(result.stdout)["error"]
    assert error["code"] == "weights-missing"
    assert f"`samelight train rcl --photos FOLDER -o {tmp_path}`" in error["hint"]


@pytest.mark.parametrize("name", ["", "x" * 100])
def test_a_name_no_model_can_have(run: Run, pair: tuple[Path, Path], tmp_path: Path, name: str) -> None:
    result = run("harmonize", *pair, "-o", tmp_path / "out.png", "--no-daemon", "--model", name, "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["code"] == "unknown-model"


@pytest.mark.parametrize("other", ["composite.png", "mask.png", "out.png"])
def test_the_comparison_overwrites_neither_result_nor_input(
    run: Run, pair: tuple[Path, Path], tmp_path: Path, other: str
) -> None:
    before = pair[0].read_bytes(), pair[1].read_bytes()
    arguments = ("-o", tmp_path / "out.png", "--before-after", tmp_path / other, "--no-daemon")
    result = run("harmonize", *pair, *arguments)
    assert result.exit_code == 2
    assert "is named twice" in result.stderr
    assert (pair[0].read_bytes(), pair[1].read_bytes()) == before


@pytest.mark.parametrize("which", [0, 1])
def test_the_result_overwrites_nothing_that_it_is_made_of(run: Run, pair: tuple[Path, Path], which: int) -> None:
    before = pair[which].read_bytes()
    result = run("harmonize", *pair, "-o", pair[which], "--no-daemon")
    assert result.exit_code == 2
    assert "Give the result a name of its own." in result.stderr
    assert pair[which].read_bytes() == before


@pytest.mark.parametrize("which", [0, 1])
def test_other_names_of_the_same_file_are_known(run: Run, pair: tuple[Path, Path], tmp_path: Path, which: int) -> None:
    # A second name whose letters are others leads to the file, as COMPOSITE.PNG does where a disk takes A for a.
    (tmp_path / "OTHER.png").hardlink_to(pair[which])
    before = pair[which].read_bytes()
    for arguments in (["-o", "OTHER.png"], ["-o", "out.png", "--before-after", "OTHER.png"]):
        named = [part if part.startswith("-") else str(tmp_path / part) for part in arguments]
        result = run("harmonize", *pair, *named, "--no-daemon")
        assert result.exit_code == 2
        assert f'OTHER.png" is the same file as "{pair[which]}"' in result.stderr
    assert pair[which].read_bytes() == before


def test_a_format_that_cannot_hold_the_result_is_told_before_the_work(
    run: Run, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    with Image.open(pair[0]) as picture:
        picture.putalpha(200)
        picture.save(pair[0])
    result = run("harmonize", *pair, "-o", tmp_path / "out.jpg", "--no-daemon", "--model", "nonsense")
    assert result.exit_code == 2
    assert "cannot hold transparency" in result.stderr


@pytest.mark.parametrize(("seen", "sentence"), [("backdrop", "is fully transparent"), ("object", "no backdrop")])
def test_transparency_is_told_apart_from_the_mask(
    run: Run, pair: tuple[Path, Path], tmp_path: Path, seen: str, sentence: str
) -> None:
    with Image.open(pair[0]) as picture, Image.open(pair[1]) as mask:
        picture.putalpha(mask if seen == "object" else mask.point(lambda value: 255 - value))
        picture.save(pair[0])
    result = run("harmonize", *pair, "-o", tmp_path / "out.png", "--no-daemon")
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert "whole picture" not in result.stderr
