"""The sizes of the command line, and resizing as the literature does it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from samelight.evaluation.benchmark import BenchmarkSample
from samelight.evaluation.sizes import parse_size, resized
from samelight_wire.errors import InvalidOptionError


@pytest.mark.parametrize(
    ("text", "picture", "measured"),
    [
        ("256", (300, 500), (256, 256)),
        ("256", (100, 90), (256, 256)),
        ("native", (300, 500), (300, 500)),
        ("1024", (1500, 2048), (750, 1024)),
        ("1024", (2048, 1500), (1024, 750)),
        ("1024", (300, 500), (300, 500)),
        ("1024x768", (300, 500), (768, 1024)),
        ("4", (2, 4000), (1, 4)),
    ],
)
def test_sizes(text: str, picture: tuple[int, int], measured: tuple[int, int]) -> None:
    assert parse_size(text).of(*picture) == measured


def test_only_256_is_without_the_pipeline() -> None:
    assert parse_size("256").alone
    assert not any(parse_size(text).alone for text in ("256x256", "512", "native"))


@pytest.mark.parametrize("text", ["", "0", "-5", "256x", "x256", "1e3", "99999", "NATIVELY", "12 x 12"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(InvalidOptionError, match="no measuring"):
        parse_size(text)


@pytest.fixture
def astronaut() -> BenchmarkSample:
    picture = torch.from_numpy(data.astronaut()[:300, :400].copy()).permute(2, 0, 1) / 255
    mask = torch.zeros(1, 300, 400)
    mask[0, 31:200, 57:222] = 1
    return BenchmarkSample("a", "", picture, mask, picture, hard_mask=True)


def test_pictures_shrink_as_pillow_shrinks_them(astronaut: BenchmarkSample) -> None:
    """To one code value in a fifth of the pixels: Pillow also rounds between its passes over rows and columns."""
    by_pillow = Image.fromarray(data.astronaut()[:300, :400]).resize((256, 256), Image.Resampling.BILINEAR)
    ours = resized(astronaut, (256, 256)).real.mul(255).permute(1, 2, 0).numpy()
    difference = np.abs(ours - np.asarray(by_pillow, np.float32))
    assert difference.max() <= 1.001
    assert (difference > 0.5).mean() < 0.25


def test_binary_masks_take_the_nearest_pixel_as_pillows_do(astronaut: BenchmarkSample) -> None:
    mask = Image.fromarray(astronaut.mask[0].bool().numpy()).resize((256, 256))
    assert mask.mode == "1"
    assert np.array_equal(resized(astronaut, (256, 256)).mask[0].numpy(), np.asarray(mask).astype(np.float32))


def test_soft_masks_are_averaged(astronaut: BenchmarkSample) -> None:
    soft = BenchmarkSample("a", "", astronaut.composite, astronaut.mask, astronaut.real)
    mask = resized(soft, (256, 256)).mask
    assert bool(((mask > 0) & (mask < 1)).any())
    assert float(mask.mean()) == pytest.approx(float(astronaut.mask.mean()), rel=1e-3)


def test_the_same_size_is_the_same_sample(astronaut: BenchmarkSample) -> None:
    assert parse_size("native").apply(astronaut) is astronaut
    assert parse_size("400").apply(astronaut) is astronaut
