"""Rasters and rectangles: sizes, what goes together, what is refused."""

from __future__ import annotations

import array

import pytest

from samelight_wire.errors import MalformedMessageError, UnsupportedFormatError
from samelight_wire.formats import LARGEST_SIDE, Alpha, Depth, Encoding, Layout, Raster, RasterFormat, Rect

from .samples import PROFILE, raster


@pytest.mark.parametrize(
    ("layout", "depth", "length"),
    [
        (Layout.RGBA, Depth.U8, 4),
        (Layout.BGRA, Depth.U16, 8),
        (Layout.GRAYA, Depth.F16, 4),
        (Layout.RGB, Depth.F32, 12),
        (Layout.MASK, Depth.U8, 1),
        (Layout.MASK, Depth.F32, 4),
    ],
)
def test_byte_length(layout: Layout, depth: Depth, length: int) -> None:
    assert RasterFormat(7, 5, layout, depth).byte_length == 35 * length


@pytest.mark.parametrize("layout", list(Layout))
def test_alpha_is_stated_exactly_where_there_is_one(layout: Layout) -> None:
    shape = RasterFormat(1, 1, layout, Depth.U8)
    shape.validate()
    assert (shape.alpha is Alpha.STRAIGHT) == layout.has_alpha
    wrong = Alpha.NONE if layout.has_alpha else Alpha.PREMULTIPLIED
    with pytest.raises(UnsupportedFormatError, match=layout.value):
        RasterFormat(1, 1, layout, Depth.U8, alpha=wrong).validate()


@pytest.mark.parametrize("encoding", [Encoding.LINEAR_SRGB, Encoding.ICC])
def test_a_mask_has_no_colour_encoding(encoding: Encoding) -> None:
    with pytest.raises(UnsupportedFormatError, match=encoding.value):
        RasterFormat(1, 1, Layout.MASK, Depth.U8, encoding).validate()


@pytest.mark.parametrize("size", [(0, 1), (1, 0), (-1, 1), (LARGEST_SIDE + 1, 1), (True, 1), (1.0, 1), ("1", 1)])
def test_impossible_sizes_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(MalformedMessageError, match=r"width|height"):
        RasterFormat(*size, Layout.RGB, Depth.U8).validate()
    with pytest.raises(MalformedMessageError, match=r"width|height"):
        Rect(0, 0, *size).validate()


@pytest.mark.parametrize("place", [(LARGEST_SIDE + 1, 0), (0, -LARGEST_SIDE - 1), (0.5, 0), (0, None)])
def test_impossible_places_are_refused(place: tuple[int, int]) -> None:
    with pytest.raises(MalformedMessageError, match=r"'[xy]'"):
        Rect(*place, 1, 1).validate()


def test_rectangles_may_lie_outside_the_canvas() -> None:
    Rect(-300, -200, 100, 50).validate()


def test_data_has_to_fill_the_format() -> None:
    shape = RasterFormat(2, 2, Layout.RGB, Depth.U8)
    Raster(shape, bytes(12)).validate()
    with pytest.raises(MalformedMessageError, match="12 bytes, but 11"):
        Raster(shape, bytes(11)).validate()


def test_a_profile_goes_with_the_encoding_icc_only() -> None:
    raster(encoding=Encoding.ICC).validate()
    with pytest.raises(MalformedMessageError, match="profile"):
        Raster(raster(encoding=Encoding.ICC).format, raster().data).validate()
    with pytest.raises(MalformedMessageError, match="profile"):
        Raster(raster().format, raster().data, PROFILE).validate()


def test_any_contiguous_buffer_serves_and_is_not_copied() -> None:
    samples = array.array("f", range(8))
    floats = Raster(RasterFormat(2, 1, Layout.RGBA, Depth.F32), memoryview(samples))
    floats.validate()
    samples[0] = 5.0
    assert floats.octets[:4].tobytes() == array.array("f", [5.0]).tobytes()
    with pytest.raises(MalformedMessageError, match="one piece"):
        Raster(RasterFormat(1, 1, Layout.RGBA, Depth.F32), memoryview(samples)[::2]).validate()


def test_pixels_do_not_stand_in_error_texts() -> None:
    assert "\\x" not in repr(raster(100, 100))
