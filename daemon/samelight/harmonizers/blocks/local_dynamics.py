"""Local dynamics of HDNet: every foreground feature meets its nearest neighbour in the background."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from samelight.harmonizers.blocks.masks import background_positions

__all__ = ["LocalDynamics", "nearest_background"]

QUERY_CHUNK = 1024
"""Positions matched at once: bounds the similarity matrix to 1024 x N for a picture of any size."""


@torch.no_grad()
def nearest_background(features: Tensor, mask: Tensor) -> Tensor:
    """Index of the most similar background position for each position (HDNet equations 2 and 3, K = 1).

    Args:
      features: B x C x N, one local representation a column.
      mask: B x 1 x N in 0..1. Positions of at most 0.5 are background; where a picture has none, those that are the
        least foreground stand in.

    Returns: B x N, int64 indices into the positions. No gradient flows through the choice.
    """
    directions = functional.normalize(features, dim=1)
    penalty = torch.zeros_like(mask, dtype=directions.dtype)
    penalty = penalty.masked_fill(~background_positions(mask), float("-inf"))
    chunks = torch.split(directions.transpose(1, 2), QUERY_CHUNK, dim=1)
    return torch.cat([(chunk @ directions + penalty).argmax(dim=2) for chunk in chunks], dim=1)


class LocalDynamics(nn.Module):
    """Fuses each foreground feature with its nearest background feature (HDNet section 3.2).

    The paper's ablation is best with K = 1 neighbour; then the softmax weight of equation 4 is 1 and the reference is
    the neighbour itself.
    """

    def __init__(self, channels: int) -> None:
        """`channels` is C of the feature map; the adaptive layer is a 1 x 1 convolution from 2C to C."""
        super().__init__()
        self.fuse = nn.Conv2d(2 * channels, channels, kernel_size=1)

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """Adjust the foreground of B x C x H x W; `mask` is B x 1 x H x W in 0..1; background passes unchanged."""
        flat = features.flatten(2)
        nearest = nearest_background(flat, mask.flatten(2))
        # Equation 4 with K = 1: phi_ref = F_b at the nearest position.
        reference = flat.gather(2, nearest.unsqueeze(1).expand_as(flat)).view_as(features)
        # Equation 5: phi_fuse = g(concat(phi_ref, F_f)).
        fused: Tensor = self.fuse(torch.cat([reference, features], dim=1))
        return fused * mask + features * (1 - mask)
