"""The network and its loss as one module: what several processes share, because both have parameters to learn."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from samelight.harmonizers.stages import Stages, run_stages
from samelight.instances import Instances
from samelight.training.losses import Part
from samelight.training.numerics import Numerics
from samelight.training.teaching import Teacher

__all__ = ["Learner"]


class Learner(nn.Module):
    """Runs the network on composites and judges the result."""

    def __init__(self, network: nn.Module, loss: nn.Module, numerics: Numerics, teacher: Teacher | None = None) -> None:
        """All are on their device already; `teacher` says what else is learned than the real pictures."""
        super().__init__()
        self.network, self.loss, self.numerics = network, loss, numerics
        self.teacher = teacher
        self.run: Callable[[nn.Module, Tensor, Tensor, Instances | None], Stages] = run_stages

    def forward(
        self,
        composite: Tensor,
        real: Tensor,
        mask: Tensor,
        instances: Instances | None,
        part: Part,
        pasted: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Loss and figures of these pictures.

        Args:
          composite: B x 3 x H x W in 0..1.
          real: the same.
          mask: B x 1 x H x W in 0..1.
          instances: the pictures', or None.
          part: which of the batch's pictures these are.
          pasted: B, true where `real` is no answer and the teacher's alone counts; None where none is.

        Returns: the loss (this part's share of it), and without gradients three figures that add up over the parts:
          the loss, the results' squared error, the composites' squared error, both from the real pictures where these
          are known.
        Raises: ValueError where composites are pasted and there is no teacher.
        """
        if pasted is not None and self.teacher is None:
            raise ValueError("pasted composites are for a teacher's students")
        composite, real = self.numerics.lay_out(composite * 2 - 1), real * 2 - 1
        if hasattr(self.network, "generators"):
            self.network.generators = part.generators  # type: ignore[assignment]
        with self.numerics.autocast():
            stages = self.run(self.network, composite, mask, instances)
            targets = self.teacher.targets(composite, real, mask, instances, pasted) if self.teacher else real
        loss: Tensor = self.loss(stages, targets, mask, part)
        with torch.no_grad():
            known = 1.0 if pasted is None else (~pasted).view(-1, 1, 1, 1).float()
            errors = [((picture - real) * known).square().sum() for picture in (stages.result.float(), composite)]
            figures = torch.stack([loss.detach(), *errors])
        return loss, figures
