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
from samelight_wire.formats import Alpha, Depth, Raster, Rect

from samelight.compositing.buffers import alpha_channel, as_array, colour_channels, full_scale, row_chunks
from samelight.compositing.coverage import intersect

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
    placed = share_y @ np.moveaxis(sums, 2, 0) @ share_x.T
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
    return (np.maximum(overlap, 0.0) / np.diff(edges)).astype(np.float32)


def _averages(placed: NDArray[np.float32], cell_pixels: float) -> Averages:
    """C + 1 planes of sums (colour x weight, then weight) as averages."""
    weight = placed[-1]
    colour = np.moveaxis(placed[:-1], 0, -1) / np.where(weight > 0, weight, 1.0)[..., None]
    return Averages(np.ascontiguousarray(colour), np.clip(weight / np.float32(cell_pixels), 0.0, 1.0))


def _block_sums(
    raster: Raster, box: tuple[int, int, int, int], block: int, weights: Weights | None, threads: int
) -> NDArray[np.float32]:
    """Sums over blocks x blocks pixels: rows x columns x (C + 1), colour times weight, then weight, in units of 1."""
    top, bottom, left, right = box
    columns = -(-(right - left) // block)
    channels = len(colour_channels(raster.format.layout))
    sums = np.empty((-(-(bottom - top) // block), columns, channels + 1), dtype=np.float32)

    def work(chunk: tuple[int, int]) -> None:
        first, end = top + chunk[0], top + chunk[1]
        extra = None if weights is None else weights(first, end, left, right)
        planes = _weighted(as_array(raster)[first:end, left:right], raster, extra)
        sums[chunk[0] // block : -(-chunk[1] // block)] = _sum_blocks(planes, block)

    chunks = row_chunks(bottom - top, right - left, block)
    if threads == 1 or len(chunks) == 1:
        for chunk in chunks:
            work(chunk)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, chunks))
    return sums


def _weighted(samples: NDArray[Any], raster: Raster, extra: NDArray[np.float32] | None) -> NDArray[np.float32]:
    """Rows x columns x (C + 1): colour times weight, then weight, in R, G, B order and units of 1."""
    form = raster.format
    channels, alpha = colour_channels(form.layout), alpha_channel(form.layout)
    planes = np.empty((*samples.shape[:2], len(channels) + 1), dtype=np.float32)
    unit = np.float32(1 / full_scale(form))
    for plane, channel in enumerate((*channels, alpha)):
        if channel is None:
            planes[..., plane] = 1.0
        else:
            np.multiply(samples[..., channel], unit, out=planes[..., plane], dtype=np.float32)
    if form.depth in (Depth.F16, Depth.F32):
        _tame(planes, form.alpha is Alpha.PREMULTIPLIED)
    colour, weight = planes[..., :-1], planes[..., -1]
    if form.alpha is Alpha.STRAIGHT:
        colour *= weight[..., None]
    if extra is not None:
        planes *= extra[..., None]
    return planes


def _tame(planes: NDArray[np.float32], premultiplied: bool) -> None:
    """Keep float samples within a range that an average survives; alpha within 0..1."""
    weight = np.clip(planes[..., -1:], 0.0, 1.0, out=planes[..., -1:])
    low, high = FLOAT_RANGE
    reach = weight if premultiplied else np.float32(1.0)
    np.clip(planes[..., :-1], low * reach, high * reach, out=planes[..., :-1])


def _sum_blocks(planes: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """Sum rows x columns x C over blocks; blocks at the end may be cut."""
    if block == 1:
        return planes
    rows, columns, channels = planes.shape
    flat = planes.reshape(rows, columns * channels)
    down = np.add.reduceat(flat, np.arange(0, rows, block), axis=0).reshape(-1, columns, channels)
    return np.add.reduceat(down, np.arange(0, columns, block), axis=1)
