"""The part of a colour change that is the same everywhere: one tone curve a channel (exposure, gamma, contrast)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["KNOTS", "ToneCurves", "fit_curves"]

KNOTS = 65
"""Evenly spaced code values from 0 to 1 at which a curve is known."""

# Bending costs: large enough that a curve stays smooth under a network's noise, small enough for a gamma of 2.
BENDING = 4e-6
# Leaving the identity's slope costs next to nothing: it decides only where there are no colours to learn from.
TILT = 1e-5
# No curve may be flatter or steeper: it would flatten texture, or raise its noise.
SLOPES = (0.3, 3.0)


@dataclass(frozen=True)
class ToneCurves:
    """What is added to a channel's code value, for each channel."""

    shifts: NDArray[np.float32]
    """C x KNOTS: the shift at each knot; linear between them and, with the slope of the end, beyond 0 and 1."""

    def __call__(self, values: NDArray[np.float32], channel: int) -> NDArray[np.float32]:
        """One channel's code values, any shape, after its curve; exactly the same values for a shift of 0."""
        shifts = self.shifts[channel]
        position = values * np.float32(KNOTS - 1)
        knot = np.clip(position, 0, KNOTS - 2).astype(np.int32)
        position -= knot
        slopes = np.diff(shifts)
        shifted: NDArray[np.float32] = values + (shifts[knot] + slopes[knot] * position)
        return shifted


def fit_curves(before: NDArray[np.float32], after: NDArray[np.float32], weight: NDArray[np.float32]) -> ToneCurves:
    """Fit a smooth rising curve to each channel by penalised least squares.

    Args:
        before: N x C code values.
        after: N x C code values, what became of them.
        weight: N, how much each pair counts; its sum is above 0.
    """
    share = weight.astype(np.float64) / weight.sum(dtype=np.float64)
    curves = [_fit(before[:, c], after[:, c], share) for c in range(before.shape[1])]
    return ToneCurves(np.stack(curves).astype(np.float32))


def _fit(before: NDArray[np.float32], after: NDArray[np.float32], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shifts at the knots. Each pair pulls at the two knots around it, as linear interpolation has it."""
    position = np.clip(before, 0.0, 1.0).astype(np.float64) * (KNOTS - 1)
    lower = np.minimum(position.astype(np.intp), KNOTS - 2)
    mix = position - lower
    shift = after.astype(np.float64) - before
    system = np.zeros((KNOTS, KNOTS))
    right = np.zeros(KNOTS)
    for offset, pull in ((0, 1 - mix), (1, mix)):
        right += np.bincount(lower + offset, share * pull * shift, KNOTS)
        system += np.diag(np.bincount(lower + offset, share * pull * pull, KNOTS))
    cross = np.bincount(lower, share * mix * (1 - mix), KNOTS)[:-1]
    system += np.diag(cross, 1) + np.diag(cross, -1)
    return _bound_slopes(np.linalg.solve(system + _penalty(), right), np.bincount(lower, share, KNOTS))


def _penalty() -> NDArray[np.float64]:
    """Mean square of the second derivative, and a little of the first, as a matrix on the shifts."""
    step = 1 / (KNOTS - 1)
    slope = np.diff(np.eye(KNOTS), axis=0) / step
    bend = np.diff(slope, axis=0) / step
    penalty: NDArray[np.float64] = (BENDING * bend.T @ bend + TILT * slope.T @ slope) * step
    return penalty


def _bound_slopes(shifts: NDArray[np.floating], mass: NDArray[np.number]) -> NDArray[np.float64]:
    """Bring every slope within SLOPES, keeping the shift where most of the colours are."""
    step = 1 / (KNOTS - 1)
    slopes = np.clip(np.diff(shifts) / step, SLOPES[0] - 1, SLOPES[1] - 1)
    bounded = np.concatenate([[0.0], np.cumsum(slopes) * step])
    anchor = int(mass.argmax())
    anchored: NDArray[np.float64] = bounded + (shifts[anchor] - bounded[anchor])
    return anchored
