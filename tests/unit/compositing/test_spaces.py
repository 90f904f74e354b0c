"""Colour spaces: profiles made here, and the way to sRGB and back."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import ImageCms
from pipeline_helpers import flattened, ramp, raster, round_alpha, run, samples

from samelight.compositing.profiles import parse_matrix_profile
from samelight.compositing.spaces import TableSpace, colour_space
from samelight_wire.errors import UnsupportedFormatError
from samelight_wire.formats import Encoding, Layout

# Colorants under D50 of a space much wider than sRGB (ProPhoto's primaries).
WIDE = np.array([[0.7977, 0.1352, 0.0313], [0.2880, 0.7119, 0.0001], [0.0, 0.0, 0.8249]])


def profile(space: bytes, curve: bytes, colorants=None) -> bytes:
    """A minimal ICC profile: header, tag table, one curve for all channels, colorants."""
    elements = {b"kTRC": curve} if space == b"GRAY" else dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    if colorants is not None:
        for column, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ")):
            fixed = [round(value * 65536) for value in colorants[:, column]]
            elements[name] = b"XYZ \0\0\0\0" + struct.pack(">3i", *fixed)
    table, body, offset = b"", b"", 132 + 12 * len(elements)
    for name, element in elements.items():
        table += struct.pack(">4sII", name, offset + len(body), len(element))
        body += element + b"\0" * (-len(element) % 4)
    header = bytearray(128)
    header[16:24] = space + b"XYZ "
    return bytes(header) + struct.pack(">I", len(elements)) + table + body


def gamma_curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"


def table_curve(values) -> bytes:
    words = np.rint(np.asarray(values) * 65535).astype(">u2").tobytes()
    return b"curv\0\0\0\0" + struct.pack(">I", len(values)) + words


def parametric_curve(kind: int, *values: float) -> bytes:
    fixed = [round(value * 65536) for value in values]
    return b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + struct.pack(f">{len(fixed)}i", *fixed)


LINEAR = b"curv\0\0\0\0" + struct.pack(">I", 0)
SRGB_CURVE = parametric_curve(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def test_library_made_srgb_profile_changes_nothing():
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    values = np.random.default_rng(0).random((50, 3)).astype(np.float32)
    space = colour_space(raster(values[None], Layout.RGB, Encoding.ICC, icc=icc))
    np.testing.assert_allclose(space.to_srgb(values), values, atol=2e-3)


@pytest.mark.parametrize(
    ("curve", "light_of_half"),
    [
        (gamma_curve(2.2), 0.5**2.2),
        (gamma_curve(1.0), 0.5),
        (LINEAR, 0.5),
        (table_curve(np.linspace(0, 1, 1024) ** 1.8), 0.5**1.8),
        (parametric_curve(0, 2.4), 0.5**2.4),
        (SRGB_CURVE, 0.21404),
    ],
)
def test_curves_are_read(curve, light_of_half):
    parsed = parse_matrix_profile(profile(b"RGB ", curve, WIDE))
    assert parsed.curves[0].decode(np.array(0.5)) == pytest.approx(light_of_half, abs=2e-4)
    codes = np.linspace(-0.5, 2, 50)
    np.testing.assert_allclose(parsed.curves[0].encode(parsed.curves[0].decode(codes)), codes, atol=1e-3)
    assert parsed.linear == (light_of_half > 0.4)


@pytest.mark.parametrize(
    "curve",
    [
        parametric_curve(1, 2.2, 0.0, 0.1),  # its break lies at -b / a
        parametric_curve(0, -1.0),
        parametric_curve(0, 0.0),
        gamma_curve(0.0),
        table_curve([0.5, 0.5]),
    ],
)
def test_curve_that_nothing_can_be_done_with_is_not_read(curve):
    assert parse_matrix_profile(profile(b"RGB ", curve, WIDE)) is None


def test_colours_beyond_a_curve_that_stands_still_at_its_end_stay_near():
    clipped = table_curve(np.minimum(np.linspace(0, 1.02, 256), 1))
    curve = parse_matrix_profile(profile(b"RGB ", clipped, WIDE)).curves[0]
    assert curve.decode(np.array(0.5)) == pytest.approx(0.51, abs=1e-3)
    assert 1 <= curve.encode(np.array(1.001)) < 1.01


def test_wide_gamut_colour_lies_outside_srgb_and_comes_back():
    icc = profile(b"RGB ", gamma_curve(1.8), WIDE)
    values = np.array([[[0.1, 0.9, 0.2], [0.9, 0.1, 0.1], [0.5, 0.5, 0.5]]], np.float32)
    space = colour_space(raster(values, Layout.RGB, Encoding.ICC, icc=icc))
    code = space.to_srgb(values)
    assert code[0, 0].min() < -0.1
    gray = code[0, 2]
    assert np.ptp(gray) < 5e-3
    assert np.array_equal(space.carry(values, np.zeros_like(values)), values)
    carried = space.to_srgb(space.carry(values, np.full_like(values, 0.05)))
    np.testing.assert_allclose(carried, code + 0.05, atol=5e-3)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@pytest.mark.parametrize("curve", [gamma_curve(1.8), LINEAR, SRGB_CURVE], ids=["gamma", "linear", "srgb"])
def test_known_change_arrives_in_a_wide_gamut_layer(dtype, curve):
    """The change that the network made in sRGB is found again when the result is converted to sRGB."""
    icc = profile(b"RGB ", curve, WIDE)
    light = ramp(80, 100, 3, "f4") * 0.4 + 0.3
    space = colour_space(raster(light, Layout.RGB, Encoding.ICC, icc=icc))
    if space.linear:
        light = light**2
    top = 1 if dtype == "f4" else np.iinfo(dtype).max
    picture = light.astype(dtype) if dtype == "f4" else np.rint(light * top).astype(dtype)
    mask = np.zeros((80, 100), np.uint8)
    mask[:, :50] = 255
    after = samples(run(flattened(raster(picture, Layout.RGB, Encoding.ICC, icc=icc), mask)))
    result, original = (space.to_srgb(values.astype(np.float32) / top) for values in (after, picture))
    inside = np.s_[6:-6, 6:44]
    expected = original * np.array([1.05, 0.92, 0.75]) + 0.01
    error = np.abs(result - expected)[inside]
    # Beyond the border of sRGB its curve is steep: a few grains there move further than the rest.
    assert np.quantile(error, 0.995) < 0.03
    assert error.mean() < 0.005
    assert np.array_equal(after[:, 50:], picture[:, 50:])


def test_saturated_colours_outside_srgb_change_without_banding():
    icc = profile(b"RGB ", gamma_curve(1.8), WIDE)
    ramp_16 = np.linspace(10000, 60000, 100 * 120).astype(np.uint16).reshape(120, 100).T
    picture = np.stack([ramp_16 // 8, ramp_16, ramp_16 // 6], axis=-1)
    mask = np.zeros((100, 120), np.uint8)
    mask[:, :70] = 255
    after = samples(run(flattened(raster(picture, Layout.RGB, Encoding.ICC, icc=icc), mask)))[:, :70]
    assert (after != picture[:, :70]).mean() > 0.5
    green = np.sort(after[..., 1].ravel()).astype(int)
    assert np.diff(green).max() < 60
    assert len(np.unique(green)) > 4000


def test_gray_profile():
    icc = profile(b"GRAY", gamma_curve(2.2))
    values = ramp(20, 20, 2, "f4")[..., :1]
    space = colour_space(raster(ramp(20, 20, 2, "f4"), Layout.GRAYA, Encoding.ICC, icc=icc))
    code = space.to_srgb(values)
    assert code.shape == (20, 20, 3)
    carried = space.carry(values, np.full_like(code, 0.1))
    np.testing.assert_allclose(space.to_srgb(carried), code + 0.1, atol=2e-3)


def test_space_of_lookup_tables_is_read_through_the_library():
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    values = np.random.default_rng(0).random((5, 7, 3)).astype(np.float32)
    space = TableSpace(icc)
    np.testing.assert_allclose(space.to_srgb(values), values, atol=2 / 255)
    assert np.array_equal(space.carry(values, np.zeros_like(values)), values)


def broken_profile() -> bytes:
    """A profile that lacks a tone curve and is cut short."""
    icc = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    return bytes(icc.replace(b"rTRC", b"xTRC"))[:200]


@pytest.mark.parametrize("icc", [b"nonsense", b"", broken_profile()])
def test_unreadable_profile(icc):
    with pytest.raises(UnsupportedFormatError):
        colour_space(raster(ramp(4, 4, 3, "u1"), Layout.RGB, Encoding.ICC, icc=icc))


def test_gray_layer_with_a_colour_profile():
    with pytest.raises(UnsupportedFormatError):
        colour_space(raster(ramp(4, 4, 2, "u1"), Layout.GRAYA, Encoding.ICC, icc=profile(b"RGB ", LINEAR, WIDE)))


def test_identity_in_a_wide_gamut_gives_the_original_bytes():
    icc = profile(b"RGB ", gamma_curve(1.8), WIDE)
    picture = ramp(50, 60, 3, "u2")
    layer = raster(picture, Layout.RGB, Encoding.ICC, icc=icc)
    outcome = run(flattened(layer, round_alpha(50, 60, "u1")), lambda composite, mask: composite)
    assert bytes(outcome.layer.data) == layer.data
    assert outcome.layer.icc == icc
