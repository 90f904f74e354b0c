"""How each network is trained: data, not code."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from samelight_wire.errors import UnknownModelError

__all__ = ["ON_PHOTOS", "PAPER", "Augmentation", "Recipe", "SizePhase", "recipe_for"]


@dataclass(frozen=True)
class SizePhase:
    """Picture sizes from some point of the training on."""

    start: float
    """Progress 0..1 at which the phase begins."""
    sides: tuple[int, ...]
    """One is drawn for each batch: the square root of its pictures' area, in pixels."""


@dataclass(frozen=True)
class Augmentation:
    """How a photograph is varied before a composite is made from it."""

    flip: bool = True
    """Whether every other picture is mirrored left to right."""
    least_crop: float = 0.55
    """A random window is cut out and resized: its sides are this share up to all of the largest window's that fits;
    1 for always the largest."""


@dataclass(frozen=True)
class Recipe:
    """Optimizer, schedule, loss, batch, sizes and augmentation of a training."""

    learning_rate: float
    """Of the optimizer at the start (after the warm-up); its betas are 0.9 and 0.999."""
    schedule: Literal["steps", "cosine"]
    """`steps`: a tenth from each milestone on. `cosine`: half a cosine down to `final_rate`."""
    milestones: tuple[float, ...]
    """Progress 0..1 of each drop of `steps`; without any the learning rate stays."""
    batch: int
    """Pictures a step at `batch_side`; other sizes get as many as have about the same area together."""
    batch_side: int
    """The side that `batch` is meant for, in pixels."""
    phases: tuple[SizePhase, ...]
    """Sizes over the training, by rising start."""
    loss: str = "foreground-mse"
    """A name of `samelight.training.losses.LOSSES`."""
    optimizer: Literal["adam", "adamw", "muon"] = "adam"
    """AdamW takes weight decay apart from the gradient's statistics; Muon is for kernels, with AdamW for the rest."""
    muon_share: float = 20.0
    """Muon's learning rate as a multiple of `learning_rate`."""
    weight_decay: float = 0.0
    """Of the optimizer."""
    final_rate: float = 1e-5
    """Learning rate at the end of `cosine`."""
    warm_up: float = 0.0
    """Share 0..1 of the training over which the learning rate rises from 0."""
    longest_gradient: float = math.inf
    """A longer gradient of the network's parameters together is shortened to this norm."""
    aspects: tuple[float, ...] = (1.0,)
    """Width by height; one is drawn for each batch."""
    multiple: int = 8
    """Heights and widths are multiples of this many pixels: the network's stride, so that no padding is learned."""
    augmentation: Augmentation = Augmentation()
    """What happens to the photographs."""
    without_instances: float = 0.0
    """Share 0..1 of the batches in which a network that reads instances is shown none, as it may happen in use."""
    coarse_first: float = 0.0
    """Share 0..1 of the training over which a network of two stages learns its first alone."""
    epochs: int = 120
    """Passes over the photographs where neither steps nor minutes are asked for."""
    ema: float = 0.999
    """Decay a step of the averaged weights that are kept at the end; 0 keeps the last ones."""

    def learning_rate_at(self, progress: float) -> float:
        """Learning rate at `progress` 0..1."""
        started = min(1.0, progress / self.warm_up) if self.warm_up else 1.0
        if self.schedule == "cosine":
            height = 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
            return started * (self.final_rate + (self.learning_rate - self.final_rate) * height)
        return started * self.learning_rate * 0.1 ** sum(progress >= milestone for milestone in self.milestones)

    def sides_at(self, progress: float) -> tuple[int, ...]:
        """Sides to draw from at `progress` 0..1."""
        return [phase for phase in self.phases if phase.start <= progress][-1].sides

    @property
    def many_sizes(self) -> bool:
        """Whether pictures come in more than one size."""
        return len(self.aspects) * len({side for phase in self.phases for side in phase.sides}) > 1

    def batch_at(self, side: int) -> int:
        """Pictures a step at this side; at least 2, since each is the next one's reference."""
        return max(2, round(self.batch * (self.batch_side / side) ** 2))


def _both_sizes(recipes: Mapping[str, Recipe]) -> dict[str, Recipe]:
    """A paper's recipe serves its network in both sizes."""
    return {name + size: recipe for name, recipe in recipes.items() for size in ("", "-lite")}


_AS_IT_IS = Augmentation(flip=False, least_crop=1.0)
_CROPPED = Augmentation(flip=True, least_crop=0.7)

_HDNET = Recipe(
    learning_rate=1e-3,
    schedule="steps",
    milestones=(100 / 120, 110 / 120),
    batch=12,
    batch_side=256,
    phases=(SizePhase(0.0, (256,)),),
    augmentation=_AS_IT_IS,
    epochs=120,
    ema=0.0,
)

PAPER = _both_sizes(
    {
        # Section 4.1.
        "hdnet": _HDNET,
        # Section 3.1, which states no batch: HDNet's.
        "srin": replace(_HDNET, loss="l1"),
        # Section 4.1 "Implementation Details", which states neither loss nor augmentation: HDNet's.
        "srih": replace(
            _HDNET,
            optimizer="adamw",
            learning_rate=3e-4,
            schedule="cosine",
            milestones=(),
            final_rate=1e-6,
            weight_decay=1e-4,
            batch=8,
            epochs=200,
        ),
        # "Implementation Details".
        "frih": replace(
            _HDNET,
            learning_rate=0.008,
            milestones=(160 / 180, 175 / 180),
            loss="frih",
            batch=128,
            augmentation=_CROPPED,
            epochs=180,
        ),
        # Section IV-A: "AdamW with default setting", hence its weight decay and no schedule; it states no epochs.
        "rcl": replace(
            _HDNET,
            optimizer="adamw",
            weight_decay=0.01,
            milestones=(),
            loss="rcl",
            batch=8,
            augmentation=_CROPPED,
        ),
    }
)
"""The recipes as published. Resized to 256 x 256 means here: the largest square window of the photograph."""

_ON_PHOTOS = Recipe(
    learning_rate=1e-3,
    schedule="cosine",
    milestones=(),
    batch=16,
    batch_side=128,
    phases=(
        SizePhase(0.0, (40, 48, 56)),
        SizePhase(0.55, (80, 96, 112)),
        SizePhase(0.85, (128, 192, 256)),
    ),
    optimizer="muon",
    warm_up=0.01,
    aspects=(1.0, 4 / 3, 3 / 4, 3 / 2, 2 / 3),
)

ON_PHOTOS = _both_sizes(
    {
        "hdnet": _ON_PHOTOS,
        # Not the paper's L1, with which it learns more slowly here (docs/training-log.md).
        "srin": replace(_ON_PHOTOS, without_instances=0.7),
        "srih": replace(
            _ON_PHOTOS,
            final_rate=1e-6,
            weight_decay=1e-4,
            without_instances=0.7,
        ),
        # Its stride is 128: squares need no padding here, other proportions do, as in use. The cascade, which is thirty
        # times as much work, learns to refine what is already right: it joins in late.
        # Nothing normalizes its maps, so that a rare large gradient would undo many steps.
        "frih": replace(
            _ON_PHOTOS,
            loss="frih",
            multiple=32,
            phases=(SizePhase(0.0, (128,)), SizePhase(0.6, (128, 192, 256))),
            coarse_first=0.8,
            longest_gradient=1.0,
        ),
        # Without the paper's contrast: as models.md reads equation 10 it pulls as hard as the pictures' error, and a
        # network that learns 16 composites of 64 x 64 by heart stops at 28 dB with it.
        "rcl": replace(_ON_PHOTOS, weight_decay=0.01, multiple=16),
    }
)
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
