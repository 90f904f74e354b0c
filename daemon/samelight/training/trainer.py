"""The training loop: composites in, averaged weights out, with checkpoints to go on from."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from samelight.harmonizers.stages import run_stages
from samelight.instances import Instances
from samelight.training.composites import CompositeMaker, Composites
from samelight.training.losses import LOSSES
from samelight.training.recipes import Recipe
from samelight.training.sampling import choice, uniform
from samelight_wire.errors import InvalidOptionError, WeightsCorruptError

__all__ = ["Budget", "Segment", "Step", "Trainer", "make_optimizer"]

Segment = Callable[[Tensor, Tensor], Instances]
"""Finds the instances of composites B x 3 x H x W in 0..1 with masks B x 1 x H x W in 0..1."""

CHECKPOINT = "checkpoint.pt"


@dataclass(frozen=True)
class Budget:
    """When a training ends; exactly one of the two is set."""

    steps: int | None = None
    """Number of optimizer steps."""
    minutes: float | None = None
    """Time spent training, earlier runs of the same training counted in."""

    def __post_init__(self) -> None:
        """Check the figures.

        Raises: InvalidOptionError.
        """
        if (self.steps is None) == (self.minutes is None) or (self.steps or self.minutes or 0) <= 0:
            raise InvalidOptionError("A training needs either a number of steps or of minutes, above 0.")

    def progress(self, step: int, seconds: float) -> float:
        """How far a training is, 0..1 and above."""
        return step / self.steps if self.steps else seconds / (60 * (self.minutes or 1))


@dataclass(frozen=True)
class Step:
    """What one optimizer step did."""

    number: int
    """Counts from 1."""
    progress: float
    """How far the training is, 0..1."""
    loss: float
    """The recipe's loss on this batch."""
    gain: float
    """Summed squared foreground error of the results by that of the composites: below 1 is better than nothing."""
    pictures: int
    """Composites in the batch."""
    seconds: float
    """Time spent training so far."""


def make_optimizer(recipe: Recipe, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """The recipe's optimizer at its first learning rate."""
    kind = torch.optim.AdamW if recipe.optimizer == "adamw" else torch.optim.Adam
    return kind(parameters, lr=recipe.learning_rate, betas=(0.9, 0.999), weight_decay=recipe.weight_decay)


class Trainer:
    """Trains one network; `run` goes on from the folder's checkpoint where there is one."""

    def __init__(
        self,
        network: nn.Module,
        maker: CompositeMaker,
        recipe: Recipe,
        budget: Budget,
        folder: Path,
        *,
        segment: Segment | None = None,
        half_precision: bool = True,
    ) -> None:
        """Prepare a training.

        Args:
          network: with random weights, already on the maker's device.
          maker: draws the composites; its generator's state is part of a checkpoint.
          recipe: optimizer, schedule, loss, batch and sizes.
          budget: when to end.
          folder: where checkpoints go; created.
          segment: finds the instances that the network reads; None for a network that reads none.
          half_precision: run the network in bfloat16 (its weights stay in float32).
        """
        self.network, self.maker, self.recipe, self.budget, self.folder = network, maker, recipe, budget, folder
        self.segment, self.half_precision = segment, half_precision
        self.loss = LOSSES[recipe.loss]().to(maker.device)
        self.optimizer = make_optimizer(recipe, [*network.parameters(), *self.loss.parameters()])
        self.average = AveragedModel(network, avg_fn=self._average)
        self.step, self.seconds = 0, 0.0
        self.history: list[Step] = []
        folder.mkdir(parents=True, exist_ok=True)

    def run(self, on_step: Callable[[Step], None], checkpoint_every: float = 300.0) -> nn.Module:
        """Train to the end of the budget; a checkpoint is written every `checkpoint_every` seconds and at the end.

        Returns: the network with averaged weights, in evaluation mode.
        Raises: WeightsCorruptError where the folder's checkpoint cannot be read.
        """
        self._resume()
        saved, started, before = time.monotonic(), time.monotonic(), self.seconds
        self.network.train()
        while (progress := self.budget.progress(self.step, self.seconds)) < 1:
            done = self._train_step(progress)
            self.seconds = before + time.monotonic() - started
            self.history.append(done)
            on_step(done)
            if time.monotonic() - saved > checkpoint_every:
                self.save()
                saved = time.monotonic()
        self.save()
        averaged: nn.Module = self.average.module
        return averaged.eval()

    def save(self) -> None:
        """Write the checkpoint; an interrupted write leaves the previous one."""
        state: dict[str, Any] = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "loss": self.loss.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            # What composites are drawn from, and what networks and losses draw from in training.
            "torch_generator": torch.get_rng_state(),
            "generator": self.maker.generator.get_state(),
            "step": self.step,
            "seconds": self.seconds,
            "history": [asdict(step) for step in self.history],
        }
        unfinished = self.folder / (CHECKPOINT + ".part")
        torch.save(state, unfinished)
        unfinished.replace(self.folder / CHECKPOINT)

    def _resume(self) -> None:
        path = self.folder / CHECKPOINT
        if not path.exists():
            return
        try:
            state = torch.load(path, weights_only=True, map_location=self.maker.device)
            self.network.load_state_dict(state["network"])
            self.average.load_state_dict(state["average"])
            self.loss.load_state_dict(state["loss"])
            self.optimizer.load_state_dict(state["optimizer"])
            torch.set_rng_state(state["torch_generator"].cpu())
            self.maker.generator.set_state(state["generator"].cpu())
            self.step, self.seconds = state["step"], state["seconds"]
            self.history = [Step(**step) for step in state["history"]]
        except (RuntimeError, KeyError, TypeError, EOFError, OSError, UnpicklingError) as error:
            hint = "Delete it to train from the start, or name another output folder."
            raise WeightsCorruptError(f"The checkpoint {path} does not fit this training.", hint) from error

    def _train_step(self, progress: float) -> Step:
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.learning_rate_at(progress)
        count, size = self._draw_size(progress)
        batch = self.maker.batch(self.step, count, size, self.recipe.augmentation)
        composite, real, instances = batch.composite * 2 - 1, batch.real * 2 - 1, self._instances(batch)
        with torch.autocast(composite.device.type, torch.bfloat16, enabled=self.half_precision):
            stages = run_stages(self.network, composite, batch.mask, instances)
        loss = self.loss(stages, real, batch.mask)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if isfinite(self.recipe.longest_gradient):
            nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.longest_gradient)
        self.optimizer.step()
        self.average.update_parameters(self.network)
        self.step += 1
        gain = _error(stages.result, real) / max(_error(composite, real), 1e-12)
        return Step(self.step, progress, float(loss.detach()), gain, count, self.seconds)

    def _instances(self, batch: Composites) -> Instances | None:
        """What the network is shown of the batch's instances."""
        if self.segment is None:
            return None
        hidden = float(uniform(self.maker.generator, (1,), 0, 1)) < self.recipe.without_instances
        return None if hidden else self.segment(batch.composite, batch.mask).to(self.maker.device)

    def _draw_size(self, progress: float) -> tuple[int, tuple[int, int]]:
        """Pictures in the batch and their (height, width)."""
        generator, sides = self.maker.generator, self.recipe.sides_at(progress)
        side = sides[choice(generator, len(sides))]
        aspect = self.recipe.aspects[choice(generator, len(self.recipe.aspects))]
        unit = self.recipe.multiple
        height, width = (max(unit, unit * round(side * factor / unit)) for factor in (aspect**-0.5, aspect**0.5))
        return self.recipe.batch_at(side), (height, width)

    def _average(self, averaged: Tensor, current: Tensor, count: Tensor | int) -> Tensor:
        """Exponential moving average that follows faster in the first steps, when little has been learned."""
        decay = min(self.recipe.ema, (1 + int(count)) / (10 + int(count)))
        return torch.lerp(current, averaged, decay)


def _error(result: Tensor, real: Tensor) -> float:
    return float((result.detach() - real).square().sum())
