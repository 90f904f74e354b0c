"""Colours that leave the range of their depth: brought back without turning their hue."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["clip_keeping_hue", "raise_keeping_hue"]

Array = NDArray[np.float32]

ZERO = np.float32(0)


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


def raise_keeping_hue(planes: Array, plain: Array) -> None:
    """Raise colours of a float depth in place to where they are negative only where they were negative before.

    Values above 1 stay, as float depths have them. What is raised keeps its hue as in `clip_keeping_hue`.

    Args:
        planes: C x ... channels after a change; C is 3, or 1 for gray.
        plain: the same before it.
    """
    if all(float(plane.min()) >= 0 for plane in planes):
        return
    if len(planes) == 3:
        _squeeze(planes, np.float32(np.inf), np.minimum(_lowest(plain), 0))
    for plane, before in zip(planes, plain, strict=True):
        np.maximum(plane, np.minimum(before, 0), out=plane)


def _lowest(planes: Array) -> Array:
    lowest: Array = np.minimum(np.minimum(planes[0], planes[1]), planes[2])
    return lowest


def _squeeze(planes: Array, top: np.float32, bottom: Array | np.float32 = ZERO) -> None:
    """Move the channels of each colour that leaves bottom..top along a straight line, so that its extremes come to
    rest on the borders they crossed.
    """
    low = _lowest(planes)
    high = np.maximum(np.maximum(planes[0], planes[1]), planes[2])
    outside = (low < bottom) | (high > top)
    new_low, new_high = np.clip(low, bottom, top), np.clip(high, bottom, top)
    high -= low
    np.maximum(high, np.float32(1e-6), out=high)
    new_high -= new_low
    new_high /= high
    for plane in planes:
        moved = plane - low
        moved *= new_high
        moved += new_low
        np.copyto(plane, moved, where=outside)
