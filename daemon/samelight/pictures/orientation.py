"""EXIF orientation: how the pixels of a file have to be turned to be upright."""

from __future__ import annotations

from samelight.pictures.picture import Pixels

__all__ = ["ORIENTATION_TAG", "upright"]

ORIENTATION_TAG = 0x0112


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """Turns H x W x C pixels that are stored in one of EXIF's orientations (1..8; 1 is upright, so is nonsense)."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels
