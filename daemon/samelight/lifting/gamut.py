"""Colours that leave the range of an integer depth: brought back without turning their hue."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["clip_keeping_hue"]

Array = NDArray[np.float32]


def clip_keeping_hue(planes: Array, top: float) -> None:
    """Clip colours to 0..top in place.

    Clipping each channel by itself turns bright skin yellow and bright sky cyan. Here the largest and the smallest
    channel are clipped and the middle one keeps its place between them, so that the hue stays.

    Args:
        planes: C x ... channels; C is 3, or 1 for gray, which is simply clipped.
        top: the largest value.
    """
    if all(float(plane.min()) >= 0 and float(plane.max()) <= top for plane in planes):
        return
    if len(planes) == 3:
        _squeeze(planes, np.float32(top))
    np.clip(planes, 0, top, out=planes)


def _squeeze(planes: Array, top: np.float32) -> None:
    """Move the channels of each colour that leaves 0..top along a straight line, so that its extremes come to rest on
    the borders they crossed.
    """
    low = np.minimum(np.minimum(planes[0], planes[1]), planes[2])
    high = np.maximum(np.maximum(planes[0], planes[1]), planes[2])
    outside = (low < 0) | (high > top)
    new_low, new_high = np.clip(low, 0, top), np.clip(high, 0, top)
    high -= low
    np.maximum(high, np.float32(1e-6), out=high)
    new_high -= new_low
    new_high /= high
    for plane in planes:
        moved = plane - low
        moved *= new_high
        moved += new_low
        np.copyto(plane, moved, where=outside)
