"""A fitted colour change: small, and independent of any layer's size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samelight.lifting.curve import ToneCurves

__all__ = ["Change", "interpolation"]

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Change:
    """c = curves(x), then y = c + matrix c + offset; matrix and offset vary bilinearly between nodes."""

    curves: ToneCurves
    """The tone curve of each channel, the same everywhere."""
    matrix: Array
    """h x w x C x C at the nodes, without the identity: all 0 changes nothing."""
    offset: Array
    """h x w x C at the nodes, in code values 0..1."""
    left: float
    """Where the nodes' part of the canvas begins; outside of it the nearest node's value holds."""
    top: float
    """The same from above."""
    node_width: float
    """Canvas pixels from a node to the next in its row; the first one stands half of it right of `left`."""
    node_height: float
    """The same from row to row."""

    @property
    def byte_length(self) -> int:
        """Bytes of the coefficients."""
        return self.matrix.nbytes + self.offset.nbytes + self.curves.shifts.nbytes

    def coefficients(self, order: tuple[int, ...]) -> Array:
        """The affine maps with channels in another order: h x C x (C + 1) x w, the offset in the last of C + 1."""
        matrix = self.matrix[:, :, order][:, :, :, order]
        stacked = np.concatenate([matrix, self.offset[:, :, order, None]], axis=3)
        return np.ascontiguousarray(stacked.transpose(0, 2, 3, 1))

    def row_positions(self, origin: int, rows: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Array]:
        """For pixel rows from canvas row `origin` on: the node rows above and below, and the share of the latter."""
        return interpolation(origin - self.top, rows, self.node_height, self.matrix.shape[0])

    def column_positions(self, origin: int, columns: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Array]:
        """The same for columns."""
        return interpolation(origin - self.left, columns, self.node_width, self.matrix.shape[1])


def interpolation(
    offset: float, pixels: int, spacing: float, nodes: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], Array]:
    """Linear interpolation along one axis: lower node, upper node and the upper one's share for each pixel's centre.

    Args:
        offset: the first pixel's distance from the border before the first node, which is half a spacing further.
        pixels: how many pixels follow one another.
        spacing: pixels between two nodes.
        nodes: how many nodes there are; beyond the first and the last their values hold.
    """
    position = np.clip((offset + np.arange(pixels) + 0.5) / spacing - 0.5, 0.0, nodes - 1)
    lower = np.minimum(position.astype(np.intp), max(nodes - 2, 0))
    upper = np.minimum(lower + 1, nodes - 1)
    return lower, upper, (position - lower).astype(np.float32)
