"""The part of a colour change that varies over the picture: local affine maps on a grid of nodes.

Around each node the pairs before/after, weighted by the mask and by a Gaussian window, give an affine map of colour by
regularised least squares (the local linear model of a guided filter). Because it is a map of *colour*, it follows the
edges of the full-resolution picture without ever seeing them; because only its few coefficients are kept, nothing of a
network's own texture, blur or checkerboard comes along.

Windows shrink step by step. Each step explains only what the wider one left over, and the less it has to go by, the
more it leaves as it is: far from the mask the wide windows remain, without any colours at all the identity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from samelight_wire.formats import Rect

from samelight.lifting.change import Change
from samelight.lifting.curve import ToneCurves, fit_curves

__all__ = ["fit_change"]

Array = NDArray[np.float64]

CELL = 4
"""Working pixels between two nodes; the narrowest window is several nodes wide, so that nothing is lost."""

# Widths of the Gaussian windows in nodes, the ridge on the matrix (as a variance of colours, 0..1 squared) and the
# mass of pairs, as a part of a full window's, at which a step trusts its own answer by half.
STEPS = ((np.inf, 1e-4, 1e-4), (12.0, 1e-3, 0.03), (5.0, 3e-3, 0.05), (2.0, 6e-3, 0.10))

LARGEST_GAIN = 2.5
"""No difference between two colours grows by more: noise in a layer must not be blown up."""


@dataclass
class _Moments:
    """Weighted sums of the pairs (x before, r what is left to explain) in each node's cell, then in its window."""

    weight: Array
    """h x w."""
    x: Array
    """h x w x C."""
    r: Array
    """h x w x C."""
    xx: Array
    """h x w x C x C."""
    rx: Array
    """h x w x C x C."""

    def explained(self, matrix: Array, offset: Array) -> _Moments:
        """The moments when r is reduced by an affine map of x; the map is constant over a cell."""
        r = self.r - _apply(matrix, self.x) - offset * self.weight[..., None]
        rx = self.rx - matrix @ self.xx - offset[..., :, None] * self.x[..., None, :]
        return _Moments(self.weight, self.x, r, self.xx, rx)

    def windowed(self, sigma: float) -> _Moments:
        """Gaussian sums over windows, with a kernel that sums to 1 in an endless plane."""
        rows, columns = (_kernel(length, sigma) for length in self.weight.shape)

        def blur(planes: Array) -> Array:
            flat = planes.reshape(*self.weight.shape, -1)
            down = np.tensordot(rows, flat, (1, 0))
            return np.moveaxis(np.tensordot(down, columns, (1, 1)), -1, 1).reshape(planes.shape)

        return _Moments(blur(self.weight), blur(self.x), blur(self.r), blur(self.xx), blur(self.rx))


def fit_change(
    before: NDArray[np.float32], after: NDArray[np.float32], weight: NDArray[np.float32], window: Rect
) -> Change:
    """Fit the colour change that leads from one small picture to the other.

    Args:
        before, after: H x W x C code values of the foreground (0..1, may exceed it); C is 3, or 1 for gray.
        weight: H x W, how much each place counts; somewhere above 0.
        window: the part of the canvas that the pictures show.

    Returns: the change; exactly none where after equals before.
    """
    counts = weight > 0
    curves = fit_curves(before[counts], after[counts], weight[counts])
    curved = np.stack([curves(before[..., c], c) for c in range(before.shape[2])], axis=-1)
    matrix, offset = _fit_affine(_gather(curved, after, weight))
    return Change(
        curves=curves,
        matrix=matrix.astype(np.float32),
        offset=offset.astype(np.float32),
        window=window,
        node_width=CELL * window.width / weight.shape[1],
        node_height=CELL * window.height / weight.shape[0],
    )


def _fit_affine(cells: _Moments) -> tuple[Array, Array]:
    """The sum of all steps: h x w x C x C (without the identity) and h x w x C."""
    matrix, offset = np.zeros_like(cells.xx), np.zeros_like(cells.x)
    centre = cells.x.sum((0, 1)) / cells.weight.sum()
    for sigma, ridge, mass in STEPS:
        moments = cells.windowed(sigma)
        step_matrix, step_offset, mean = _solve(moments, ridge, mass * _full_mass(cells, sigma), centre)
        cells = cells.explained(step_matrix, step_offset)
        matrix, offset = matrix + step_matrix, offset + step_offset
    return _bound_gain(matrix, offset, mean)


def _solve(moments: _Moments, ridge: float, doubt: float, centre: Array) -> tuple[Array, Array, Array]:
    """The affine map of each window, and its mean colour.

    Args:
        ridge: added to the variances; where colours hardly vary the matrix stays 0 and the offset does all.
        doubt: mass of pairs at which half of the answer is believed.
        centre: the mean colour where a window holds no pair.
    """
    weight = np.maximum(moments.weight, 1e-12)[..., None]
    held = moments.weight[..., None] > 1e-9
    mean = np.where(held, moments.x / weight, centre)
    shift = np.where(held, moments.r / weight, 0.0)
    xx = np.where(held[..., None], moments.xx / weight[..., None], 0.0) - mean[..., :, None] * mean[..., None, :]
    rx = np.where(held[..., None], moments.rx / weight[..., None], 0.0) - shift[..., :, None] * mean[..., None, :]
    trust = (moments.weight / (moments.weight + doubt))[..., None]
    xx = np.where(held[..., None], xx, 0.0) + ridge * np.eye(mean.shape[-1])
    # rx xx^-1, both sides transposed for `solve`; xx is symmetric.
    matrix = trust[..., None] * np.swapaxes(np.linalg.solve(xx, np.swapaxes(rx, -1, -2)), -1, -2)
    return matrix, trust * shift - _apply(matrix, mean), mean


def _gather(curved: NDArray[np.float32], after: NDArray[np.float32], weight: NDArray[np.float32]) -> _Moments:
    """Moments of each node's cell of CELL x CELL pairs; cells at the end may be cut."""
    x, w = curved, weight[..., None]
    r = after - curved
    wx = w * x
    rx = (r[..., :, None] * wx[..., None, :]).reshape(*weight.shape, -1)
    xx = (x[..., :, None] * wx[..., None, :]).reshape(*weight.shape, -1)
    planes = np.concatenate([w, wx, w * r, xx, rx], axis=-1)
    sums = _sum_cells(planes)
    channels = x.shape[2]
    square = (*sums.shape[:2], channels, channels)
    parts = np.split(sums, np.cumsum([1, channels, channels, channels**2]), axis=-1)
    return _Moments(parts[0][..., 0], parts[1], parts[2], parts[3].reshape(square), parts[4].reshape(square))


def _sum_cells(planes: NDArray[np.float32]) -> Array:
    height, width = planes.shape[:2]
    down = np.add.reduceat(planes, np.arange(0, height, CELL), axis=0, dtype=np.float64)
    return np.add.reduceat(down, np.arange(0, width, CELL), axis=1)


def _kernel(length: int, sigma: float) -> Array:
    """length x length weights of a Gaussian window; a window without end counts all alike."""
    if np.isinf(sigma):
        return np.full((length, length), 1 / length)
    distance = np.arange(length)[:, None] - np.arange(length)[None, :]
    weights: Array = np.exp(-0.5 * (distance / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
    return weights


def _full_mass(cells: _Moments, sigma: float) -> float:
    """The mass in a window that is all foreground: the heaviest cell, all over; for the endless window what is there."""
    return float(cells.weight.mean() if np.isinf(sigma) else cells.weight.max())


def _apply(matrix: Array, colours: Array) -> Array:
    """... x C x C times ... x C."""
    return (matrix @ colours[..., None])[..., 0]


def _bound_gain(matrix: Array, offset: Array, mean: Array) -> tuple[Array, Array]:
    """Bound the singular values of I + matrix, keeping what happens to each window's mean colour."""
    identity = np.eye(matrix.shape[-1])
    # No singular value exceeds the Frobenius norm: few nodes, if any, have to be looked at more closely.
    loud = np.linalg.norm(identity + matrix, axis=(-2, -1)) > LARGEST_GAIN
    if not loud.any():
        return matrix, offset
    u, gains, v = np.linalg.svd(identity + matrix[loud])
    bounded = matrix.copy()
    bounded[loud] = (u * np.minimum(gains, LARGEST_GAIN)[:, None, :]) @ v - identity
    return bounded, offset + _apply(matrix - bounded, mean)
