"""The papers' training losses by name: one paper a file.

A loss is a module called as `loss(stages, real, mask, part)`: what the network made (`samelight.harmonizers.stages`),
the real pictures B x 3 x H x W in -1..1 and the masks B x 1 x H x W in 0..1; it returns a scalar, the mean over the
batch. Where these pictures are only a `Part` of a batch, it returns their share of that mean: the shares add up to it.
A loss that is a mean over some of the pictures alone has a method `counted(mask)` that says how many those are.
It may hold parameters: they are trained with the network's and kept in checkpoints, and are no part of its weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import nn

from samelight.training.losses.foreground_mse import ForegroundMSE, foreground_mse
from samelight.training.losses.frih import FrihLoss
from samelight.training.losses.l1 import L1
from samelight.training.losses.part import WHOLE, Part
from samelight.training.losses.rcl import RCLLoss

__all__ = ["L1", "LOSSES", "WHOLE", "ForegroundMSE", "FrihLoss", "Part", "RCLLoss", "foreground_mse"]

LOSSES: Mapping[str, Callable[[], nn.Module]] = {
    "foreground-mse": ForegroundMSE,
    "frih": FrihLoss,
    "l1": L1,
    "rcl": RCLLoss,
}
"""What a recipe's `loss` names."""
