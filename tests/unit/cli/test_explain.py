"""`samelight harmonize --explain`: which files it writes, and what it refuses before the work begins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_helpers import Run, write_pair
from PIL import Image

from samelight.cli.explanations import prefix_for
from samelight.cli.harmonize import EXPLANATIONS
from samelight_wire.errors import OutputError


@pytest.mark.parametrize("named", ["there", "new", "there/new", "new/newer"])
def test_a_folder_is_made_and_its_files_have_the_composites_name(tmp_path, named):
    (tmp_path / "there").mkdir()
    prefix = prefix_for(tmp_path / named, Path("pictures/cat.jpg"), EXPLANATIONS, [None])
    assert prefix == tmp_path / named / "cat"
    assert prefix.parent.is_dir()


@pytest.mark.parametrize("named", ["file", "file/why"])
def test_what_cannot_be_written_is_said_before_the_work(tmp_path, named):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        prefix_for(tmp_path / named, Path("cat.jpg"), EXPLANATIONS, [])


@pytest.mark.parametrize("replaced", ["-o", "--before-after"])
def test_an_explanation_replaces_nothing_and_says_so_before_the_work(run: Run, tmp_path, replaced):
    composite, mask = write_pair(tmp_path, (40, 30))
    files = {"-o": tmp_path / "out.png", "--before-after": tmp_path / "both.png"}
    files[replaced] = tmp_path / f"{composite.stem}-submasks.png"
    before = sorted(tmp_path.iterdir())
    named = [part for option in ("-o", "--before-after") for part in (option, files[option])]
    done = run("harmonize", composite, mask, *named, "--no-daemon", "--explain", tmp_path)
    assert done.exit_code == 2
    assert "named twice" in done.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_an_explanation_knows_other_names_of_the_same_file(tmp_path: Path) -> None:
    composite = tmp_path / "cat.png"
    composite.write_bytes(b"a picture")
    (tmp_path / "cat-submasks.png").hardlink_to(composite)
    with pytest.raises(OutputError, match="is the same file as"):
        prefix_for(tmp_path, composite, EXPLANATIONS, [composite, None])


def test_in_process(run: Run, tmp_path):
    composite, mask = write_pair(tmp_path, (120, 90))
    done = run(
        "harmonize",
        composite,
        mask,
        "-o",
        tmp_path / "out.png",
        "--no-daemon",
        "--explain",
        tmp_path / "why",
        "--json",
    )
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert set(report["explanations"]) == set(EXPLANATIONS)
    for path in report["explanations"].values():
        with Image.open(path) as picture:
            assert picture.mode == "RGB"
    assert report["reasons"]["segmenter"] == "regions"
