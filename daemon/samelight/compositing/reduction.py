"""From full resolution to the working picture: exact area averages, straight from the editor's integers.

Two steps. First whole blocks of source pixels are summed, piece by piece and on several threads, so that a float copy
of a large layer never exists. Then each block's sum is shared out over the cells of the working picture by overlap, so
that nothing has to line up: not the layer with the window, not the block with the cell.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samelight.compositing.buffers import alpha_channel, as_array, colour_channels, full_scale, row_chunks
from samelight.compositing.coverage import intersect
from samelight_wire.formats import Alpha, Depth, Raster, RasterFormat, Rect

__all__ = ["Averages", "reduce"]

Weights = Callable[[int, int, int, int], "NDArray[np.float32] | None"]

# A single blinding pixel of a float picture must not outweigh its whole cell.
FLOAT_RANGE = (-0.5, 2.0)


@dataclass(frozen=True)
class Averages:
    """Area averages over the cells of the working picture."""

    colour: NDArray[np.float32]
    """H x W x C, mean colour of what covers the cell, in the raster's own encoding; 0 where nothing does."""
    weight: NDArray[np.float32]
    """H x W in 0..1, how much of the cell is covered."""


def reduce(
    raster: Raster, rect: Rect, window: Rect, size: tuple[int, int], weights: Weights | None = None, threads: int = 1
) -> Averages:
    """Average a raster over the cells of a window.

    Args:
        raster: the pixels.
        rect: the rectangle of the canvas that they fill; scaled if its size is another one than the raster's.
        window: the rectangle of the canvas that the cells fill; where it leaves `rect` nothing is covered.
        size: (height, width) of the grid of cells.
        weights: (first row, end row, first column, end column) of the raster to its pixels' weights in 0..1, or None
            for 1; they multiply alpha.
        threads: pieces summed at once.
    """
    height, width = size
    form = raster.format
    common = intersect(rect, window)
    if common is None:
        channels = len(colour_channels(form.layout))
        return Averages(np.zeros((height, width, channels), np.float32), np.zeros((height, width), np.float32))
    scale_x, scale_y = rect.width / form.width, rect.height / form.height
    left, right = _pixel_range(common.x - rect.x, common.width, scale_x, form.width)
    top, bottom = _pixel_range(common.y - rect.y, common.height, scale_y, form.height)
    block = max(1, int(min(window.width / width / scale_x, window.height / height / scale_y) / 2))
    sums = _block_sums(raster, (top, bottom, left, right), block, weights, threads)
    share_y = _shares(_edges(top, bottom, block) * scale_y + rect.y, window.y, window.height, height)
    share_x = _shares(_edges(left, right, block) * scale_x + rect.x, window.x, window.width, width)
    placed = np.matmul(share_y, sums) @ share_x.T
    return _averages(placed, (window.width / width / scale_x) * (window.height / height / scale_y))


def _pixel_range(offset: float, extent: float, scale: float, limit: int) -> tuple[int, int]:
    """The pixels (first, end) that a stretch of the canvas touches."""
    return max(0, int(np.floor(offset / scale))), min(limit, int(np.ceil((offset + extent) / scale)))


def _edges(first: int, end: int, block: int) -> NDArray[np.float64]:
    """The borders of the blocks; the last block may be smaller."""
    return np.append(np.arange(first, end, block, dtype=np.float64), end)


def _shares(edges: NDArray[np.float64], origin: float, extent: float, cells: int) -> NDArray[np.float32]:
    """Cells x blocks: the part of each block that lies in each cell."""
    borders = origin + extent * np.arange(cells + 1, dtype=np.float64)[:, None] / cells
    overlap = np.minimum(borders[1:], edges[None, 1:]) - np.maximum(borders[:-1], edges[None, :-1])
    shares: NDArray[np.float32] = (np.maximum(overlap, 0.0) / np.diff(edges)).astype(np.float32)
    return shares


def _averages(placed: NDArray[np.float32], cell_pixels: float) -> Averages:
    """C + 1 planes of sums (colour x weight, then weight) as averages."""
    weight = placed[-1]
    colour = np.moveaxis(placed[:-1], 0, -1) / np.where(weight > 0, weight, 1.0)[..., None]
    return Averages(np.ascontiguousarray(colour), np.clip(weight / np.float32(cell_pixels), 0.0, 1.0))


def _block_sums(
    raster: Raster, box: tuple[int, int, int, int], block: int, weights: Weights | None, threads: int
) -> NDArray[np.float32]:
    """Sums over block x block pixels: (C + 1) x rows x columns, colour times weight, then weight, in units of 1."""
    top, bottom, left, right = box
    channels = len(colour_channels(raster.format.layout))
    sums = np.empty((channels + 1, -(-(bottom - top) // block), -(-(right - left) // block)), dtype=np.float32)

    def work(chunk: tuple[int, int]) -> None:
        first, end = top + chunk[0], top + chunk[1]
        extra = None if weights is None else weights(first, end, left, right)
        planes = _weighted(as_array(raster)[first:end, left:right], raster.format, extra)
        sums[:, chunk[0] // block : -(-chunk[1] // block)] = _sum_blocks(planes, block)

    chunks = row_chunks(bottom - top, right - left, block)
    if threads == 1 or len(chunks) == 1:
        for chunk in chunks:
            work(chunk)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, chunks))
    return sums * _units(raster.format)


def _weighted(samples: NDArray[Any], form: RasterFormat, extra: NDArray[np.float32] | None) -> NDArray[np.float32]:
    """(C + 1) x rows x columns: colour times weight, then weight, in R, G, B order; see `_units`."""
    channels, alpha = colour_channels(form.layout), alpha_channel(form.layout)
    planes = np.empty((len(channels) + 1, *samples.shape[:2]), dtype=np.float32)
    for plane, channel in enumerate(channels):
        planes[plane] = samples[..., channel]
    planes[-1] = 1.0 if alpha is None else samples[..., alpha]
    if form.depth in (Depth.F16, Depth.F32):
        _tame(planes, form.alpha is Alpha.PREMULTIPLIED)
    if form.alpha is Alpha.STRAIGHT:
        planes[:-1] *= planes[-1]
    if extra is not None:
        planes *= extra
    return planes


def _units(form: RasterFormat) -> NDArray[np.float32]:
    """C + 1 factors that turn sums of samples into units of 1: two samples are multiplied where alpha is straight."""
    one = 1 / full_scale(form)
    colour = one * one if form.alpha is Alpha.STRAIGHT else one
    weight = 1.0 if form.alpha is Alpha.NONE else one
    factors = [colour] * len(colour_channels(form.layout)) + [weight]
    return np.array(factors, dtype=np.float32)[:, None, None]


def _tame(planes: NDArray[np.float32], premultiplied: bool) -> None:
    """Keep float samples within a range that an average survives; alpha within 0..1."""
    weight = np.clip(planes[-1], 0.0, 1.0, out=planes[-1])
    low, high = FLOAT_RANGE
    reach = weight if premultiplied else np.float32(1.0)
    np.clip(planes[:-1], low * reach, high * reach, out=planes[:-1])


def _sum_blocks(planes: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """Sum P x rows x columns over blocks; blocks at the end may be cut."""
    if block == 1:
        return planes
    _, rows, columns = planes.shape
    down = np.add.reduceat(planes, np.arange(0, rows, block), axis=1)
    return np.add.reduceat(down, np.arange(0, columns, block), axis=2)
