"""Holding back small changes: what fits already is left alone.

A network is wrong by some amount on average, whatever it is shown. A change that is large beside that amount is mostly
right, one below it is mostly the network's own error, and a layer that fits its picture gets nothing but such changes.
So a change is scaled by s(d) = d^2 / (d^2 + D^2), where d is its mean square over the foreground: nearly 1 for clear
changes, next to 0 for slight ones, in the manner of Wiener's filter of a signal in noise. A network that is wrong by
more, or changes more, has a larger D. `docs/training-log.md` (4 and 13) says how each was found.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["HALF_AT", "half_at_of", "share_kept"]

HALF_AT = 200.0
"""D: the mean squared change of which half is kept, in 8-bit code values squared."""
OF_NETWORKS = {"srih-lite": 240.0, "frih-lite": 280.0, "rcl-lite": 120.0}
"""D of networks whose shipped weights are wrong by more or change less: about the least that keeps the change of what
fits below fMSE 40."""

FAINTEST = 0.05
"""Where a change is divided by the mask, smaller mask values count as this, as they do in the lift."""


def half_at_of(model: str) -> float:
    """D for a network by its name, in 8-bit code values squared."""
    return OF_NETWORKS.get(model, HALF_AT)


def share_kept(
    picture: NDArray[np.float32], harmonized: NDArray[np.float32], mask: NDArray[np.float32], half_at: float = HALF_AT
) -> float:
    """How much of a network's change to keep, 0..1.

    The answer is the blend I_h = G M + I_c (1 - M); what counts is the change of the foreground's own colours, G - I_c:
    of a half transparent layer only half of it shows.

    Args:
      picture: H x W x 3 in 0..1, what the network was shown.
      harmonized: the same, its answer.
      mask: H x W in 0..1.
      half_at: D, in 8-bit code values squared.

    Returns: s; 1 where there is no foreground.
    """
    area = float(mask.sum())
    if not area:
        return 1.0
    change = (harmonized - picture) * (255 / np.maximum(mask, np.float32(FAINTEST)))[..., None]
    squared = float((np.square(change).mean(axis=2) * mask).sum()) / area
    return squared**2 / (squared**2 + half_at**2) if squared else 1.0
