"""Unknown places filled smoothly from the known ones around them, so that a network sees no black hole."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["fill_unknown"]

Array = NDArray[np.float32]

LEAST = np.float32(1e-8)  # a divisor that is never zero


def fill_unknown(colour: Array, known: Array) -> Array:
    """Push and pull: average the known to ever coarser pictures, then let each coarser one fill the finer one's holes.

    Args:
        colour: H x W x C; read only where something is known.
        known: H x W in 0..1, how much of each place is known; somewhere above 0.

    Returns: H x W x C; the colour itself where known is 1.
    """
    weighted = colour * known[..., None]
    # A cell that is known to a tenth is a reliable source: in coarser pictures it counts as a whole one would.
    filled = _pull(weighted, known)
    return weighted + (1 - known)[..., None] * filled


def _pull(weighted: Array, known: Array) -> Array:
    """The smooth picture below: H x W x C from sums of colour times weight, and weights."""
    height, width = known.shape
    if height == 1 and width == 1:
        return _divide(weighted, known)
    coarse_colour, coarse_known = _halve(weighted), _halve(known[..., None])[..., 0]
    coarse = _pull(coarse_colour, coarse_known)
    confidence = np.minimum(coarse_known, np.float32(1))[..., None]
    own = _divide(coarse_colour, coarse_known)
    blended = confidence * own + (1 - confidence) * coarse
    return _double(blended.astype(np.float32, copy=False), height, width)


def _divide(weighted: Array, weight: Array) -> Array:
    """Means from sums: H x W x C by H x W."""
    means: Array = np.divide(weighted, np.maximum(weight, LEAST)[..., None], dtype=np.float32)
    return means


def _halve(picture: Array) -> Array:
    """Sums of 2 x 2 cells: weights add up, so that sparse knowledge gains confidence with distance."""
    height, width = picture.shape[:2]
    padded = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)))
    return padded[::2, ::2] + padded[1::2, ::2] + padded[::2, 1::2] + padded[1::2, 1::2]


def _double(picture: Array, height: int, width: int) -> Array:
    """Linear interpolation to twice the size, cut to height x width."""
    return _double_axis(_double_axis(picture, 0, height), 1, width)


def _double_axis(picture: Array, axis: int, length: int) -> Array:
    cells = picture.shape[axis]
    position = np.clip((np.arange(length) + 0.5) / 2 - 0.5, 0, cells - 1)
    lower = position.astype(np.intp)
    upper = np.minimum(lower + 1, cells - 1)
    shape = [1, 1, 1]
    shape[axis] = length
    mix = (position - lower).astype(np.float32).reshape(shape)
    doubled: Array = picture.take(lower, axis) * (1 - mix) + picture.take(upper, axis) * mix
    return doubled
