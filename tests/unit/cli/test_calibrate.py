"""`samelight weights calibrate`: what it finds goes into the manifest, and nowhere else."""

from __future__ import annotations

import inspect
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from cli_helpers import Run

from samelight import weights
from samelight.calibration import Calibration
from samelight.cli.calibrate import calibrate
from samelight.evaluation import calibrating
from samelight.weights import MANIFEST, read_manifest, write_entry

MODEL = "hdnet-lite"


@pytest.fixture
def many(photo_folder: Path, tmp_path: Path) -> Path:
    """Twenty-one photographs."""
    folder = tmp_path / "many"
    folder.mkdir()
    sources = sorted(path for path in photo_folder.iterdir() if path.suffix != ".png")
    for number in range(21):
        source = sources[number % len(sources)]
        shutil.copy(source, folder / f"{number:02d}{source.suffix}")
    return folder


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's own weights, which are not calibrated."""
    folder, entry = weights.entry(MODEL)
    mine = tmp_path / "weights"
    mine.mkdir()
    shutil.copy(folder / entry.file, mine)
    write_entry(mine, MODEL, replace(entry, calibration=Calibration()))
    monkeypatch.setenv("SAMELIGHT_WEIGHTS", str(mine))
    return mine


def test_what_is_found_is_written_and_told(run: Run, many: Path, own: Path) -> None:
    before = read_manifest(own)[MODEL]
    told = run("weights", "calibrate", MODEL, "--on-photos", many, "--harmless", "1000", "--json")
    assert told.exit_code == 0, told.stderr
    report = json.loads(told.stdout)
    written = read_manifest(own)[MODEL]
    assert (report["model"], report["pictures"], report["manifest"]) == (MODEL, 21, str(own / MANIFEST))
    assert written.calibration != Calibration()
    assert replace(written, calibration=Calibration()) == before
    assert {name: report["after"][name] for name in ("brightness", "colour", "half_at")} == {
        name: getattr(written.calibration, name) for name in ("brightness", "colour", "half_at")
    }
    assert report["before"]["brightness"] == 1.0
    assert report["after"]["fmse_ratio"] > 0


def test_the_options_begin_with_what_suits_the_shipped_weights() -> None:
    """The command line names the figures itself, since its help must not wait for torch."""
    told = inspect.signature(calibrate).parameters
    assert told["colour_limit"].default == calibrating.COLOUR_LIMIT
    assert told["colour_gain"].default == calibrating.COLOUR_GAIN
    assert told["harmless"].default == calibrating.HARMLESS


def test_a_dry_run_writes_nothing(run: Run, many: Path, own: Path) -> None:
    before = (own / MANIFEST).read_text()
    told = run("weights", "calibrate", MODEL, "--on-photos", many, "--harmless", "1000", "--dry")
    assert told.exit_code == 0
    assert "brightness" in told.stdout
    assert "Nothing is written" in told.stdout
    assert (own / MANIFEST).read_text() == before


def test_too_few_photographs_are_refused(run: Run, photo_folder: Path, own: Path) -> None:
    told = run("weights", "calibrate", MODEL, "--on-photos", photo_folder)
    assert told.exit_code == 2
    assert "say too little" in told.stderr


def test_a_segmenter_that_there_is_not_is_refused(run: Run, many: Path, own: Path) -> None:
    """Also for a network that needs none."""
    told = run("weights", "calibrate", MODEL, "--on-photos", many, "--segmenter", "nonsense", "--dry")
    assert told.exit_code == 2
    assert "There is no segmenter 'nonsense'" in told.stderr
    assert "regions" in told.stderr


def test_a_network_without_weights_is_refused(run: Run, many: Path) -> None:
    told = run("weights", "calibrate", "rcl", "--on-photos", many)
    assert told.exit_code == 2
    assert "no weights" in told.stderr
