"""How much of each part of a network's change is kept.

A network learns from many slight changes and from pictures that need none, and so does too little where much is needed:
it falls short of the light of a layer, on the whole, by a fifth to a third. Elsewhere it does too much: a colour that
shifts otherwise from place to place is more often its error than the light's. So its change of the foreground is taken
apart into four parts, at right angles to each other, and each is scaled by a gain, found by least squares on composites
of photographs (`samelight weights calibrate`), that of colour within bounds; then small changes are held back
(`restraint.py`), and so is what goes beyond the colours that light gives. The figures belong to weights and stand in
their manifest. `docs/training-log.md` (14, 15) tells how this was found and what it gives.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samelight.restraint import share_kept, squared_change

__all__ = ["GAINS", "Calibration", "Kept", "Parts", "Squares", "apart", "calibrated", "shares_kept"]

THIRDS = np.full((3, 1), 1 / 3, np.float32)
DARKEST = 16 / 255
"""A foreground counts as at least this bright on average where light is laid on in proportion."""


@dataclass(frozen=True)
class Calibration:
    """Gains of the parts of a change, and the sizes at which half of it is kept. Without figures: the network's own."""

    brightness: float = 1.0
    """Of how much lighter or darker the whole foreground gets."""
    colour: float = 1.0
    """Of how far its colour shifts as a whole."""
    shading: float = 1.0
    """Of where it gets lighter or darker than on the whole."""
    tinting: float = 1.0
    """Of where its colour shifts otherwise than on the whole."""
    proportion: float = 0.0
    """Share of the brightness that is laid on as light falls, in proportion to how bright a place is, rather than as
    much everywhere: dark places stay dark."""
    half_at: float = 200.0
    """D: the mean squared change of which half is kept, in 8-bit code values squared; 0 keeps all."""
    light_half_at: float = 0.0
    """The same for brightness alone and for its own square; 0 where it is held back with the rest."""
    colour_limit: float = 0.0
    """How far colour shifts as a whole at most, in 8-bit code values, as a vector's length: far shifts come near it; 0
    for any."""


GAINS = ("brightness", "colour", "shading", "tinting", "proportion")
"""The gains' names, in the order of `Parts.scaled`."""


@dataclass(frozen=True)
class Kept:
    """What is kept of a network's answer."""

    picture: NDArray[np.float32]
    """H x W x 3 in 0..1."""
    share: float = 1.0
    """Which share 0..1 of the change is not held back as too small."""
    colour: float = 1.0
    """Which share 0..1 of the shift of colour as a whole its limit leaves."""


@dataclass(frozen=True)
class Squares:
    """How large a change is, in 8-bit code values squared."""

    change: float
    """d, the mean square over the foreground (`restraint.squared_change`)."""
    light: float
    """The square of how much lighter or darker the whole foreground gets."""
    colour: float
    """The squared length of how far its colour shifts as a whole."""


@dataclass(frozen=True)
class Parts:
    """A change, taken apart: H x W x 3 in the unit of the pictures where nothing else is said."""

    over: NDArray[np.float32]
    """H x W x 1, the mask."""
    picture: NDArray[np.float32]
    """What was changed."""
    light: float
    """By how much the foreground gets lighter on the whole."""
    colour: NDArray[np.float32]
    """3: how far its colour shifts on the whole, without `light`."""
    shading: NDArray[np.float32]
    """H x W x 1: what else gets lighter or darker."""
    elsewhere: NDArray[np.float32]
    """Everything but what the whole foreground has in common."""
    brightness: float
    """The foreground's mean value, `DARKEST` at least."""
    squared: float
    """The change's mean square over the foreground (`restraint.squared_change`), in 8-bit code values squared."""

    def scaled(self, gains: NDArray[np.float64]) -> NDArray[np.float32]:
        """The change with these gains, in the order of `GAINS`."""
        bright, colour, shading, tinting, proportion = map(np.float32, gains)
        common = (bright - proportion) * np.float32(self.light) + colour * self.colour
        lit = proportion * np.float32(self.light / self.brightness)
        change = self.over * (common + lit * self.picture) + tinting * self.elsewhere
        change += (shading - tinting) * self.shading
        return change

    def squares(self) -> Squares:
        """How large the change is, as a whole and in what the whole foreground has in common."""
        return Squares(self.squared, (255 * self.light) ** 2, 255**2 * float(np.square(self.colour).sum()))


def apart(picture: NDArray[np.float32], harmonized: NDArray[np.float32], mask: NDArray[np.float32]) -> Parts:
    """Take a network's change apart.

    Brightness is what the three channels have in common, colour is the rest; what the whole foreground has in common
    lies over it as the mask does, since the network's answer is I_h = G M + I_c (1 - M).

    Args:
      picture: H x W x 3 in 0..1, what the network was shown.
      harmonized: the same, its answer.
      mask: H x W in 0..1, not empty.
    """
    change, over, area = harmonized - picture, mask[..., None], mask.sum()
    common = change.sum((0, 1)) / area
    light = common.mean()
    elsewhere = change - over * common
    brightness = max(float((picture @ THIRDS * over).sum() / area), DARKEST)
    squared = squared_change(picture, harmonized, mask)
    return Parts(over, picture, float(light), common - light, elsewhere @ THIRDS, elsewhere, brightness, squared)


def calibrated(
    picture: NDArray[np.float32], harmonized: NDArray[np.float32], mask: NDArray[np.float32], calibration: Calibration
) -> Kept:
    """What is kept of a network's answer: all of it where there is no foreground.

    Args:
      picture: H x W x 3 in 0..1, what the network was shown.
      harmonized: the same, its answer.
      mask: H x W in 0..1.
      calibration: of the network's weights.
    """
    if not mask.any():
        return Kept(harmonized)
    parts = apart(picture, harmonized, mask)
    squares = parts.squares()
    shares = shares_kept(squares, calibration)
    change = parts.scaled(shares * [getattr(calibration, name) for name in GAINS])
    limited = _within_limit(squares, calibration)
    return Kept(np.clip(picture + change, 0, 1), _not_held_back(squares, shares), limited)


def shares_kept(squares: Squares, calibration: Calibration) -> NDArray[np.float64]:
    """The shares 0..1 of a change's parts, in the order of `GAINS`, that are not held back."""
    rest = share_kept(squares.change, calibration.half_at)
    light = share_kept(squares.light, calibration.light_half_at) if calibration.light_half_at else rest
    return np.array([light, rest * _within_limit(squares, calibration), rest, rest, light])


def _within_limit(squares: Squares, calibration: Calibration) -> float:
    """The share of the shift of colour that its limit leaves: c / (1 + (c / limit)^2)^1/2 of c."""
    limit = calibration.colour_limit
    beyond = squares.colour * (calibration.colour / limit) ** 2 if limit else 0.0
    return 1 / math.sqrt(1 + beyond)


def _not_held_back(squares: Squares, shares: NDArray[np.float64]) -> float:
    """The mean of the shares of light and of the rest, by how much of the change each is; colour's limit is no part."""
    light = min(1.0, squares.light / squares.change) if squares.change else 0.0
    return float(light * shares[GAINS.index("brightness")] + (1 - light) * shares[GAINS.index("shading")])
