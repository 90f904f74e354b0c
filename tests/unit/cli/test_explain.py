"""`samelight harmonize --explain`: which files it writes, and what it refuses before the work begins."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cli_helpers import Run, write_pair
from PIL import Image

from samelight.cli.explanations import prefix_for, write_explanations
from samelight.pictures import Picture
from samelight_wire.errors import OutputError


@pytest.mark.parametrize(
    ("named", "expected"),
    [("there", "there/cat"), ("there/", "there/cat"), ("new/", "new/cat"), ("why", "why"), ("there/why", "there/why")],
)
def test_a_folder_takes_the_composites_name_and_a_prefix_its_own(tmp_path, named, expected):
    (tmp_path / "there").mkdir()
    assert prefix_for(f"{tmp_path}/{named}", Path("pictures/cat.jpg")) == tmp_path / expected


@pytest.mark.parametrize("named", ["none/why", "file/", "file/why"])
def test_what_cannot_be_written_is_said_before_the_work(tmp_path, named):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        prefix_for(f"{tmp_path}/{named}", Path("cat.jpg"))


def test_an_explanation_never_replaces_what_it_explains(tmp_path):
    picture = Picture(np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(OutputError, match="twice"):
        write_explanations({"instances": picture}, tmp_path / "cat", [tmp_path / "cat-instances.png"])
    assert not list(tmp_path.iterdir())


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
        f"{tmp_path}/why/",
        "--json",
    )
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert set(report["explanations"]) == {"instances", "submasks"}
    for path in report["explanations"].values():
        with Image.open(path) as picture:
            assert picture.mode == "RGB"
    assert report["reasons"]["segmenter"] == "regions"
