"""A colour change applied to a layer's own pixels, in row tiles and in their own depth.

Every value depends on its pixel alone, through the same sequence of additions and multiplications: neither the size of
a tile nor the number of threads changes any of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from samelight.lifting.blend import Blend
from samelight.lifting.change import Change
from samelight.lifting.samples import LEAST_ALPHA, SampleCodec
from samelight.parallel import for_each
from samelight_wire.formats import Alpha, RasterFormat

__all__ = ["Weights", "apply_change"]

Array = NDArray[np.float32]

WHOLE = Blend()

TILE_PIXELS = 1 << 16
"""Pixels worked on at once: their float planes stay in a core's cache."""

LONGEST_BAND = 256
"""Rows that one thread takes at most."""


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
    blend: Blend = WHOLE,
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
        blend: how much of the change is applied.
        weights: the same as its strength, for each pixel; where it is 0 the original bytes stay.
        threads: tiles worked on at once.
        tile_pixels: about how many pixels a tile has; it changes no value.

    Returns: a new array like `pixels`, alpha bit for bit the same.
    """
    if blend.strength == 0.0 or not _changes(change):
        return pixels.copy()
    result = np.empty_like(pixels)
    applier = _Applier(change, pixels, result, form, origin, linear, blend, weights)
    rows = max(1, tile_pixels // pixels.shape[1])
    for_each(lambda band: applier.band(band, rows), _bands(change, origin[1], pixels.shape[0]), threads)
    return result


def _changes(change: Change) -> bool:
    """Whether the change is any change at all."""
    return bool(change.matrix.any() or change.offset.any() or change.curves.shifts.any())


@dataclass(frozen=True)
class _Band:
    """Pixel rows between the same two rows of nodes."""

    first: int
    """The first pixel row."""
    above: int
    """The row of nodes above (or at) these pixels."""
    below: int
    """The row of nodes below."""
    shares: Array
    """For each pixel row the share of the nodes below, 0..1."""


def _bands(change: Change, top: int, rows: int) -> list[_Band]:
    """The bands from top to bottom; where pixels go on beyond the nodes, of LONGEST_BAND rows at most."""
    above, below, shares = change.row_positions(top, rows)
    borders = [0, *(np.flatnonzero(np.diff(above)) + 1).tolist(), rows]
    return [
        _Band(first, int(above[first]), int(below[first]), shares[first : min(first + LONGEST_BAND, end)])
        for start, end in pairwise(borders)
        for first in range(start, end, LONGEST_BAND)
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
        blend: Blend,
        weights: Weights | None,
    ) -> None:
        self._pixels, self._result = pixels, result
        self._premultiplied = form.alpha is Alpha.PREMULTIPLIED
        self._blend, self._strength = blend, np.float32(blend.strength)
        self._weights = weights
        self._codec = SampleCodec(form, linear, change.curves)
        nodes = change.coefficients(self._codec.order)
        nodes[:, :, -1] *= np.float32(self._codec.scale)
        self._nodes = nodes
        self._columns = change.column_positions(origin[0], pixels.shape[1])

    def band(self, band: _Band, rows: int) -> None:
        """Compute the result's rows of one band, at most `rows` at a time."""
        upper = self._along_row(band.above)
        slope = self._along_row(band.below) - upper
        for start in range(0, len(band.shares), rows):
            shares = band.shares[start : start + rows]
            self._tile(slice(band.first + start, band.first + start + len(shares)), upper, slope, shares[:, None])

    def _tile(self, rows: slice, upper: Array, slope: Array, shares: Array) -> None:
        """Compute some rows of the result, given the coefficients at the nodes above and their slope downwards."""
        source, target = self._pixels[rows], self._result[rows]
        np.copyto(target, source)  # alpha, and whatever is not to change
        effect = None if self._weights is None else self._weights.rows(rows.start, rows.stop)
        if effect is not None and not effect.any():
            return
        alpha = source[..., -1].astype(np.float32) / np.float32(self._codec.scale) if self._premultiplied else None
        channels = len(self._codec.order)
        curved = np.empty((channels, *source.shape[:2]), dtype=np.float32)
        needs_plain = effect is not None or self._blend.needs_plain(channels) or not self._codec.integer
        plain = np.empty_like(curved) if needs_plain else curved
        self._codec.read(source, plain, curved, alpha)
        changed = _affine(curved, upper, slope, shares)
        self._blend.lessen_colour(changed, plain, self._codec.order)
        # Before the blend: half strength is half way to what full strength gives, clipped colours included.
        self._codec.clip(changed, plain)
        if effect is not None or self._blend.strength != 1.0:
            changed -= plain
            changed *= self._strength if effect is None else self._strength * effect
            changed += plain
        self._codec.write(changed, target, alpha)
        if effect is not None:
            # Rounding on the way there and back must not touch what is outside.
            np.copyto(target, source, where=(effect == 0)[..., None])
        if alpha is not None:
            # Light without cover, such as a glow, cannot be divided by alpha: it stays as it is.
            np.copyto(target, source, where=(alpha <= LEAST_ALPHA)[..., None])

    def _along_row(self, row: int) -> Array:
        """A row of nodes at every pixel column: C x (C + 1) x W."""
        left, right, shares = self._columns
        nodes = self._nodes[row]
        along: Array = nodes[..., left] + (nodes[..., right] - nodes[..., left]) * shares
        return along


def _affine(curved: Array, upper: Array, slope: Array, shares: Array) -> Array:
    """C + matrix c + offset.

    Args:
        curved: C x rows x columns, the colours c.
        upper: C x (C + 1) x columns, matrix and offset at the nodes above.
        slope: the same, what is added down to the nodes below.
        shares: rows x 1, how far down each row lies.
    """
    changed = curved.copy()
    coefficient = np.empty_like(curved[0])
    channels = curved.shape[0]
    for out in range(channels):
        for term in range(channels + 1):
            np.multiply(slope[out, term], shares, out=coefficient)
            coefficient += upper[out, term]
            if term < channels:
                coefficient *= curved[term]
            changed[out] += coefficient
    return changed
