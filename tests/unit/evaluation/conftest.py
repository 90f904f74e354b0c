"""Small pictures to measure on: triples in a folder, a tiny iHarmony4, scores made by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session")
def cost_notes_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all tests here together note what networks cost."""
    return tmp_path_factory.mktemp("cache") / "costs.json"


@pytest.fixture(autouse=True)
def own_cost_notes(cost_notes_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's notes out of the tests, and the tests out of the user's notes."""
    monkeypatch.setattr("samelight.cli.cost_notes._path", lambda: cost_notes_file)


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def flat(value: int, height: int = 24, width: int = 32) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def rectangle(height: int = 24, width: int = 32) -> np.ndarray:
    """A quarter of the picture."""
    mask = np.zeros((height, width), np.uint8)
    mask[: height // 2, : width // 2] = 255
    return mask


def composite_of(real: np.ndarray, mask: np.ndarray, offset: int) -> np.ndarray:
    return np.where(mask[..., None] > 0, real + np.uint8(offset), real).astype(np.uint8)


@pytest.fixture
def triples(tmp_path: Path) -> Path:
    """Four pictures of flat colours whose foregrounds are 10, 20, 30 and 40 code values too light."""
    folder = tmp_path / "triples"
    for number in range(1, 5):
        real, mask = flat(100), rectangle()
        save(folder / "real" / f"p{number}.png", real)
        save(folder / "mask" / f"p{number}.png", mask)
        save(folder / "composite" / f"p{number}.png", composite_of(real, mask, 10 * number))
    return folder


@pytest.fixture
def iharmony4(tmp_path: Path) -> Path:
    """Two pictures a subset, of which the second is 20 code values too light, the first 10; stored without loss."""
    root = tmp_path / "iHarmony4"
    for subset in ("HCOCO", "HAdobe5k", "HFlickr", "Hday2night"):
        names = []
        for number in (1, 2):
            real, mask = flat(100), rectangle()
            save(root / subset / "real_images" / f"a{number}.png", real)
            save(root / subset / "masks" / f"a{number}_1.png", mask)
            save(root / subset / "composite_images" / f"a{number}_1_1.png", composite_of(real, mask, 10 * number))
            names.append(f"a{number}_1_1.png")
        for split in ("train", "test"):
            (root / subset / f"{subset}_{split}.txt").write_text("\n".join(names) + "\n")
    return root
