"""Small trainings that the tests run in this process, in one that is killed, and in two that share them."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from samelight import harmonizers
from samelight.segmentation import find_in_batch
from samelight.segmentation.regions import RegionSegmenter
from samelight.training.composites import CompositeMaker
from samelight.training.history import Step
from samelight.training.photos import PhotoCollection
from samelight.training.recipes import Recipe, SizePhase, recipe_for
from samelight.training.trainer import Budget, Pace, Trainer
from samelight.training.watching import Watcher

SMALL = Recipe(
    1e-3,
    "cosine",
    (),
    batch=5,
    batch_side=32,
    phases=(SizePhase(0, (24, 32)), SizePhase(0.5, (32, 40))),
    aspects=(1.0, 1.5),
    ema=0.9,
    without_instances=0.3,
)
"""Mixed sizes, averaged weights, hidden instances, batches that two processes cannot share evenly."""
SHARED_STEPS = {"hdnet-lite": 20, "srin-lite": 20, "frih-lite": 6, "rcl-lite": 20}
"""Steps that two processes share, for one network of each loss: SRIN reads instances and draws palettes, RCL's loss has
parameters and draws patches. FRIH pads every picture to its stride of 128, and takes as long for 6."""
ALWAYS = Pace(checkpoint_every=0)
"""A checkpoint before every step."""


@dataclass(frozen=True)
class Course:
    """A training by its parts that can be written down."""

    model: str
    photos: Path
    folder: Path
    steps: int
    paper: bool = True
    """Whether loss and optimizer are the paper's, else those for photographs."""

    def trainer(self, **options: Any) -> Trainer:
        """With random weights that are the same each time."""
        known = recipe_for(self.model, paper=self.paper)
        recipe = replace(SMALL, loss=known.loss, optimizer=known.optimizer, weight_decay=known.weight_decay)
        torch.manual_seed(0)
        network = harmonizers.create(self.model)
        needs = harmonizers.describe(self.model).needs_instances
        segment = partial(find_in_batch, RegionSegmenter()) if needs else None
        source = CompositeMaker(PhotoCollection(self.photos), 5)
        options = {"model": self.model, "seed": 5, "segment": segment, **options}
        return Trainer(network, source, recipe, Budget(steps=self.steps), self.folder, **options)


def learned(folder: Path) -> dict[str, Tensor]:
    """Everything that a checkpoint holds of weights, by part and name."""
    state = torch.load(folder / "checkpoint.pt", weights_only=True)
    parts = ("network", "average", "loss")
    return {f"{part}.{name}": tensor for part in parts for name, tensor in state[part].items()}


def different(one: dict[str, Tensor], other: dict[str, Tensor]) -> Sequence[str]:
    """The names of tensors that are not bit for bit the same."""
    assert one.keys() == other.keys()
    return [name for name in one if not torch.equal(one[name], other[name])]


class Tint(nn.Module):
    """A network of one number."""

    def __init__(self) -> None:
        super().__init__()
        self.brightness = nn.Parameter(torch.zeros(()))

    def forward(self, composite: Tensor, mask: Tensor, instances: object = None) -> Tensor:
        return composite + self.brightness * mask


class Stopper(Watcher):
    """Sends this process a signal after a step, and hears what is said."""

    def __init__(self, after: int, number: int = signal.SIGTERM) -> None:
        self.after, self.number = after, number
        self.heard: list[str] = []

    def step(self, step: Step) -> None:
        if step.number == self.after:
            os.kill(os.getpid(), self.number)

    def said(self, sentence: str) -> None:
        self.heard.append(sentence)
