"""Outputs that are changes of a picture: its fine structure need not pass the network."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["changed", "start_small"]

FIRST_SHARE = 0.1
"""How large the first random weights of the layer that makes the change are, by torch's own."""


class _Limit(torch.autograd.Function):
    """Clamp to -1..1. Of the gradients beyond it, those pass that lead back."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        ctx.save_for_backward(values)
        return values.clamp(-1, 1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (values,) = ctx.saved_tensors
        # A step goes against the gradient.
        outwards = (values > 1) & (gradient < 0) | (values < -1) & (gradient > 0)
        return gradient.masked_fill(outwards, 0)


def changed(picture: Tensor, change: Tensor) -> Tensor:
    """The picture and its change, limited to -1..1.

    A pixel beyond the limit learns to come back, as no clamp or tanh would let it; but no loss that looks at more than
    the distance to the real picture, as RCL's contrast does, drives it further and further out.

    Args:
      picture: B x 3 x H x W in -1..1.
      change: the same shape, any range; positive is brighter.
    """
    limited: Tensor = _Limit.apply(picture + change)
    return limited


def start_small(to_rgb: nn.Conv2d | nn.ConvTranspose2d) -> None:
    """Let the layer that makes the change begin with next to none: the first result is about the picture itself."""
    with torch.no_grad():
        to_rgb.weight.mul_(FIRST_SHARE)
        if to_rgb.bias is not None:
            to_rgb.bias.zero_()
