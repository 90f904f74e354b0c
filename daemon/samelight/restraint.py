"""Holding back small changes: what fits already is left alone.

A network is wrong by some amount on average, whatever it is shown. A change that is large beside that amount is mostly
right, one below it is mostly the network's own error, and a layer that fits its picture gets nothing but such changes.
So a change is scaled by s(d) = d^2 / (d^2 + D^2), where d is its mean square over the foreground: nearly 1 for clear
changes, next to 0 for slight ones, in the manner of Wiener's filter of a signal in noise. A network that is wrong by
more has a larger D, which belongs to its weights (`calibration.py`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["share_kept", "squared_change"]

FAINTEST = 0.05
"""Where a change is divided by the mask, smaller mask values count as this, as they do in the lift."""


def squared_change(picture: NDArray[np.float32], harmonized: NDArray[np.float32], mask: NDArray[np.float32]) -> float:
    """d, a change's mean square over the foreground, in 8-bit code values squared; 0 where there is no foreground.

    The answer is the blend I_h = G M + I_c (1 - M); what counts is the change of the foreground's own colours, G - I_c:
    of a half transparent layer only half of it shows.

    Args:
      picture: H x W x 3 in 0..1, what the network was shown.
      harmonized: the same, its answer.
      mask: H x W in 0..1.
    """
    area = float(mask.sum())
    change = (harmonized - picture) * (255 / np.maximum(mask, np.float32(FAINTEST)))[..., None]
    return float((np.square(change).mean(axis=2) * mask).sum()) / area if area else 0.0


def share_kept(squared: float, half_at: float) -> float:
    """How much of a change to keep, 0..1.

    Args:
      squared: d, in 8-bit code values squared.
      half_at: D, in the same unit; 0 keeps all of any change.

    Returns: s(d); 1 where nothing changes.
    """
    return squared**2 / (squared**2 + half_at**2) if squared else 1.0
