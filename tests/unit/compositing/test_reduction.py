"""Area averages, compared with sums written out in float64."""

from __future__ import annotations

import numpy as np
import pytest
from pipeline_helpers import ramp, raster, round_alpha

from samelight.compositing.fill import fill_unknown
from samelight.compositing.reduction import reduce
from samelight_wire.formats import Alpha, Layout, Rect


def by_definition(pixels, rect, window, size):
    """Alpha-weighted means over cells, with every pixel cut where a cell's border cuts it."""
    height, width = size
    values = pixels.astype(np.float64) / (1 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max)
    weight = values[..., -1:]
    sums = np.concatenate([values[..., :-1] * weight, weight], axis=-1)

    def overlap(origin, extent, cells, first, scale, count):
        cell = origin + extent * np.arange(cells + 1) / cells
        pixel = first + scale * np.arange(count + 1)
        shared = np.minimum(cell[1:, None], pixel[None, 1:]) - np.maximum(cell[:-1, None], pixel[None, :-1])
        return np.maximum(shared, 0) / scale

    down = overlap(window.y, window.height, height, rect.y, rect.height / pixels.shape[0], pixels.shape[0])
    across = overlap(window.x, window.width, width, rect.x, rect.width / pixels.shape[1], pixels.shape[1])
    placed = np.einsum("iy,jx,yxc->ijc", down, across, sums)
    cell = window.width * window.height / (height * width)
    pixel = rect.width * rect.height / (pixels.shape[0] * pixels.shape[1])
    colour = placed[..., :-1] / np.where(placed[..., -1:] > 0, placed[..., -1:], 1)
    return colour, placed[..., -1] * pixel / cell


def layer(height, width, dtype):
    pixels = ramp(height, width, 4, dtype)
    pixels[..., 3] = round_alpha(height, width, dtype)
    return pixels


@pytest.mark.parametrize("dtype", ["u1", "u2", "f2", "f4"])
@pytest.mark.parametrize(
    ("rect", "window", "size"),
    [
        (Rect(0, 0, 301, 203), Rect(0, 0, 301, 203), (20, 30)),
        (Rect(-40, -30, 301, 203), Rect(0, 0, 150, 120), (16, 24)),
        (Rect(30, 40, 301, 203), Rect(0, 0, 400, 300), (31, 17)),
        (Rect(0, 0, 602, 406), Rect(10, 20, 500, 300), (24, 24)),
        (Rect(0, 0, 301, 203), Rect(100, 100, 8, 8), (8, 8)),
    ],
)
def test_averages_are_those_of_the_definition(dtype, rect, window, size):
    pixels = layer(203, 301, dtype)
    averages = reduce(raster(pixels, Layout.RGBA), rect, window, size, threads=2)
    colour, weight = by_definition(pixels, rect, window, size)
    np.testing.assert_allclose(averages.weight, weight, atol=2e-5)
    seen = weight > 1e-3
    np.testing.assert_allclose(averages.colour[seen], colour[seen], atol=2e-4)


def test_premultiplied_gives_the_same_averages():
    straight = layer(100, 120, "f4")
    premultiplied = straight.copy()
    premultiplied[..., :3] *= straight[..., 3:]
    rect = Rect(0, 0, 120, 100)
    one = reduce(raster(straight, Layout.RGBA), rect, rect, (10, 12))
    other = reduce(raster(premultiplied, Layout.RGBA, alpha=Alpha.PREMULTIPLIED), rect, rect, (10, 12))
    np.testing.assert_allclose(one.colour, other.colour, atol=1e-4)
    np.testing.assert_allclose(one.weight, other.weight, atol=1e-6)


def test_one_blinding_pixel_does_not_outweigh_its_cell():
    pixels = np.full((40, 40, 3), 0.5, np.float32)
    pixels[7, 7] = 60000.0
    rect = Rect(0, 0, 40, 40)
    assert reduce(raster(pixels, Layout.RGB), rect, rect, (4, 4)).colour.max() < 0.55


def test_weights_multiply_alpha():
    pixels = layer(60, 60, "u1")
    rect = Rect(0, 0, 60, 60)
    half = reduce(raster(pixels, Layout.RGBA), rect, rect, (6, 6), lambda *box: np.full((60, 60), 0.5, np.float32))
    whole = reduce(raster(pixels, Layout.RGBA), rect, rect, (6, 6))
    np.testing.assert_allclose(half.weight, whole.weight / 2, atol=1e-6)
    np.testing.assert_allclose(half.colour, whole.colour, atol=1e-6)


def test_filled_places_lie_between_the_known_colours_and_known_ones_stay():
    colour = np.zeros((37, 53, 3), np.float32)
    known = np.zeros((37, 53), np.float32)
    colour[:5], known[:5] = 0.2, 1
    colour[-5:], known[-5:] = 0.8, 1
    filled = fill_unknown(colour, known)
    assert np.array_equal(filled[known == 1], colour[known == 1])
    assert filled.min() >= 0.2 - 1e-6
    assert filled.max() <= 0.8 + 1e-6
    steps = np.abs(np.diff(filled[..., 0], axis=0))
    assert steps.max() < 0.15


def test_one_known_place_fills_the_whole_picture():
    colour = np.zeros((20, 30, 3), np.float32)
    known = np.zeros((20, 30), np.float32)
    colour[3, 4], known[3, 4] = [0.1, 0.2, 0.3], 1
    np.testing.assert_allclose(
        fill_unknown(colour, known), np.broadcast_to(np.float32([0.1, 0.2, 0.3]), (20, 30, 3)), atol=1e-4
    )
