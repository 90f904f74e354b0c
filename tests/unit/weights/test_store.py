"""Weights are loaded only if they are what the manifest says."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from samelight import weights
from samelight.weights.manifest import sha256_of
from samelight_wire.errors import WeightsCorruptError, WeightsMissingError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's weights folder that holds one network named `made-up`."""
    monkeypatch.setenv("SAMELIGHT_WEIGHTS", str(tmp_path))
    path = tmp_path / "made-up.safetensors"
    save_file({"layer": torch.arange(600, dtype=torch.float16)}, path)
    entry = weights.WeightsEntry(path.name, path.stat().st_size, sha256_of(path), "made-up.md", "No rights needed.")
    weights.write_entry(tmp_path, "made-up", entry)
    return tmp_path


def test_loads_in_float32(folder: Path) -> None:
    state = weights.load("made-up")
    assert state["layer"].dtype == torch.float32
    assert torch.equal(state["layer"], torch.arange(600.0))
    assert weights.state_of("made-up") == "ok"


def test_a_second_entry_keeps_the_first(folder: Path) -> None:
    weights.write_entry(folder, "other", weights.WeightsEntry("o", 1, "00", "o.md", "None."))
    assert {"made-up", "other"} <= set(weights.read_manifest(folder))
    assert {path.suffix for path in folder.iterdir()} == {".json", ".safetensors"}


def test_what_no_manifest_lists_is_missing(folder: Path) -> None:
    with pytest.raises(WeightsMissingError, match="nothing-here"):
        weights.load("nothing-here")
    assert weights.state_of("nothing-here") == "missing"


def test_a_deleted_file_is_missing(folder: Path) -> None:
    (folder / "made-up.safetensors").unlink()
    with pytest.raises(WeightsMissingError, match="not there"):
        weights.load("made-up")


def test_a_truncated_file_is_corrupt(folder: Path) -> None:
    path = folder / "made-up.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(WeightsCorruptError, match="incomplete"):
        weights.load("made-up")
    assert weights.state_of("made-up") == "corrupt"


def test_another_file_of_the_same_size_is_corrupt(folder: Path) -> None:
    path = folder / "made-up.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsCorruptError, match="hash"):
        weights.load("made-up")


def test_a_damaged_manifest_is_told(folder: Path) -> None:
    (folder / weights.MANIFEST).write_text("{ not json")
    with pytest.raises(WeightsCorruptError, match=r"manifest\.json"):
        weights.load("made-up")
