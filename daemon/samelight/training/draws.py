"""What a training decides by chance for each step, as a pure function of its seed and the step's number."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import torch

from samelight.training.recipes import Recipe
from samelight.training.sampling import choice, uniform

__all__ = ["Plan", "generators_of", "plan_step", "seeded"]


@dataclass(frozen=True)
class Plan:
    """One optimizer step before its composites are made."""

    step: int
    """Steps done before it."""
    progress: float
    """How far the training is, 0..1."""
    count: int
    """Pictures in the batch of all processes together."""
    size: tuple[int, int]
    """(height, width) in pixels."""
    hidden: bool
    """Whether the network is shown no instances."""
    coarse: bool = False
    """Whether a network of two stages learns its first alone."""


def seeded(*key: object) -> torch.Generator:
    """A generator on the CPU whose numbers this key decides, and that has nothing in common with another key's."""
    digest = hashlib.blake2b("/".join(map(str, key)).encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "little") >> 1)


def plan_step(recipe: Recipe, seed: int, step: int, progress: float) -> Plan:
    """Decide size, number of pictures and whether instances are shown.

    Args:
      recipe: what to choose from.
      seed: the training's.
      step: steps done before.
      progress: 0..1; with a budget of steps it follows from the step.
    """
    generator, sides = seeded(seed, step, "plan"), recipe.sides_at(progress)
    side = sides[choice(generator, len(sides))]
    aspect = recipe.aspects[choice(generator, len(recipe.aspects))]
    unit = recipe.multiple
    height, width = (max(unit, unit * round(side * factor / unit)) for factor in (aspect**-0.5, aspect**0.5))
    hidden = float(uniform(generator, (1,), 0, 1)) < recipe.without_instances
    return Plan(step, progress, recipe.batch_at(side), (height, width), hidden, progress < recipe.coarse_first)


def generators_of(seed: int, step: int, pictures: Iterable[int]) -> list[torch.Generator]:
    """A generator for each picture of a batch, by its place in the batch: what losses and networks draw from.

    So a picture's random figures are the same whichever process works on it.
    """
    return [seeded(seed, step, "picture", picture) for picture in pictures]
