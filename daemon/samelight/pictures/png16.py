"""PNG with 16 bits a sample, which Pillow rounds to 8."""

from __future__ import annotations

import struct
import zlib

import imagecodecs
import numpy as np

from samelight.pictures.picture import Picture, Pixels

__all__ = ["decode_png16", "encode_png16"]

HEADER_END = 33  # the signature and the IHDR chunk
METRES_PER_INCH = 0.0254


def decode_png16(data: bytes) -> Pixels:
    """The samples of a 16-bit PNG file, H x W x C of U16.

    Raises:
        OSError: the file is damaged.
    """
    try:
        pixels: Pixels = imagecodecs.png_decode(data)
    except imagecodecs.PngError as error:
        raise OSError(str(error)) from error
    return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels


def encode_png16(picture: Picture) -> bytes:
    """A PNG file of a U16 picture with its profile, resolution and EXIF block."""
    pixels = picture.pixels[..., 0] if picture.channels == 1 else picture.pixels
    # Level 3 takes a third of the time of the usual 6 and gives files 2 % larger.
    encoded = bytes(imagecodecs.png_encode(np.ascontiguousarray(pixels), level=3))
    return encoded[:HEADER_END] + _metadata(picture) + encoded[HEADER_END:]


def _metadata(picture: Picture) -> bytes:
    """The chunks that go between the header and the pixels."""
    chunks = b""
    if picture.icc:
        chunks += _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(picture.icc))
    if picture.dpi:
        across, down = (round(value / METRES_PER_INCH) for value in picture.dpi)
        chunks += _chunk(b"pHYs", struct.pack(">IIB", across, down, 1))
    if picture.exif:
        chunks += _chunk(b"eXIf", picture.exif.removeprefix(b"Exif\0\0"))
    return chunks


def _chunk(name: bytes, content: bytes) -> bytes:
    """A PNG chunk: length, name, content, checksum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
