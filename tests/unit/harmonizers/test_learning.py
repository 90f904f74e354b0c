"""Every network learns: trained from scratch on 16 composites, it reaches a foreground PSNR above 32 dB on them.

The composites are the first that the training's own maker draws, none chosen; the loss is the paper's. The lite sizes
by default; with SAMELIGHT_LEARN_PAPER_SIZES=1 the papers' too, which takes many minutes each.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor, nn

from samelight import harmonizers
from samelight.harmonizers.stages import run_stages
from samelight.instances import Instances
from samelight.segmentation import find_in_batch
from samelight.segmentation.regions import RegionSegmenter
from samelight.training.composites import CompositeMaker, Composites, Variety
from samelight.training.losses import LOSSES
from samelight.training.optimizing import make_optimizer
from samelight.training.photos import PhotoCollection
from samelight.training.recipes import recipe_for

ENOUGH = 32.0
"""dB."""


@dataclass(frozen=True)
class Course:
    """What a network is given to learn by heart; loss and kind of optimizer are those of its paper."""

    rate: float
    """Greatest learning rate; it rises in the warm-up and falls in half a cosine."""
    steps: int
    """Most steps."""
    batch: int = 16
    """Composites a step."""
    warm_up: int = 20
    """Steps."""
    side: int = 64
    """Of the composites, in pixels."""
    longest_gradient: float = math.inf
    """A longer gradient is shortened to this norm."""


COURSES = {
    "hdnet-lite": Course(rate=3e-3, steps=400),
    "srin-lite": Course(rate=3e-3, steps=360),
    "srih-lite": Course(rate=2e-3, steps=400, batch=8, longest_gradient=1.0),
    # Nothing normalizes its maps: without the limit a rare large gradient undoes many steps.
    "frih-lite": Course(rate=3e-3, steps=280, batch=4, warm_up=30, longest_gradient=1.0),
    # The gradient of the contrastive loss is as large as the rest's until its MLP tells both regions apart. At 32 x 32
    # that takes 40 steps, because a patch is as large as the picture; at 64 x 64 all of a far longer course, of which
    # 450 steps of 8 came to 28.4 dB only.
    "rcl-lite": Course(rate=2e-3, steps=250, warm_up=60, side=32),
    # The papers' sizes learn from fewer pictures a step, which is all that a CPU has time for.
    "hdnet": Course(rate=1e-3, steps=400, batch=4, longest_gradient=1.0),
    "srin": Course(rate=1e-3, steps=400, batch=4, longest_gradient=1.0),
    "srih": Course(rate=5e-4, steps=400, batch=4, longest_gradient=1.0),
    "frih": Course(rate=1e-3, steps=300, batch=2, warm_up=30, longest_gradient=1.0),
    "rcl": Course(rate=1e-3, steps=400, batch=8, warm_up=60, side=32, longest_gradient=1.0),
}


def wanted() -> list[str]:
    """The networks to be tested: the lite sizes, or all."""
    everything = os.environ.get("SAMELIGHT_LEARN_PAPER_SIZES") == "1"
    return [name for name in harmonizers.names() if everything or name.endswith("-lite")]


@dataclass(frozen=True)
class Lesson:
    """Sixteen composites, and the instances in them where the network reads instances."""

    composites: Composites
    instances: Instances | None

    def foreground_psnr(self, network: Callable[..., Tensor]) -> float:
        """Mean of the pictures' own, in dB."""
        real, mask = self.composites.real, self.composites.mask
        with torch.no_grad():
            result = (network(self.composites.composite * 2 - 1, mask, self.instances) + 1) / 2
        error = ((result - real).square().mean(dim=1, keepdim=True) * mask).sum(dim=(1, 2, 3)) / mask.sum(dim=(1, 2, 3))
        return float(-10 * torch.log10(error.clamp(min=1e-6)).mean())

    def part(self, members: Tensor) -> Lesson:
        """Some of the composites."""
        whole, found = self.composites, self.instances
        shown = found and Instances(found.labels[members], found.similarity[members], found.present[members])
        return Lesson(Composites(whole.composite[members], whole.mask[members], whole.real[members], []), shown)


def lesson(photos: PhotoCollection, side: int, *, instances: bool) -> Lesson:
    """The first sixteen composites that are drawn; none of this seed's is left as it is."""
    batch = CompositeMaker(photos, seed=11, variety=Variety(selected=0)).batch(0, 16, (side, side))
    return Lesson(batch, find_in_batch(RegionSegmenter(), batch.composite, batch.mask) if instances else None)


def learn(name: str, task: Lesson, course: Course) -> float:
    """Train until the foreground PSNR is high enough or the steps are spent; returns it, in dB."""
    torch.manual_seed(0)
    network = harmonizers.create(name)
    recipe = replace(recipe_for(name, paper=True), learning_rate=course.rate)
    loss = LOSSES[recipe.loss]()
    optimizer = make_optimizer(recipe, [*network.parameters(), *loss.parameters()])
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: share_of_rate(step, course))
    reached = 0.0
    for step in range(course.steps):
        optimizer.zero_grad(set_to_none=True)
        backward(network, loss, task.part(torch.randperm(16)[: course.batch]))
        nn.utils.clip_grad_norm_(network.parameters(), course.longest_gradient)
        optimizer.step()
        schedule.step()
        if (step % 20 == 19 or step + 1 == course.steps) and (reached := task.foreground_psnr(network.eval())) > ENOUGH:
            break
        network.train()
    return reached


def share_of_rate(step: int, course: Course) -> float:
    """Of the learning rate at a step, 0..1."""
    return min(1.0, (step + 1) / course.warm_up) * (0.01 + 0.99 * (1 + math.cos(math.pi * step / course.steps)) / 2)


def backward(network: nn.Module, loss: nn.Module, task: Lesson) -> None:
    """Gradients of the loss on these composites."""
    batch = task.composites
    stages = run_stages(network, batch.composite * 2 - 1, batch.mask, task.instances)
    loss(stages, batch.real * 2 - 1, batch.mask).backward()


@pytest.mark.slow
@pytest.mark.parametrize("name", wanted())
def test_learns_sixteen_composites_by_heart(name: str, photos: PhotoCollection) -> None:
    course = COURSES[name]
    task = lesson(photos, course.side, instances=harmonizers.describe(name).needs_instances)
    assert learn(name, task, course) > ENOUGH


@pytest.mark.parametrize("side", sorted({course.side for course in COURSES.values()}))
def test_there_is_something_to_learn(side: int, photos: PhotoCollection) -> None:
    task = lesson(photos, side, instances=False)
    assert task.foreground_psnr(lambda composite, *_: composite) < 20
    assert learn("hdnet-lite", task, Course(rate=0.0, steps=1)) < 20


def test_there_are_instances_to_be_seen(photos: PhotoCollection) -> None:
    task = lesson(photos, 64, instances=True)
    assert task.instances is not None
    assert int(task.instances.present.sum(dim=1).min()) >= 3


@pytest.mark.parametrize("name", harmonizers.names())
def test_gradients_reach_every_parameter(name: str, photos: PhotoCollection) -> None:
    torch.manual_seed(0)
    network, loss = harmonizers.create(name), LOSSES[recipe_for(name, paper=True).loss]()
    task = lesson(photos, 64, instances=harmonizers.describe(name).needs_instances)
    backward(network, loss, task.part(torch.arange(2)))
    parts = (*network.named_parameters(), *loss.named_parameters())
    assert [part for part, each in parts if each.grad is None or not each.grad.abs().max() > 0] == []
