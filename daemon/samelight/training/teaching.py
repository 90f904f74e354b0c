"""A trained network as the teacher of another one: its answers are learned beside the real pictures.

What a composite's real picture was cannot be told from the composite in every detail, so that its difference from the
best possible answer is noise to whoever learns from it. A teacher's answer has none of that noise. Where little time is
left, or batches are small, its mistakes cost less than the noise did (after Hinton et al., Distilling the Knowledge in
a Neural Network, 2015; here of pictures, not classes).

Of a foreground pasted from another photograph nobody knows a right answer at all. There a network that learned from
recoloured photographs is mostly right in brightness and often wrong in colour: in a photograph, what has another colour
than its surroundings was probably recoloured; what people paste has colours of its own. So a student learns of pastings
the teacher's brightness, and only a share of its shift of colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from samelight.instances import Instances
from samelight_wire.errors import InvalidOptionError

__all__ = ["COLOUR_KEPT", "SHARE", "Teacher", "open_teacher"]

SHARE = 0.8
"""How much of the target is the teacher's answer where nothing else is asked for; the rest is the real picture."""
COLOUR_KEPT = 0.35
"""Share of a teacher's change of colour that is learned of pastings, chosen by eye (docs/training-log.md, 15)."""


@dataclass(frozen=True)
class Teacher:
    """One trained network or several, whose answers' mean counts."""

    name: str
    """The networks, for the card and for checkpoints."""
    networks: Sequence[nn.Module]
    """In evaluation mode, on the device of the composites."""
    share: float = SHARE
    """How much of the target is its answer where there is a real picture too, 0..1."""
    pasted: float = 0.0
    """Share of the photographs' own regions that are pasted upon another one, for checkpoints."""

    @torch.no_grad()
    def targets(
        self,
        composite: Tensor,
        real: Tensor,
        mask: Tensor,
        instances: Instances | None = None,
        pasted: Tensor | None = None,
    ) -> Tensor:
        """What is to be learned of these pictures: the real ones, drawn to the teacher's answers.

        A squared error from this blend is the blend of both squared errors but for a constant. Of pastings the teacher
        alone is learned.

        Args:
          composite: B x 3 x H x W in -1..1.
          real: the same.
          mask: B x 1 x H x W in 0..1.
          instances: what the student is shown of them.
          pasted: B, true where there is no real picture; None where there always is one.

        Returns: B x 3 x H x W in -1..1.
        """
        answers = torch.stack([network(composite, mask, instances).float() for network in self.networks]).mean(dim=0)
        targets = torch.lerp(real, answers, self.share)
        if pasted is None:
            return targets
        return torch.where(pasted.view(-1, 1, 1, 1), _true_to_colour(composite, answers), targets)


def _true_to_colour(composite: Tensor, answers: Tensor) -> Tensor:
    """The answers with all of their change of brightness and `COLOUR_KEPT` of what channels change beside it."""
    change = answers - composite
    return (composite + torch.lerp(change.mean(dim=1, keepdim=True), change, COLOUR_KEPT)).clamp(-1, 1)


def open_teacher(files: str, device: torch.device, *, share: float = SHARE, pasted: float = 0.0) -> Teacher:
    """Load a teacher's weights.

    Args:
      files: .safetensors files with commas between them, each named after its network or saying which one it is of.
      device: of the composites.
      share: how much of the target is the answer, 0..1; the rest is the real picture.
      pasted: share of the photographs' own regions that are pasted upon another one.

    Raises:
      InvalidOptionError: there is no such file, or it does not say which network it is of.
      WeightsCorruptError: it is damaged, or holds other weights than that network's.
    """
    from samelight.evaluation.methods import model_of, network_from

    paths = [Path(each.strip()) for each in files.split(",") if each.strip()]
    if not paths:
        raise InvalidOptionError("No teacher is named.", "Name .safetensors files with --teacher.")
    networks = [network_from(path, device) for path in paths]
    return Teacher(" and ".join(model_of(path) for path in paths), networks, share, pasted)
