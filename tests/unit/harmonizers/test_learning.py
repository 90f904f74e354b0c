"""Every network learns: trained from scratch on 16 composites, it reaches a foreground PSNR above 32 dB on them.

The lite sizes by default; with SAMELIGHT_LEARN_PAPER_SIZES=1 the papers' too, which takes many minutes each.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
import torch
from torch import nn

from samelight import harmonizers
from samelight.harmonizers.blocks.submasks import submask_labels
from samelight.harmonizers.stages import run_stages
from samelight.instances import Instances
from samelight.segmentation import find_in_batch
from samelight.segmentation.regions import RegionSegmenter
from samelight.training.composites import CompositeMaker, Composites
from samelight.training.losses import LOSSES
from samelight.training.photos import PhotoCollection
from samelight.training.recipes import recipe_for
from samelight.training.trainer import make_optimizer

SIDE = 16
"""Of the composites, in pixels: a step costs little, and much of what a network pads is free."""
DRAWN = 160
"""Composites of which sixteen are chosen."""
ENOUGH = 32.0
"""dB."""


@dataclass(frozen=True)
class Course:
    """What a network is given to learn by heart; loss and kind of optimizer are those of its paper."""

    rate: float
    """Learning rate at the start; it falls in half a cosine."""
    steps: int
    """Most steps."""
    batch: int = 16
    """Composites a step."""


COURSES = {
    "hdnet": Course(rate=3e-3, steps=300),
    "srin": Course(rate=3e-3, steps=300),
    "srih": Course(rate=1e-3, steps=300),
    "frih": Course(rate=4e-3, steps=600, batch=8),
    "rcl": Course(rate=3e-3, steps=400),
}
"""By paper."""


def wanted() -> list[str]:
    """The networks to be tested: the lite sizes, or all."""
    everything = os.environ.get("SAMELIGHT_LEARN_PAPER_SIZES") == "1"
    return [name for name in harmonizers.names() if everything or name.endswith("-lite")]


@dataclass(frozen=True)
class Lesson:
    """Sixteen composites, and the instances in them where the network reads instances."""

    composites: Composites
    instances: Instances | None

    def foreground_psnr(self, network: Callable[..., torch.Tensor]) -> float:
        """Of all foregrounds together, in dB."""
        real, mask = self.composites.real, self.composites.mask
        with torch.no_grad():
            result = (network(self.composites.composite * 2 - 1, mask, self.instances) + 1) / 2
            error = ((result - real).square().mean(dim=1, keepdim=True) * mask).sum() / mask.sum()
        return float(-10 * torch.log10(error))


def lesson(photos: PhotoCollection, *, instances: bool) -> Lesson:
    """The composites with the fewest submasks of those drawn, because FRIH refines each submask by itself."""
    drawn = CompositeMaker(photos, seed=8).batch(DRAWN, (SIDE, SIDE))
    submasks = submask_labels(drawn.composite * 2 - 1, drawn.mask).flatten(1).amax(dim=1)
    chosen = submasks.argsort(stable=True)[:16]
    batch = Composites(drawn.composite[chosen], drawn.mask[chosen], drawn.real[chosen], [])
    found = find_in_batch(RegionSegmenter(), batch.composite, batch.mask) if instances else None
    return Lesson(batch, found)


def learn(name: str, task: Lesson, course: Course) -> float:
    """Train until the foreground PSNR is high enough or the steps are spent; returns it, in dB."""
    torch.manual_seed(0)
    network = harmonizers.create(name)
    recipe = replace(recipe_for(name, paper=True), learning_rate=course.rate)
    loss = LOSSES[recipe.loss]()
    optimizer = make_optimizer(recipe, [*network.parameters(), *loss.parameters()])
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min(1.0, (step + 1) / 20) * (0.01 + 0.99 * (1 + math.cos(math.pi * step / course.steps)) / 2),
    )
    reached = 0.0
    for step in range(course.steps):
        train_step(network, loss, optimizer, task, torch.randperm(16)[: course.batch])
        schedule.step()
        if step % 20 == 19 and (reached := task.foreground_psnr(network.eval())) > ENOUGH:
            break
        network.train()
    return reached


def train_step(
    network: nn.Module, loss: nn.Module, optimizer: torch.optim.Optimizer, task: Lesson, members: torch.Tensor
) -> None:
    batch, instances = task.composites, task.instances
    shown = instances and Instances(
        instances.labels[members], instances.similarity[members], instances.present[members]
    )
    stages = run_stages(network, batch.composite[members] * 2 - 1, batch.mask[members], shown)
    optimizer.zero_grad(set_to_none=True)
    loss(stages, batch.real[members] * 2 - 1, batch.mask[members]).backward()
    optimizer.step()


@pytest.mark.slow
@pytest.mark.parametrize("name", wanted())
def test_learns_sixteen_composites_by_heart(name: str, photos: PhotoCollection) -> None:
    task = lesson(photos, instances=harmonizers.describe(name).needs_instances)
    assert learn(name, task, COURSES[name.removesuffix("-lite")]) > ENOUGH


def test_there_is_something_to_learn(photos: PhotoCollection) -> None:
    task = lesson(photos, instances=False)
    assert task.foreground_psnr(lambda composite, *_: composite) < 20
    assert learn("hdnet-lite", task, Course(rate=0.0, steps=20)) < 20
