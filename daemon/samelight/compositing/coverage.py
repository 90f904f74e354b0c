"""Where something counts: a mask laid over another raster's pixels, read piece by piece as 0..1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samelight.compositing.buffers import as_array, full_scale
from samelight_wire.formats import Raster, Rect

__all__ = ["Coverage", "intersect", "trim"]


@dataclass(frozen=True)
class Coverage:
    """The product of masks, seen in the pixel coordinates of one layer; 1 everywhere without any mask."""

    frame: Rect
    """The layer's rectangle on the canvas."""
    masks: tuple[tuple[Raster, Rect], ...] = ()
    """Masks with their rectangles on the canvas; each is 0 outside its rectangle."""

    def rows(self, first: int, end: int, left: int = 0, right: int | None = None) -> NDArray[np.float32] | None:
        """The coverage of the layer's rows first..end-1 and columns left..right-1 as 0..1; None where it is 1 by
        definition, because there is no mask.
        """
        right = self.frame.width if right is None else right
        product: NDArray[np.float32] | None = None
        for raster, rect in self.masks:
            values = self._read(raster, rect, first, end, left, right)
            product = values if product is None else product * values
        return product

    def _read(self, raster: Raster, rect: Rect, first: int, end: int, left: int, right: int) -> NDArray[np.float32]:
        values = np.zeros((end - first, right - left), dtype=np.float32)
        wanted = Rect(self.frame.x + left, self.frame.y + first, right - left, end - first)
        common = intersect(wanted, rect)
        if common is not None:
            source = as_array(raster)[common.y - rect.y :, common.x - rect.x :, 0][: common.height, : common.width]
            target = values[common.y - wanted.y :, common.x - wanted.x :][: common.height, : common.width]
            np.multiply(source, np.float32(1 / full_scale(raster.format)), out=target, dtype=np.float32)
            np.clip(target, 0.0, 1.0, out=target)
        return values


def intersect(one: Rect, other: Rect) -> Rect | None:
    """What two rectangles share; None if that is nothing."""
    left, top = max(one.x, other.x), max(one.y, other.y)
    right = min(one.x + one.width, other.x + other.width)
    bottom = min(one.y + one.height, other.y + other.height)
    return Rect(left, top, right - left, bottom - top) if right > left and bottom > top else None


def trim(raster: Raster, rect: Rect, channel: int, within: Rect) -> Rect | None:
    """The smallest rectangle that holds every sample of one channel that is not 0.

    Args:
        raster: the samples.
        rect: where they lie on the canvas.
        channel: which sample of a pixel counts.
        within: only this part of the canvas is looked at.

    Returns: a part of `within`; None if all samples there are 0.
    """
    common = intersect(rect, within)
    if common is None:
        return None
    samples = as_array(raster)[common.y - rect.y :, common.x - rect.x :, channel][: common.height, : common.width]
    top, bottom = _extent(samples)
    if top == bottom:
        return None
    left, right = _extent(samples[top:bottom].T)
    return Rect(common.x + left, common.y + top, right - left, bottom - top)


def _extent(samples: NDArray[np.generic]) -> tuple[int, int]:
    """The first row with a sample that is not 0, and the end of the last such row; the same number without any."""
    first = _empty_rows(samples)
    return (first, samples.shape[0] - _empty_rows(samples[::-1])) if first < samples.shape[0] else (0, 0)


def _empty_rows(samples: NDArray[np.generic], step: int = 32) -> int:
    """How many rows at the beginning hold zeros only; looks no further than it has to."""
    for start in range(0, samples.shape[0], step):
        occupied = samples[start : start + step].any(axis=1)
        if occupied.any():
            return start + int(occupied.argmax())
    return len(samples)
