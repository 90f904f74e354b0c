"""GIMP's pixels as rasters, and back, in bands: so no more than one copy of a layer is ever in memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from gi.repository import Gegl, Gimp

from samelight_wire import Raster, Rect
from samelight_wire.errors import InternalError, OutOfMemoryError

from .colour import PixelFormat

__all__ = ["checksum", "checksum_of", "read", "read_scaled", "write"]

BAND_BYTES = 16 * 1024 * 1024
TILE = 64  # GIMP's tiles are so many rows high: no tile is fetched twice


def read(drawable: Gimp.Drawable, form: PixelFormat, part: Rect) -> Raster:
    """A part of a drawable's own pixels: without opacity, mask and filters.

    Args:
        drawable: a layer, mask or selection.
        form: how the pixels are wanted.
        part: which, in the drawable's own coordinates.

    Raises:
        OutOfMemoryError: there is no room for so many pixels.
    """
    shape = form.raster_format(part.width, part.height)
    try:
        data = bytearray(shape.byte_length)
    except MemoryError as error:
        raise OutOfMemoryError() from error
    start = 0
    for band in _read_bands(drawable, form, part):
        data[start : start + len(band)] = band
        start += len(band)
    return Raster(shape, memoryview(data).toreadonly(), form.icc)


def checksum(drawable: Gimp.Drawable, form: PixelFormat, part: Rect) -> int:
    """The checksum of what `read` would give now, without as much memory.

    A CRC is several times quicker than any digest, and nobody paints in order to deceive it.
    """
    value = 0
    for band in _read_bands(drawable, form, part):
        value = zlib.crc32(band, value)
    return value


def checksum_of(raster: Raster) -> int:
    """The checksum of pixels that have been read."""
    return zlib.crc32(raster.octets)


def read_scaled(drawable: Gimp.Drawable, form: PixelFormat, longest: int) -> Raster:
    """All of a drawable, averaged down by GIMP to at most so many pixels on its longer side."""
    # libgimp leaves GEGL's tables for averaging code values of 8 bits empty (3.0.4, 3.2.6): all would come out black.
    Gegl.init(None)
    full = drawable.get_width(), drawable.get_height()
    scale = min(1.0, longest / max(full))
    width, height = (max(1, round(side * scale)) for side in full)
    shape = form.raster_format(width, height)
    rectangle = Gegl.Rectangle.new(0, 0, width, height)
    return Raster(shape, _get(drawable.get_buffer(), rectangle, scale, form, shape.byte_length), form.icc)


def write(drawable: Gimp.Drawable, form: PixelFormat, raster: Raster) -> None:
    """Fill a drawable that is in no image yet.

    Raises:
        InternalError: the raster is not what the drawable takes; GIMP itself would ignore that silently.
    """
    shape, octets = raster.format, raster.octets
    width, height = drawable.get_width(), drawable.get_height()
    if octets.nbytes != form.raster_format(width, height).byte_length:
        raise InternalError(f"{shape.width} x {shape.height} pixels do not fit into a layer of {width} x {height}.")
    buffer, row = drawable.get_buffer(), width * form.pixel_bytes
    for top, rows in _bands(height, row):
        band = bytes(octets[top * row : (top + rows) * row])
        buffer.set(Gegl.Rectangle.new(0, top, width, rows), form.babl, band)
    buffer.flush()


def _read_bands(drawable: Gimp.Drawable, form: PixelFormat, part: Rect) -> Iterator[bytes]:
    """A part of a drawable's own pixels, band by band."""
    buffer, row = drawable.get_buffer(), part.width * form.pixel_bytes
    for top, rows in _bands(part.height, row):
        rectangle = Gegl.Rectangle.new(part.x, part.y + top, part.width, rows)
        yield _get(buffer, rectangle, 1.0, form, rows * row)


def _bands(height: int, row_bytes: int) -> Iterator[tuple[int, int]]:
    """First row and number of rows of each band."""
    rows = max(1, BAND_BYTES // row_bytes // TILE) * TILE
    for top in range(0, height, rows):
        yield top, min(rows, height - top)


def _get(buffer: Gegl.Buffer, rectangle: Gegl.Rectangle, scale: float, form: PixelFormat, length: int) -> bytes:
    """Pixels of a buffer. Raises InternalError if GIMP gives another number of bytes than it should."""
    data: bytes = buffer.get(rectangle, scale, form.babl, Gegl.AbyssPolicy.NONE)
    if len(data) != length:
        raise InternalError(f"GIMP gave {len(data)} bytes of pixels instead of {length}.")
    return data
