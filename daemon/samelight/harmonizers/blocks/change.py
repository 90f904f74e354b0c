"""Outputs that are changes of a picture: its fine structure need not pass the network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["changed", "start_small"]

FIRST_SHARE = 0.1
"""How large the first random weights of the layer that makes the change are, by torch's own."""


def changed(picture: Tensor, change: Tensor) -> Tensor:
    """The picture and its change, limited to -1..1.

    Gradients pass as if there were no limit, or pixels beyond it would stop learning.

    Args:
      picture: B x 3 x H x W in -1..1.
      change: the same shape, any range; positive is brighter.
    """
    result = picture + change
    return result.clamp(-1, 1).detach() + (result - result.detach())


def start_small(to_rgb: nn.Conv2d | nn.ConvTranspose2d) -> None:
    """Let the layer that makes the change begin with next to none: the first result is about the picture itself."""
    with torch.no_grad():
        to_rgb.weight.mul_(FIRST_SHARE)
        if to_rgb.bias is not None:
            to_rgb.bias.zero_()
