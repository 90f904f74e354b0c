"""Photographs for the tests of training and learning: scikit-image's own pictures and shapes drawn over them.

The tests of the wire run under Python 3.8 with little installed and load this file too: it imports what it needs late.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from samelight.training.photos import PhotoCollection


@pytest.fixture(scope="session")
def photo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six small photographs, half of them with region indices."""
    import numpy as np
    from PIL import Image
    from skimage import data

    folder = tmp_path_factory.mktemp("photos")
    pictures = (
        data.astronaut(),
        data.chelsea(),
        data.coffee(),
        data.rocket(),
        data.astronaut()[::-1],
        data.coffee()[::-1],
    )
    for number, picture in enumerate(pictures):
        small = Image.fromarray(np.ascontiguousarray(picture)).resize((96, 72 + 8 * number))
        small.save(folder / f"photo{number}.webp", lossless=True)
        if number % 2 == 0:
            regions = np.zeros((small.height, small.width), np.uint8)
            regions[10:40, 10:50], regions[30:60, 55:90] = 1, 2
            Image.fromarray(regions).save(folder / f"photo{number}.png")
    return folder


@pytest.fixture
def photos(photo_folder: Path) -> PhotoCollection:
    """The same, opened."""
    from samelight.training.photos import PhotoCollection

    return PhotoCollection(photo_folder)
