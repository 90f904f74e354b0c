"""The strips and tiles of a TIFF page: those that are pictures of their own say again how large they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from samelight.pictures.headers import jpeg2000_size, jpeg_size, webp_size
from samelight_wire.errors import UnsupportedFormatError

__all__ = ["check_segments"]

PLAIN = frozenset({1, 5, 8, 32773, 32946, 34925, 34926, 50000})
"""None, LZW, Deflate, PackBits, LZMA, Zstandard: they are told how many bytes to give, and give no more."""

PICTURES: Mapping[int, Callable[[bytes], tuple[int, int] | None]] = {
    **dict.fromkeys((6, 7, 33007, 34892), jpeg_size),
    **dict.fromkeys((33003, 33004, 33005, 34712), jpeg2000_size),
    50001: webp_size,
}
"""Compressions whose decoders take memory for the size that the strip or tile itself claims."""

LARGEST_BLOCK = 16
"""Pixels across and down that a JPEG encoder may fill up to."""


def check_segments(page: Any, data: bytes) -> None:
    """Finds out before decoding whether any strip or tile claims to be larger than the page says.

    Args:
        page: tifffile's page.
        data: the whole file.

    Raises:
        OSError: one does.
        UnsupportedFormatError: the compression is one whose claims are not known.
    """
    compression = int(page.compression)
    if compression in PLAIN:
        return
    size_of = PICTURES.get(compression)
    if size_of is None:
        raise UnsupportedFormatError(
            "its compression is none that Samelight reads.", "Save it with LZW or Deflate compression, or with none."
        )
    width, height = (page.tilewidth, page.tilelength) if page.is_tiled else (page.imagewidth, page.rowsperstrip)
    for segment in _segments(page, data):
        size = size_of(segment)
        if size is None or size[0] >= width + LARGEST_BLOCK or size[1] >= height + LARGEST_BLOCK:
            raise OSError("a strip or tile has another size than the page says")


def _segments(page: Any, data: bytes) -> Iterator[bytes]:
    """The bytes of each strip or tile that is there; a sparse file leaves some out."""
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False):
        if offset > 0 and count > 0:
            yield data[offset : offset + count]
