"""A trained network as the teacher of another one: its answers are learned beside the real pictures.

What a composite's real picture was cannot be told from the composite in every detail, so that its difference from the
best possible answer is noise to whoever learns from it. A teacher's answer has none of that noise. Where little time is
left, or batches are small, its mistakes cost less than the noise did (after Hinton et al., Distilling the Knowledge in
a Neural Network, 2015; here of pictures, not classes).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from samelight_wire.errors import InvalidOptionError

__all__ = ["SHARE", "Teacher", "open_teacher"]

SHARE = 0.8
"""How much of the target is the teacher's answer; the rest is the real picture."""


@dataclass(frozen=True)
class Teacher:
    """One trained network or several, whose answers' mean counts."""

    name: str
    """The networks, for the card and for checkpoints."""
    networks: Sequence[nn.Module]
    """In evaluation mode, on the device of the composites; they are shown no instances."""
    share: float = SHARE
    """How much of the target is its answer, 0..1."""

    @torch.no_grad()
    def targets(self, composite: Tensor, real: Tensor, mask: Tensor) -> Tensor:
        """What is to be learned of these pictures: the real ones, drawn to the teacher's answers.

        A squared error from this blend is the blend of both squared errors but for a constant.

        Args:
          composite: B x 3 x H x W in -1..1.
          real: the same.
          mask: B x 1 x H x W in 0..1.

        Returns: B x 3 x H x W in -1..1.
        """
        answers = torch.stack([network(composite, mask).float() for network in self.networks])
        return torch.lerp(real, answers.mean(dim=0), self.share)


def open_teacher(files: str, device: torch.device) -> Teacher:
    """Load a teacher's weights.

    Args:
      files: .safetensors files with commas between them, each named after its network or saying which one it is of.
      device: of the composites.

    Raises:
      InvalidOptionError: there is no such file, or it does not say which network it is of.
      WeightsCorruptError: it is damaged, or holds other weights than that network's.
    """
    from samelight.evaluation.methods import model_of, network_from

    paths = [Path(each.strip()) for each in files.split(",") if each.strip()]
    if not paths:
        raise InvalidOptionError("No teacher is named.", "Name .safetensors files with --teacher.")
    networks = [network_from(path, device) for path in paths]
    return Teacher(" and ".join(model_of(path) for path in paths), networks)
