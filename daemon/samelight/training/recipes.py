"""How each network is trained: data, not code."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from samelight_wire.errors import UnknownModelError

__all__ = ["ON_PHOTOS", "PAPER", "Recipe", "SizePhase", "recipe_for"]


@dataclass(frozen=True)
class SizePhase:
    """Picture sizes from some point of the training on."""

    start: float
    """Progress 0..1 at which the phase begins."""
    sides: tuple[int, ...]
    """One is drawn for each batch: the square root of its pictures' area, in pixels."""


@dataclass(frozen=True)
class Recipe:
    """Optimizer, schedule, batch and sizes of a training."""

    learning_rate: float
    """Of Adam with betas 0.9 and 0.999, at the start (after the warm-up)."""
    schedule: Literal["steps", "cosine"]
    """`steps`: a tenth from each milestone on. `cosine`: half a cosine down to a hundredth."""
    milestones: tuple[float, ...]
    """Progress 0..1 of each drop of `steps`."""
    batch: int
    """Pictures a step at `batch_side`; other sizes get as many as have about the same area together."""
    batch_side: int
    """The side that `batch` is meant for, in pixels."""
    phases: tuple[SizePhase, ...]
    """Sizes over the training, by rising start."""
    aspects: tuple[float, ...] = (1.0,)
    """Width by height; one is drawn for each batch."""
    epochs: int = 120
    """Passes over the photographs where neither steps nor minutes are asked for."""
    ema: float = 0.999
    """Decay a step of the averaged weights that are kept at the end."""

    def learning_rate_at(self, progress: float) -> float:
        """Learning rate at `progress` 0..1."""
        warm_up = min(1.0, progress / 0.01)
        if self.schedule == "cosine":
            return self.learning_rate * warm_up * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0))))
        return self.learning_rate * 0.1 ** sum(progress >= milestone for milestone in self.milestones)

    def sides_at(self, progress: float) -> tuple[int, ...]:
        """Sides to draw from at `progress` 0..1."""
        return [phase for phase in self.phases if phase.start <= progress][-1].sides

    def batch_at(self, side: int) -> int:
        """Pictures a step at this side; at least 2, since each is the next one's reference."""
        return max(2, round(self.batch * (self.batch_side / side) ** 2))


PAPER = {
    name: Recipe(
        learning_rate=1e-3,
        schedule="steps",
        milestones=(100 / 120, 110 / 120),
        batch=12,
        batch_side=256,
        phases=(SizePhase(0.0, (256,)),),
    )
    for name in ("hdnet", "hdnet-lite")
}
"""The recipes as published: HDNet section 4.1."""

ON_PHOTOS = {
    name: Recipe(
        learning_rate=1e-3,
        schedule="cosine",
        milestones=(),
        batch=16,
        batch_side=128,
        phases=(
            SizePhase(0.0, (96, 112, 128)),
            SizePhase(0.35, (112, 128, 160, 192)),
            SizePhase(0.75, (160, 192, 224, 256)),
        ),
        aspects=(1.0, 4 / 3, 3 / 4, 3 / 2, 2 / 3),
    )
    for name in ("hdnet", "hdnet-lite")
}
"""For composites made from photographs: small pictures first, which is where a budget of time goes furthest, and
many sizes and proportions, because a network run at a size it never saw draws checkerboards."""


def recipe_for(model: str, *, paper: bool) -> Recipe:
    """The recipe of a network.

    Raises: UnknownModelError where there is none.
    """
    recipes = PAPER if paper else ON_PHOTOS
    if model not in recipes:
        raise UnknownModelError(f"There is no training recipe for '{model}'.", f"Choose one of: {', '.join(recipes)}.")
    return recipes[model]
