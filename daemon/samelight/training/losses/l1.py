"""SRIN's loss: the mean absolute error."""

from __future__ import annotations

from torch import Tensor, nn

from samelight.harmonizers.stages import Stages
from samelight.training.losses.part import WHOLE, Part
from samelight.training.losses.precision import at_least_float32

__all__ = ["L1"]


class L1(nn.Module):
    """L1 distance of the result and the real picture (SRIN equation 1)."""

    def forward(self, stages: Stages, real: Tensor, mask: Tensor, part: Part = WHOLE) -> Tensor:
        """A scalar: the mean over every channel of every pixel, background included.

        Args:
          stages: what the network made; the result is B x 3 x H x W in -1..1.
          real: B x 3 x H x W in -1..1.
          mask: B x 1 x H x W in 0..1; not looked at.
          part: which of the batch's pictures these are.
        """
        return part.mean((at_least_float32(stages.result) - real).abs().mean(dim=(1, 2, 3)))
