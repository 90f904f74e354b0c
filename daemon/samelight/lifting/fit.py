"""The part of a colour change that varies over the picture: local affine maps on a grid of nodes.

Around each node the pairs before/after, weighted by the mask and by a Gaussian window, give an affine map of colour by
regularised least squares (the local linear model of a guided filter). Because it is a map of *colour*, it follows the
edges of the full-resolution picture without ever seeing them; because only its few coefficients are kept, nothing of a
network's own texture, blur or checkerboard comes along.

Windows shrink step by step. Each step explains only what the wider one left over, and the less it has to go by, the
more it leaves as it is: far from the mask the wide windows remain, without any colours at all the identity.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from samelight.lifting.change import Change
from samelight.lifting.curve import CurveFit, ToneCurves
from samelight_wire.formats import Rect

__all__ = ["fit_change"]

Array = NDArray[np.float64]

CELL = 4
"""Working pixels between two nodes; the narrowest window is several nodes wide, so that nothing is lost."""

TURNS = 3
"""How often tone curves and a global affine map are fitted in turn."""

SMOOTHINGS = 4
"""How often both pictures are averaged with their neighbours 1 : 2 : 1; four times is a deviation of 1.4 pixels."""

# Windows: their radius in nodes (see `windowed`; the deviation is about the same), the ridge on the matrix (a variance
# of colours, 0..1 squared) and the mass of pairs, as a part of a full window's, at which a step trusts its answer half.
STEPS = ((None, 1e-4, 1e-4), (12, 1e-3, 0.03), (5, 3e-3, 0.05), (2, 6e-3, 0.10))

MARGIN = 16
"""Working pixels around the foreground that get nodes of their own; further out the outermost nodes hold."""

LARGEST_GAIN = 2.5
"""No difference between two colours grows by more: noise in a layer must not be blown up."""


class _Moments:
    """Weighted sums of pairs (x before, r what is left to explain) over each node's cell or window.

    Args:
        planes: h x w x (1 + 2 C + 2 C C): the sums of weight, x, r, x x^T and r x^T.
        channels: C.
    """

    def __init__(self, planes: Array, channels: int) -> None:
        self._planes, self._channels = planes, channels
        parts = np.split(planes, np.cumsum([1, channels, channels, channels**2]), axis=-1)
        square = (*planes.shape[:2], channels, channels)
        self.weight = parts[0][..., 0]
        self.x, self.r = parts[1], parts[2]
        self.xx, self.rx = parts[3].reshape(square), parts[4].reshape(square)

    def explained(self, matrix: Array, offset: Array) -> _Moments:
        """The moments when r is reduced by an affine map of x; the map is constant over a cell."""
        r = self.r - _apply(matrix, self.x) - offset * self.weight[..., None]
        rx = self.rx - matrix @ self.xx - offset[..., :, None] * self.x[..., None, :]
        flat = (*self.weight.shape, -1)
        planes = [self.weight[..., None], self.x, r, self.xx.reshape(flat), rx.reshape(flat)]
        return _Moments(np.concatenate(planes, axis=-1), self._channels)

    def windowed(self, radius: int | None) -> _Moments:
        """Sums over windows by a kernel that sums to 1; the mean of everything for the window without end, None."""
        planes = self._planes
        if radius is None:
            return _Moments(planes.mean((0, 1), keepdims=True), self._channels)
        # Three running means after one another are nearly a Gaussian.
        for axis in (0, 1, 0, 1, 0, 1):
            planes = _running_mean(planes, radius, axis)
        return _Moments(planes, self._channels)


def _running_mean(planes: Array, radius: int, axis: int) -> Array:
    """The mean over 2 radius + 1 neighbours along an axis; beyond the border lie zeros."""
    length = planes.shape[axis]
    totals = np.zeros((*planes.shape[:axis], length + 1, *planes.shape[axis + 1 :]))
    np.cumsum(planes, axis=axis, out=totals[1:] if axis == 0 else totals[:, 1:])
    places = np.arange(length)
    sums = totals.take(np.minimum(places + radius + 1, length), axis) - totals.take(
        np.maximum(places - radius, 0), axis
    )
    means: Array = sums / (2 * radius + 1)
    return means


def fit_change(
    before: NDArray[np.float32], after: NDArray[np.float32], weight: NDArray[np.float32], window: Rect
) -> Change:
    """Fit the colour change that leads from one small picture to the other.

    Args:
        before: H x W x C code values of the foreground (0..1, may exceed it); C is 3, or 1 for gray.
        after: H x W x C, what became of them.
        weight: H x W, how much each place counts; somewhere above 0.
        window: the part of the canvas that the pictures show.

    Returns: the change; exactly none where after equals before.
    """
    scale_y, scale_x = window.height / weight.shape[0], window.width / weight.shape[1]
    rows, columns = _extent(np.any(weight, axis=1)), _extent(np.any(weight, axis=0))
    before, after, weight = before[rows, columns], after[rows, columns], weight[rows, columns]
    counts = weight > 0
    before, after = _smooth_pairs(before, after, weight)
    curves = _fit_bends(before[counts], after[counts], weight[counts])
    curved = curves.apply(before)
    matrix, offset = _fit_affine(_gather(curved, after, weight))
    return Change(
        curves=curves,
        matrix=matrix.astype(np.float32),
        offset=offset.astype(np.float32),
        left=window.x + columns.start * scale_x,
        top=window.y + rows.start * scale_y,
        node_width=CELL * scale_x,
        node_height=CELL * scale_y,
    )


def _extent(occupied: NDArray[np.bool_]) -> slice:
    """The stretch that holds all occupied places, with MARGIN on both sides; somewhere there is one."""
    places = np.flatnonzero(occupied)
    return slice(max(0, int(places[0]) - MARGIN), min(len(occupied), int(places[-1]) + 1 + MARGIN))


def _fit_bends(before: NDArray[np.float32], after: NDArray[np.float32], weight: NDArray[np.float32]) -> ToneCurves:
    """Tone curves for the part of the change that no affine map of colour explains; pairs are N x C.

    Curve and map are fitted in turn, each to what the other leaves over. So a change of saturation is not taken for a
    bend, and where there are no colours to learn from, the change goes on in a straight line.
    """
    fit, curved = CurveFit(before, weight), before
    for _ in range(TURNS):
        x = np.column_stack([curved, np.ones(len(curved))]).astype(np.float64)
        weighted = x * weight[:, None]
        ridge = 1e-4 * weight.sum(dtype=np.float64) * np.eye(x.shape[1])
        affine = np.linalg.solve(weighted.T @ x + ridge, weighted.T @ (after - curved))
        curves = fit.fit(after - x @ affine)
        curved = curves.apply(before)
    return curves


def _smooth_pairs(
    before: NDArray[np.float32], after: NDArray[np.float32], weight: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Both pictures slightly blurred, each place by its weight so that nothing flows in from outside of the mask.

    A network's answer is a little softer than its input, and noisy. Fitted to that, a change would weaken all fine
    texture; between two equally soft pictures the softness is no difference any more.
    """
    shift = after - before
    planes = np.concatenate([weight[..., None], before * weight[..., None], shift * weight[..., None]], axis=-1)
    for _ in range(SMOOTHINGS):
        for axis in (0, 1):
            planes = _binomial(planes, axis)
    planes[..., 1:] /= np.maximum(planes[..., :1], 1e-12)
    smooth, moved = np.split(planes[..., 1:], 2, axis=-1)
    return smooth, smooth + moved


def _binomial(planes: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Each value averaged with its two neighbours along an axis by 1 : 2 : 1; nothing lies beyond the border."""
    rows = np.moveaxis(planes, axis, 0)
    blurred = 2 * rows
    blurred[1:] += rows[:-1]
    blurred[:-1] += rows[1:]
    return np.moveaxis(blurred, 0, axis) * np.float32(0.25)


def _fit_affine(cells: _Moments) -> tuple[Array, Array]:
    """The sum of all steps: h x w x C x C (without the identity) and h x w x C."""
    matrix, offset = np.zeros_like(cells.xx), np.zeros_like(cells.x)
    centre = cells.x.sum((0, 1)) / cells.weight.sum()
    for radius, ridge, mass in STEPS:
        # A window that is all foreground weighs as much as the heaviest cell; the one without end, what is there.
        full = float(cells.weight.mean() if radius is None else cells.weight.max())
        step_matrix, step_offset, mean = _solve(cells.windowed(radius), ridge, mass * full, centre)
        cells = cells.explained(step_matrix, step_offset)
        matrix, offset = matrix + step_matrix, offset + step_offset
    return _bound_gain(matrix, offset, mean)


def _solve(moments: _Moments, ridge: float, doubt: float, centre: Array) -> tuple[Array, Array, Array]:
    """The affine map of each window, and its mean colour.

    Args:
        moments: sums over the windows.
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
    return _Moments(_sum_cells(planes), x.shape[2])


def _sum_cells(planes: NDArray[np.float32]) -> Array:
    height, width = planes.shape[:2]
    down = np.add.reduceat(planes, np.arange(0, height, CELL), axis=0)
    sums: Array = np.add.reduceat(down, np.arange(0, width, CELL), axis=1).astype(np.float64)
    return sums


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
