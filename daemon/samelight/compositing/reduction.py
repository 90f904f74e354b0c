"""From full resolution to the working picture: exact area averages, straight from the editor's integers.

Two steps. First blocks of source pixels are summed, piece by piece and on several threads, so that a float copy of a
large layer never exists. Then each block's sum goes to the cells of the working picture: a block lies within one cell,
or is a single pixel that is shared out by area. So nothing has to line up, and a layer may lie anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samelight.compositing.buffers import CHUNK_PIXELS, alpha_channel, as_array, colour_channels, full_scale
from samelight.compositing.coverage import intersect
from samelight.parallel import for_each
from samelight_wire.formats import Alpha, Depth, Raster, RasterFormat, Rect

__all__ = ["Averages", "reduce"]

Weights = Callable[[int, int, int, int], "NDArray[np.float32] | None"]

THREADED_PIXELS = 4_000_000
"""Rasters with fewer pixels are summed by one thread."""

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
    rows = _Blocks((window.y - rect.y) / scale_y, window.height / scale_y, height, form.height)
    columns = _Blocks((window.x - rect.x) / scale_x, window.width / scale_x, width, form.width)
    sums = _block_sums(raster, rows.edges, columns.edges, weights, threads)
    placed = columns.place(rows.place(sums, axis=1), axis=2)
    return _averages(placed, (window.width / width / scale_x) * (window.height / height / scale_y))


class _Blocks:
    """Blocks of pixels along one axis: a pixel that a border between cells cuts is a block by itself, the uncut ones
    between two borders are one together.

    Args:
        origin: the first cell's border, in pixels of the raster.
        extent: what all cells cover, in pixels.
        cells: how many they are.
        pixels: how many pixels there are; no block goes beyond.
    """

    def __init__(self, origin: float, extent: float, cells: int, pixels: int) -> None:
        self._borders = np.clip(origin + extent * np.arange(cells + 1) / cells, 0, pixels)
        self.edges = np.unique(np.concatenate([np.floor(self._borders), np.ceil(self._borders)])).astype(np.intp)
        """Where blocks begin, and where the last one ends."""

    def place(self, sums: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
        """Sums over blocks to sums over cells.

        A cell meets three blocks at most: the pixel that its first border cuts, those between, the one that its last
        border cuts. Of each it takes the part that lies in it.
        """
        last = len(self.edges) - 2
        first = np.clip(np.searchsorted(self.edges, self._borders[:-1], side="right") - 1, 0, last)
        placed = np.zeros((*sums.shape[:axis], len(first), *sums.shape[axis + 1 :]), np.float32)
        for block in (first, first + 1, first + 2):
            share = np.where(block <= last, self._share(np.minimum(block, last)), np.float32(0))
            across = share.reshape(-1, *[1] * (sums.ndim - 1 - axis))
            placed += sums.take(np.minimum(block, last), axis) * across
        return placed

    def _share(self, block: NDArray[np.intp]) -> NDArray[np.float32]:
        """The part of a block that lies in a cell, for each cell and its block."""
        low, high = self.edges[block], self.edges[block + 1]
        overlap = np.minimum(self._borders[1:], high) - np.maximum(self._borders[:-1], low)
        share: NDArray[np.float32] = (np.clip(overlap, 0, None) / (high - low)).astype(np.float32)
        return share


def _averages(placed: NDArray[np.float32], cell_pixels: float) -> Averages:
    """C + 1 planes of sums (colour x weight, then weight) as averages."""
    # Less than a millionth of a pixel is nothing but rounding.
    covered = placed[-1] > 1e-6
    colour = np.where(covered, placed[:-1] / np.where(covered, placed[-1], 1.0), 0.0)
    weight = np.where(covered, np.clip(placed[-1] / cell_pixels, 0.0, 1.0), 0.0)
    return Averages(np.ascontiguousarray(np.moveaxis(colour, 0, -1), np.float32), weight.astype(np.float32))


def _block_sums(
    raster: Raster, rows: NDArray[np.intp], columns: NDArray[np.intp], weights: Weights | None, threads: int
) -> NDArray[np.float32]:
    """Sums over blocks, given by their edges: (C + 1) x rows x columns, colour times weight, then weight."""
    left, right = int(columns[0]), int(columns[-1])
    channels = len(colour_channels(raster.format.layout))
    sums = np.empty((channels + 1, len(rows) - 1, len(columns) - 1), dtype=np.float32)
    # Where every pixel counts as one, a block's weight is its area: a plane less to sum.
    opaque = raster.format.alpha is Alpha.NONE and weights is None
    summed = channels if opaque else channels + 1
    if opaque:
        sums[-1] = np.multiply.outer(np.diff(rows), np.diff(columns))

    def work(chunk: tuple[int, int]) -> None:
        blocks = rows[chunk[0] : chunk[1] + 1]
        first, end = int(blocks[0]), int(blocks[-1])
        extra = None if weights is None else weights(first, end, left, right)
        planes = _weighted(as_array(raster)[first:end, left:right], raster.format, extra)[:summed]
        down = np.empty((summed, len(blocks) - 1, right - left), dtype=np.float32)
        for row, (top, bottom) in enumerate(pairwise((blocks - first).tolist())):
            np.add.reduce(planes[:, top:bottom], axis=1, out=down[:, row])
        sums[:summed, chunk[0] : chunk[1]] = np.add.reduceat(down, columns[:-1] - left, axis=2)

    # On few pixels threads only wait for each other at the interpreter's lock.
    few = raster.format.width * raster.format.height < THREADED_PIXELS
    for_each(work, _chunks(rows, right - left), 1 if few else threads)
    return sums * _units(raster.format)


def _chunks(rows: NDArray[np.intp], width: int) -> list[tuple[int, int]]:
    """Ranges of blocks (first, end) that hold about CHUNK_PIXELS pixels each."""
    piece = (rows[:-1] - rows[0]) // max(1, CHUNK_PIXELS // width)
    starts = np.flatnonzero(np.diff(piece, prepend=-1)).tolist()
    return list(pairwise([*starts, len(rows) - 1]))


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
