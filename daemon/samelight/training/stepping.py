"""One optimizer step: the gradients of a batch, shared by the processes, then the weights and their average."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from math import isfinite
from typing import Any

import torch
from torch import Tensor, nn

from samelight.training.average import MovingAverage
from samelight.training.compiling import CompiledStages
from samelight.training.distributed import Team
from samelight.training.draws import generators_of
from samelight.training.learner import Learner
from samelight.training.losses import LOSSES, Part
from samelight.training.numerics import Numerics
from samelight.training.optimizing import make_optimizer, set_learning_rate
from samelight.training.recipes import Recipe
from samelight.training.supply import Batch, Portion
from samelight.training.teaching import Teacher

__all__ = ["Stepper"]


class Stepper:
    """Everything that a step changes: the network, the loss's parameters, the optimizer's state, the average."""

    def __init__(
        self,
        network: nn.Module,
        recipe: Recipe,
        seed: int,
        numerics: Numerics,
        team: Team,
        *,
        rarely_used: bool,
        compiler: Callable[[nn.Module], CompiledStages] | None = None,
        teacher: Teacher | None = None,
    ) -> None:
        """Put everything on the device.

        Args:
          network: the same first weights in every process.
          recipe: loss, optimizer, learning rates, average.
          seed: of what losses and networks draw.
          numerics: where and in which precision the network runs.
          team: the processes that share each batch.
          rarely_used: whether some steps leave parameters of the network unused.
          compiler: compiles the network; None to run it as it is.
          teacher: says what else is learned than the real pictures, on the device.
        """
        self.recipe, self.seed, self.team, self.numerics = recipe, seed, team, numerics
        self.network = numerics.place(network)
        self.average = MovingAverage(self.network, recipe.ema)
        self.loss = LOSSES[recipe.loss]().to(numerics.device)
        self.learner = Learner(self.network, self.loss, numerics, teacher)
        if compiler is not None:  # after the average has its copy, before the processes' hooks are on the network
            self.learner.run = compiler(self.network)
        self.optimizer = make_optimizer(recipe, self.learner.parameters())
        self.scaler = numerics.scaler()
        self._shared = team.wrap(self.learner, rarely_used=rarely_used)

    def take(self, batch: Batch) -> Tensor:
        """Do a step; returns the figures of `Learner`, added up over this process's portions."""
        set_learning_rate(self.optimizer, self.recipe.learning_rate_at(batch.plan.progress))
        self.optimizer.zero_grad(set_to_none=True)
        if hasattr(self.network, "refines"):
            self.network.refines = not batch.plan.coarse  # type: ignore[assignment]
        figures = self.gradients(batch)
        if isfinite(self.recipe.longest_gradient):
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.longest_gradient)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.average.update(self.network, batch.plan.step)
        return figures

    def gradients(self, batch: Batch) -> Tensor:
        """Add the gradients of all portions to those that are there; returns what `take` returns."""
        counted, last = self._counted(batch), batch.portions[-1]
        figures = [self._backward(portion, batch, counted, exchange=portion is last) for portion in batch.portions]
        return torch.stack(figures).sum(dim=0)

    def _backward(self, portion: Portion, batch: Batch, counted: Tensor | None, *, exchange: bool) -> Tensor:
        """A portion's figures; the processes exchange their gradients once, with the last portion's."""
        made, places = portion.composites, generators_of(self.seed, batch.plan.step, portion.members)
        part = Part(batch.plan.count, places, counted)
        waits = self.team.size > 1 and not exchange
        with self._shared.no_sync() if waits else nullcontext():  # type: ignore[operator]
            loss, figures = self._shared(made.composite, made.real, made.mask, portion.instances, part, made.pasted)
            # The processes' gradients are averaged, and it is their sum that is the batch's.
            self.scaler.scale(loss * self.team.size).backward()
        return torch.as_tensor(figures)

    def _counted(self, batch: Batch) -> Tensor | None:
        """What the loss counts over the whole batch, that of all processes."""
        if not hasattr(self.loss, "counted"):
            return None
        count: Any = self.loss.counted
        own = [count(portion.composites.mask) for portion in batch.portions]
        return self.team.sum_up(torch.stack(own).sum())

    def broken(self) -> bool:
        """Whether a weight is no number any more."""
        sums = torch.stack([parameter.detach().sum() for parameter in self.network.parameters()])
        return not bool(sums.isfinite().all())
