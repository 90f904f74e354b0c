"""A colour change applied to a layer's own pixels, in row tiles and in their own depth.

Every value depends on its pixel alone, through the same sequence of additions and multiplications: neither the size of
a tile nor the number of threads changes any of them.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from samelight_wire.formats import Alpha, RasterFormat

from samelight.lifting.change import Change
from samelight.lifting.samples import SampleCodec

__all__ = ["Weights", "apply_change"]

Array = NDArray[np.float32]

TILE_PIXELS = 1 << 15
"""Pixels worked on at once: their float planes stay in a core's cache."""


class Weights(Protocol):
    """How strongly each pixel may change."""

    def rows(self, first: int, end: int, left: int = 0, right: int | None = None) -> Array | None:
        """Rows x columns in 0..1 of these rows and columns of the layer; None for 1 everywhere."""


def apply_change(
    change: Change,
    pixels: NDArray[Any],
    form: RasterFormat,
    *,
    origin: tuple[int, int],
    linear: bool = False,
    strength: float = 1.0,
    weights: Weights | None = None,
    threads: int = 1,
    tile_pixels: int = TILE_PIXELS,
) -> NDArray[Any]:
    """The layer's pixels after the change.

    Args:
        change: fitted to colours of the same encoding, on the sRGB curve if `linear`.
        pixels: H x W x C samples; not changed.
        form: their format.
        origin: (x, y) of the first pixel on the canvas.
        linear: samples are proportional to light.
        strength: 0..1, a blend from before to after.
        weights: the same for each pixel; where it is 0 the original bytes stay.
        threads: tiles worked on at once.
        tile_pixels: about how many pixels a tile has; it changes no value.

    Returns: a new array like `pixels`, alpha bit for bit the same.
    """
    if strength == 0.0 or not _changes(change):
        return pixels.copy()
    result = np.empty_like(pixels)
    work = _Applier(change, pixels, result, form, origin, linear, strength, weights).tile
    tiles = _tiles(change, origin[1], pixels.shape[0], max(1, tile_pixels // pixels.shape[1]))
    _for_each(work, tiles, threads)
    return result


def _changes(change: Change) -> bool:
    """Whether the change is any change at all."""
    return bool(change.matrix.any() or change.offset.any() or change.curves.shifts.any())


def _for_each(work: Callable[[_Tile], None], tiles: list[_Tile], threads: int) -> None:
    if threads == 1 or len(tiles) == 1:
        for tile in tiles:
            work(tile)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, tiles))


@dataclass(frozen=True)
class _Tile:
    """Pixel rows between the same two rows of nodes."""

    first: int
    """The first pixel row."""
    end: int
    """The row after the last."""
    above: int
    """The row of nodes above (or at) these pixels."""
    below: int
    """The row of nodes below."""
    shares: Array
    """For each pixel row the share of the nodes below, 0..1."""


def _tiles(change: Change, top: int, rows: int, largest: int) -> list[_Tile]:
    """Tiles of at most `largest` rows, from top to bottom."""
    above, below, shares = change.row_positions(top, rows)
    borders = [0, *(np.flatnonzero(np.diff(above)) + 1).tolist(), rows]
    return [
        _Tile(first, min(first + largest, end), int(above[first]), int(below[first]), shares[first : first + largest][: end - first])
        for start, end in zip(borders[:-1], borders[1:], strict=True)
        for first in range(start, end, largest)
    ]


class _Applier:
    """All that the tiles of one layer share."""

    def __init__(
        self,
        change: Change,
        pixels: NDArray[Any],
        result: NDArray[Any],
        form: RasterFormat,
        origin: tuple[int, int],
        linear: bool,
        strength: float,
        weights: Weights | None,
    ) -> None:
        self._pixels, self._result = pixels, result
        self._premultiplied = form.alpha is Alpha.PREMULTIPLIED
        self._strength = np.float32(strength)
        self._weights = weights
        self._codec = SampleCodec(form, linear, change.curves)
        nodes = change.coefficients(self._codec.order)
        nodes[:, :, -1] *= np.float32(self._codec.scale)
        self._nodes = nodes
        self._columns = change.column_positions(origin[0], pixels.shape[1])

    def tile(self, tile: _Tile) -> None:
        """Compute the result's rows of one tile."""
        rows = slice(tile.first, tile.end)
        source, target = self._pixels[rows], self._result[rows]
        np.copyto(target, source)  # alpha, and whatever is not to change
        effect = None if self._weights is None else self._weights.rows(tile.first, tile.end)
        if effect is not None and not effect.any():
            return
        alpha = source[..., -1].astype(np.float32) / np.float32(self._codec.scale) if self._premultiplied else None
        channels = len(self._codec.order)
        curved = np.empty((channels, *source.shape[:2]), dtype=np.float32)
        blends = effect is not None or self._strength != 1.0
        plain = np.empty_like(curved) if blends else curved
        self._codec.read(source, plain, curved, alpha)
        changed = self._affine(curved, tile)
        if blends:
            changed -= plain
            changed *= self._strength if effect is None else self._strength * effect
            changed += plain
        self._codec.write(changed, target, alpha)
        if effect is not None:
            # Rounding on the way there and back must not touch what is outside.
            np.copyto(target, source, where=(effect == 0)[..., None])

    def _affine(self, curved: Array, tile: _Tile) -> Array:
        """c + matrix c + offset: C x rows x columns."""
        changed = curved.copy()
        upper, lower = self._along_row(tile.above), self._along_row(tile.below)
        slope = lower - upper
        shares = tile.shares[:, None]
        coefficient, product = np.empty_like(curved[0]), np.empty_like(curved[0])
        channels = curved.shape[0]
        for out in range(channels):
            for term in range(channels + 1):
                np.multiply(slope[out, term], shares, out=coefficient)
                np.add(coefficient, upper[out, term], out=coefficient)
                if term < channels:
                    np.multiply(coefficient, curved[term], out=product)
                changed[out] += product if term < channels else coefficient
        return changed

    def _along_row(self, row: int) -> Array:
        """A row of nodes at every pixel column: C x (C + 1) x W."""
        left, right, shares = self._columns
        nodes = self._nodes[row]
        return nodes[..., left] + (nodes[..., right] - nodes[..., left]) * shares
