"""The outline of a mask, to be laid over pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

__all__ = ["outline"]


def outline(mask: NDArray[np.uint8]) -> Image.Image:
    """A white line inside a black one along the mask's edge, transparent elsewhere, so that it shows on everything.

    Args:
        mask: H x W; 128 and more is foreground.
    """
    # A border of background, so that an object that leaves the picture is outlined along the picture's edge too.
    inside = Image.fromarray(np.pad(np.where(mask >= 128, 255, 0).astype(np.uint8), 3))
    width = 5 if max(mask.shape) >= 512 else 3
    dark = _band(inside, width + 2)
    light = _band(inside, width - 2 if width > 3 else 3)
    pixels = np.zeros((*dark.shape, 4), np.uint8)
    pixels[dark > 0] = (0, 0, 0, 200)
    pixels[light > 0] = (255, 255, 255, 255)
    return Image.fromarray(pixels[3:-3, 3:-3])


def _band(inside: Image.Image, width: int) -> NDArray[np.uint8]:
    """Where a square of this odd width around a pixel holds both foreground and background."""
    high, low = inside.filter(ImageFilter.MaxFilter(width)), inside.filter(ImageFilter.MinFilter(width))
    return np.asarray(high, np.uint8) - np.asarray(low, np.uint8)
