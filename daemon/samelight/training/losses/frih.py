"""FRIH's loss: the whole foreground after the first stage, every submask after the second."""

from __future__ import annotations

from torch import Tensor, nn

from samelight.harmonizers.frih import FrihStages
from samelight.harmonizers.stages import Stages
from samelight.training.losses.foreground_mse import LEAST_AREA, foreground_mse
from samelight.training.losses.part import WHOLE, Part
from samelight.training.losses.precision import at_least_float32

__all__ = ["FrihLoss", "submask_mse"]


def submask_mse(
    result: Tensor, real: Tensor, submasks: Tensor, part: Part = WHOLE, least_area: float = LEAST_AREA
) -> Tensor:
    """Squared error of each submask divided by its area, added up (FRIH equation 8).

    Args:
      result: B x 3 x H x W in -1..1.
      real: the same, the ground truth.
      submasks: B x K x H x W in 0..1; empty ones add nothing.
      part: which of the batch's pictures these are.
      least_area: A_min in pixels.

    Returns: a scalar, the mean over the batch or the part's share of it.
    """
    error = (result - real).square().sum(dim=1, keepdim=True)
    area = submasks.sum(dim=(2, 3)).clamp(min=least_area)
    return part.mean(((error * submasks).sum(dim=(2, 3)) / area).sum(dim=1))


class FrihLoss(nn.Module):
    """Equation 6: L_total = L_coarse + L_refine; the first is equation 7, the same as HDNet's equation 1."""

    def forward(self, stages: Stages, real: Tensor, mask: Tensor, part: Part = WHOLE) -> Tensor:
        """A scalar.

        Args:
          stages: of FRIH.
          real: B x 3 x H x W in -1..1.
          mask: B x 1 x H x W in 0..1.
          part: which of the batch's pictures these are.

        Raises: TypeError where another network made the stages.
        """
        if not isinstance(stages, FrihStages):
            raise TypeError(f"FRIH's loss needs FrihStages, not {type(stages).__name__}")
        coarse = foreground_mse(at_least_float32(stages.coarse), real, mask, part)
        return coarse + submask_mse(at_least_float32(stages.result), real, stages.submasks, part)
