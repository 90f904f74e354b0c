"""What every source of composites gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from samelight.training.composites.variety import PASTED
from samelight.training.copying import indices

__all__ = ["Composites"]


@dataclass(frozen=True)
class Composites:
    """A batch to learn from."""

    composite: Tensor
    """B x 3 x H x W in 0..1, the recoloured foreground over the photograph, or a foreground over another photograph."""
    mask: Tensor
    """B x 1 x H x W in 0..1."""
    real: Tensor
    """B x 3 x H x W in 0..1, the photograph; the composite itself where it is pasted of two."""
    families: list[str]
    """How each foreground was recoloured; a subset's name where that is not known."""

    @property
    def pasted(self) -> Tensor | None:
        """B, true where the foreground is another photograph's and nobody knows the answer; None where none is."""
        if PASTED not in self.families:
            return None
        return indices([family == PASTED for family in self.families], self.composite.device).bool()

    def tensors(self) -> tuple[Tensor, Tensor, Tensor]:
        """Composite, mask and photograph."""
        return self.composite, self.mask, self.real

    def to(self, device: torch.device) -> Composites:
        """The same on a device."""
        composite, mask, real = (tensor.to(device) for tensor in self.tensors())
        return Composites(composite, mask, real, self.families)

    @classmethod
    def joined(cls, parts: Sequence[Composites]) -> Composites:
        """The pictures of one or more parts."""
        if len(parts) == 1:
            return parts[0]
        composite, mask, real = (torch.cat(same) for same in zip(*(part.tensors() for part in parts), strict=True))
        return cls(composite, mask, real, [name for part in parts for name in part.families])

    def ordered(self, order: Sequence[int]) -> Composites:
        """These of the pictures, in this order."""
        composite, mask, real = (tensor[indices(order, tensor.device)] for tensor in self.tensors())
        return Composites(composite, mask, real, [self.families[place] for place in order])
