"""How much of a layer the network is shown: its edges as they are, its transparency and feathering not.

Networks learn from opaque objects with edges a pixel or two wide. Half a layer over its backdrop is a mixture of which
they cannot say what belongs to whom, so they are shown the layer as if it were opaque; what they answer for its colours
holds for any opacity.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["LAYER_EDGE", "SELECTION_EDGE", "presence"]

Array = NDArray[np.float32]

# Working pixels over which a mask may rise from 0 to its full value and still be an edge.
LAYER_EDGE = 2
"""Of a layer, whose own colours are known even where it is half transparent."""
SELECTION_EDGE = 5
"""Of a selection: pixels at its edge may be mixtures of both sides, which a network must not take for foreground."""

ROUNDS = 4
"""How often a mask is divided by its largest value nearby; each time a wide fade becomes steeper, an edge stays."""

FAINT = np.float32(0.25)
"""What shows less than this part of the mask's maximum stays fainter than the rest: glows, the far end of a fade."""

LEAST = np.float32(1e-6)  # a divisor that is never zero


def presence(mask: Array, edge: int) -> Array:
    """A mask relative to its surroundings: 1 inside whatever the opacity, edges as soft as they were.

    Args:
        mask: H x W in 0..1, somewhere above 0.
        edge: how many pixels wide an edge may be.

    Returns: H x W in 0..1, nowhere below the mask.
    """
    relative = mask
    for _ in range(ROUNDS):
        nearby = _largest_nearby(_largest_nearby(relative, edge, 0), edge, 1)
        relative = np.divide(relative, np.maximum(nearby, LEAST), dtype=np.float32)
    seen: Array = np.minimum(relative, mask / (FAINT * mask.max()))
    return seen


def _largest_nearby(values: Array, reach: int, axis: int) -> Array:
    """The largest value up to `reach` places away along an axis."""
    rows = np.moveaxis(values, axis, 0)
    largest = rows.copy()
    for step in range(1, min(reach, len(rows) - 1) + 1):
        np.maximum(largest[step:], rows[:-step], out=largest[step:])
        np.maximum(largest[:-step], rows[step:], out=largest[:-step])
    return np.moveaxis(largest, 0, axis)
