"""HDNet's loss, which the other networks with no loss of their own use too."""

from __future__ import annotations

from torch import Tensor, nn

from samelight.harmonizers.stages import Stages
from samelight.training.losses.part import WHOLE, Part
from samelight.training.losses.precision import at_least_float32

__all__ = ["LEAST_AREA", "ForegroundMSE", "foreground_mse"]

LEAST_AREA = 100.0
"""A_min in pixels: it keeps a tiny foreground from dominating a batch."""


def foreground_mse(
    result: Tensor, real: Tensor, mask: Tensor, part: Part = WHOLE, least_area: float = LEAST_AREA
) -> Tensor:
    """Squared error over the picture, divided by the foreground's area (HDNet equation 1).

    Background errors are zero by construction, because the result there is the composite itself.

    Args:
      result: B x 3 x H x W in -1..1.
      real: the same, the ground truth.
      mask: B x 1 x H x W in 0..1.
      part: which of the batch's pictures these are.
      least_area: A_min in pixels.

    Returns: a scalar, the mean over the batch or the part's share of it.
    """
    error = (result - real).square().sum(dim=(1, 2, 3))
    return part.mean(error / mask.sum(dim=(1, 2, 3)).clamp(min=least_area))


class ForegroundMSE(nn.Module):
    """`foreground_mse` of the result."""

    def forward(self, stages: Stages, real: Tensor, mask: Tensor, part: Part = WHOLE) -> Tensor:
        """A scalar; see `foreground_mse`."""
        return foreground_mse(at_least_float32(stages.result), real, mask, part)
