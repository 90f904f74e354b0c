"""The part of a colour change that is the same everywhere: one tone curve a channel (exposure, gamma, contrast)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["KNOTS", "CurveFit", "ToneCurves"]

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

    def apply(self, colours: NDArray[np.float32]) -> NDArray[np.float32]:
        """... x C code values after their curves."""
        return np.stack([self(colours[..., c], c) for c in range(colours.shape[-1])], axis=-1)


class CurveFit:
    """Smooth rising curves by penalised least squares, for any number of answers to the same colours.

    Args:
        before: N x C code values.
        weight: N, how much each pair counts; its sum is above 0.
    """

    def __init__(self, before: NDArray[np.float32], weight: NDArray[np.float32]) -> None:
        share = weight.astype(np.float64) / weight.sum(dtype=np.float64)
        self._before = before
        self._channels = [_Pulls(before[:, channel], share) for channel in range(before.shape[1])]

    def fit(self, after: NDArray[np.floating]) -> ToneCurves:
        """The curves that lead closest to these code values (N x C)."""
        shift = after - self._before
        curves = [pulls.solve(shift[:, channel]) for channel, pulls in enumerate(self._channels)]
        return ToneCurves(np.stack(curves).astype(np.float32))


class _Pulls:
    """One channel: each pair pulls at the two knots around it, as linear interpolation has it."""

    def __init__(self, before: NDArray[np.float32], share: NDArray[np.float64]) -> None:
        position = np.clip(before, 0.0, 1.0).astype(np.float64) * (KNOTS - 1)
        self._lower = np.minimum(position.astype(np.intp), KNOTS - 2)
        mix = position - self._lower
        self._pull_lower, self._pull_upper = share * (1 - mix), share * mix
        self._mass = np.bincount(self._lower, share, KNOTS)
        system = np.diag(self._sum(self._pull_lower * (1 - mix), self._pull_upper * mix))
        cross = np.bincount(self._lower, self._pull_upper * (1 - mix), KNOTS)[:-1]
        self._inverse = np.linalg.inv(system + np.diag(cross, 1) + np.diag(cross, -1) + _penalty())

    def solve(self, shift: NDArray[np.floating]) -> NDArray[np.float64]:
        """The shift at each knot that explains the shifts (N) best."""
        return _bound_slopes(self._inverse @ self._sum(self._pull_lower * shift, self._pull_upper * shift), self._mass)

    def _sum(self, at_lower: NDArray[np.floating], at_upper: NDArray[np.floating]) -> NDArray[np.float64]:
        """What all pairs give to each knot."""
        sums: NDArray[np.float64] = np.bincount(self._lower, at_lower, KNOTS).astype(np.float64)
        sums[1:] += np.bincount(self._lower, at_upper, KNOTS)[:-1]
        return sums


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
