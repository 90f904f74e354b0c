"""Depths and encodings: 16 bits stay 16 bits, light above 1 stays above 1, profiles keep their gamut."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pipeline_helpers import flattened, over_backdrop, ramp, raster, round_alpha, run, samples

from samelight import srgb
from samelight_wire.formats import Alpha, Encoding, Layout

HEIGHT, WIDTH = 96, 128


def warm_code(code):
    """What `warm` does to sRGB code values."""
    return np.clip(code * np.array([1.05, 0.92, 0.75]) + 0.01, 0, 1)


def half_mask():
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[:, : WIDTH // 2] = 255
    return mask


def test_sixteen_bits_in_give_more_than_256_levels_out():
    # Column after column, so that the masked half holds the lower half of the ramp without a gap.
    levels = np.linspace(5000, 60000, HEIGHT * WIDTH).astype(np.uint16).reshape(WIDTH, HEIGHT).T
    picture = levels[..., None].repeat(3, axis=2)
    after = samples(run(flattened(raster(picture, Layout.RGB), half_mask())))[:, : WIDTH // 2]
    assert len(np.unique(after[..., 1])) > 4000
    # A ramp stays a ramp: no level is left out.
    steps = np.diff(np.sort(after[..., 1].ravel()).astype(int))
    assert steps.max() < 40


@pytest.mark.parametrize("dtype", ["u1", "u2", "f2", "f4"])
@pytest.mark.parametrize("encoding", [Encoding.SRGB, Encoding.LINEAR_SRGB])
def test_known_change_arrives_in_every_depth(dtype, encoding):
    code = ramp(HEIGHT, WIDTH, 3, "f4")
    own = srgb.decode(code) if encoding is Encoding.LINEAR_SRGB else code
    top = 1 if dtype[0] == "f" else np.iinfo(dtype).max
    picture = own.astype(dtype) if dtype[0] == "f" else np.rint(own * top).astype(dtype)
    after = samples(run(flattened(raster(picture, Layout.RGB, encoding), half_mask()))).astype(np.float32) / top
    after = srgb.encode(after) if encoding is Encoding.LINEAR_SRGB else after
    inside = np.s_[8:-8, 8 : WIDTH // 2 - 8]
    np.testing.assert_allclose(after[inside], warm_code(code)[inside], atol=0.012)


@pytest.mark.parametrize("encoding", [Encoding.SRGB, Encoding.LINEAR_SRGB])
@pytest.mark.parametrize("dtype", ["f2", "f4"])
def test_values_above_one_pass_through(encoding, dtype):
    picture = ramp(HEIGHT, WIDTH, 3, "f4")
    picture[40:44, 30:34] = [6.0, 4.0, 3.0]
    after = samples(run(flattened(raster(picture.astype(dtype), Layout.RGB, encoding), half_mask())))
    spot = after[41:43, 31:33].astype(np.float32).mean(axis=(0, 1))
    assert spot.min() > 1.0
    assert spot[2] / spot[0] < 0.5  # made warmer, too
    assert np.isfinite(after).all()


def test_gray_layer_changes_in_lightness():
    def darken(picture: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return picture * (1 - mask) + picture * torch.tensor([0.9, 0.7, 0.5]).view(1, 3, 1, 1) * mask

    gray = ramp(HEIGHT, WIDTH, 2, "u1")
    gray[..., 1] = 255
    after = samples(run(over_backdrop(raster(gray, Layout.GRAYA)), darken))
    light = srgb.decode((gray[..., :1].astype(np.float32) / 255) * np.array([0.9, 0.7, 0.5], np.float32))
    expected = srgb.encode(light @ srgb.LUMINANCE)
    np.testing.assert_allclose(after[8:-8, 8:-8, 0] / 255, expected[8:-8, 8:-8], atol=0.02)


def test_premultiplied_and_straight_agree():
    straight = ramp(HEIGHT, WIDTH, 4, "f4")
    straight[..., 3] = round_alpha(HEIGHT, WIDTH, "f4")
    premultiplied = straight.copy()
    premultiplied[..., :3] *= straight[..., 3:]
    one = samples(run(over_backdrop(raster(straight, Layout.RGBA))))
    other = samples(run(over_backdrop(raster(premultiplied, Layout.RGBA, alpha=Alpha.PREMULTIPLIED))))
    np.testing.assert_allclose(one[..., :3] * one[..., 3:], other[..., :3], atol=1e-5)


def test_byte_orders_agree():
    pixels = ramp(HEIGHT, WIDTH, 4, "u1")
    one = samples(run(over_backdrop(raster(pixels, Layout.RGBA))))
    other = samples(run(over_backdrop(raster(pixels[..., [2, 1, 0, 3]], Layout.BGRA))))
    assert np.array_equal(one, other[..., [2, 1, 0, 3]])
