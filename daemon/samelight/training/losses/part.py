"""The part of a batch that a loss is given, where several processes share the batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["WHOLE", "Part"]


@dataclass(frozen=True)
class Part:
    """Some pictures of a batch. What a loss returns for each of the parts adds up to the loss of the whole batch."""

    total: int | None = None
    """Pictures of the whole batch; None where the loss is given all of them."""
    generators: Sequence[torch.Generator] | None = None
    """One for each of these pictures, on the CPU: random choices come from there, so that they do not depend on how the
    batch is shared. None for torch's own generator."""
    counted: Tensor | None = None
    """What the loss's `counted` found, added up over all parts; None where the loss is given the whole batch."""

    def mean(self, values: Tensor) -> Tensor:
        """The part's share of the mean over the whole batch of one value a picture: B to a scalar."""
        return values.sum() / (len(values) if self.total is None else self.total)

    def rand(self, count: int, pictures: int) -> Tensor:
        """`count` uniform numbers in 0..1 for each picture: pictures x count, on the CPU."""
        if self.generators is None:
            return torch.rand(pictures, count)
        return torch.stack([torch.rand(count, generator=generator) for generator in self.generators])


WHOLE = Part()
"""All of a batch."""
