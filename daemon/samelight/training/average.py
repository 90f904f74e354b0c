"""The exponential moving average of a network's weights."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn

__all__ = ["MovingAverage"]


class MovingAverage:
    """Averaged weights, which a training keeps at its end: they are better than the last step's."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        """`decay` is that of one step; 0 keeps the last weights."""
        self.network = deepcopy(network).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Follow the network after a step; faster in the first steps, when little has been learned.

        Args:
          network: the one that is trained.
          step: steps done before this one.
        """
        decay = min(self.decay, (1 + step) / (10 + step))
        averaged: list[Tensor] = list(self.network.parameters())
        # One call for all parameters: a card would wait for one call each.
        torch._foreach_lerp_(averaged, list(network.parameters()), 1 - decay)
        for kept, current in zip(self.network.buffers(), network.buffers(), strict=True):
            kept.copy_(current)
