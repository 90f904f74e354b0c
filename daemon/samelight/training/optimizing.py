"""The optimizer of a recipe."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from samelight.training.recipes import Recipe

__all__ = ["make_optimizer"]


def make_optimizer(recipe: Recipe, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """The recipe's optimizer at its first learning rate; on a card as one kernel for all parameters."""
    kind = torch.optim.AdamW if recipe.optimizer == "adamw" else torch.optim.Adam
    learned = list(parameters)
    fused = all(parameter.device.type == "cuda" for parameter in learned) or None
    rate, decay = recipe.learning_rate, recipe.weight_decay
    return kind(learned, lr=rate, betas=(0.9, 0.999), weight_decay=decay, fused=fused)
