"""A picture in memory, with everything about it that its file should keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Picture", "Pixels"]

Pixels = NDArray[Any]


@dataclass(frozen=True)
class Picture:
    """Upright pixels and the file's metadata.

    pixels: H x W x C; U8 or U16 spanning their whole range, or F16 or F32 around 0..1; C is 1 (gray), 2 (gray, alpha),
        3 (RGB) or 4 (RGB, alpha).
    icc: the colour profile's bytes; None means sRGB.
    exif: the EXIF block's bytes, whose orientation says "upright".
    dpi: pixels per inch across and down.
    premultiplied: whether the colours are already multiplied by alpha, as some TIFF files have them.
    lossless: whether the file was one of the WebP files that lose nothing, so that the result's should not either.
    """

    pixels: Pixels
    icc: bytes | None = None
    exif: bytes | None = None
    dpi: tuple[float, float] | None = None
    premultiplied: bool = False
    lossless: bool = False

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def channels(self) -> int:
        """Samples of one pixel, alpha among them."""
        return int(self.pixels.shape[2])

    @property
    def has_alpha(self) -> bool:
        """Whether the last channel is alpha."""
        return self.channels in (2, 4)

    def to_8_bit(self) -> Pixels:
        """The pixels rounded to U8, H x W x C, in the same encoding; floats are clipped to 0..1."""
        if self.pixels.dtype == np.uint8:
            return self.pixels
        if self.pixels.dtype == np.uint16:
            return ((self.pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
        return (np.clip(self.pixels, 0, 1).astype(np.float32) * 255 + 0.5).astype(np.uint8)
