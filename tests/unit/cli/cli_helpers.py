"""What the tests of the command line share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from typer.testing import Result

__all__ = ["Run", "write_pair"]

Run = Callable[..., Result]
"""Runs `samelight` with these arguments in this process."""


def write_pair(folder: Path, size: tuple[int, int] = (48, 32)) -> tuple[Path, Path]:
    """Writes composite.png and mask.png: noise whose middle is brighter and marked."""
    width, height = size
    pixels = np.random.default_rng(3).integers(0, 120, (height, width, 3), dtype=np.uint8)
    mask = np.zeros((height, width), np.uint8)
    middle = (slice(height // 4, -height // 4), slice(width // 4, -width // 4))
    mask[middle] = 255
    pixels[middle] += 120
    Image.fromarray(pixels).save(folder / "composite.png")
    Image.fromarray(mask).save(folder / "mask.png")
    return folder / "composite.png", folder / "mask.png"
