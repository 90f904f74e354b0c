"""The training loop: composites in, averaged weights out, with checkpoints to go on from.

Everything random is a function of the seed and the step's number, so that a training needs nothing but its step to go
on, and several processes can share each batch. What is read from a card (losses, errors) is read some steps later, all
at once, so that the card never waits for the program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from pathlib import Path

import torch
from torch import nn

from samelight.instances import Instances
from samelight.training.agreement import Clock, Wishes, agree
from samelight.training.best import BestWeights
from samelight.training.budget import Budget, Pace
from samelight.training.checkpoint import (
    CHECKPOINT,
    differences,
    make_folder,
    read_checkpoint,
    refuse_another,
    write_atomically,
)
from samelight.training.compiling import CompiledStages
from samelight.training.distributed import ALONE, Team
from samelight.training.draws import Plan, plan_step
from samelight.training.history import History, Step
from samelight.training.numerics import Numerics, try_kernels
from samelight.training.readings import Readings
from samelight.training.recipes import Recipe
from samelight.training.source import CompositeSource
from samelight.training.state import circumstances_of, identity_of, state_of, take_on
from samelight.training.stepping import Stepper
from samelight.training.stopping import StopRequest, stop_requests
from samelight.training.supply import Batch, Maker, Segment, Supply
from samelight.training.teaching import Teacher
from samelight.training.watching import Pictures, Watcher
from samelight_wire.errors import InvalidOptionError, SamelightError, TrainingError, WeightsCorruptError

__all__ = ["Budget", "Pace", "Segment", "Step", "Trainer", "Validate"]

Validate = Callable[[nn.Module], Mapping[str, float]]
"""Measures a network in evaluation mode on its device; `fmse_ratio` is what the best weights are chosen by."""

HISTORY = "steps.csv"
SHOWN = 4
"""Pictures of a batch that are shown now and then."""


class Trainer:
    """Trains one network; `run` goes on from the folder's checkpoint where there is one."""

    def __init__(
        self,
        network: nn.Module,
        source: CompositeSource,
        recipe: Recipe,
        budget: Budget,
        folder: Path,
        *,
        model: str = "",
        seed: int = 0,
        segment: Segment | None = None,
        numerics: Numerics | None = None,
        team: Team = ALONE,
        pace: Pace | None = None,
        validate: Validate | None = None,
        keep_best: bool = True,
        workers: int = 1,
        portions: int = 1,
        compiled: bool = False,
        teacher: Teacher | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        """Prepare a training.

        Args:
          network: the same first weights in every process.
          source: of the composites; its device is where the network goes.
          recipe: optimizer, schedule, loss, batch and sizes.
          budget: when to end.
          folder: where checkpoints go; created.
          model: the network's name; a checkpoint of another one is refused.
          seed: of sizes, hidden instances and what losses and networks draw; a checkpoint of another one is refused.
          segment: finds the instances that the network reads; None for a network that reads none.
          numerics: precision and layout; float32 where it is None.
          team: the processes that share the training.
          pace: how often to save, to validate and to read the loss.
          validate: measures the averaged weights now and then.
          keep_best: end with the weights that it found best instead of the last ones.
          workers: threads that make batches ahead.
          portions: in how many parts a process works on its part of a batch, one after the other.
          compiled: run the network through torch.compile.
          teacher: says what else is learned than the real pictures; on the source's device.
          watcher: hears what happens, in the process that writes.

        Raises: InvalidOptionError where a batch has fewer pictures than there are processes times portions.
        """
        self.source, self.recipe, self.budget, self.folder = source, recipe, budget, folder
        self.model, self.seed, self.segment, self.team = model, seed, segment, team
        self.workers, self.portions, self.teacher = workers, portions, teacher
        self.pace, self.validate, self.keep_best = pace or Pace(), validate, keep_best
        self.watcher = watcher if watcher is not None and team.writes else Watcher()
        self.numerics = numerics or Numerics(source.device)
        try_kernels(many_sizes=recipe.many_sizes)
        _check_batches(recipe, team.size * portions)
        compiler = self._compile if compiled else None
        rarely_used = segment is not None or recipe.coarse_first > 0
        self.stepper = Stepper(
            network,
            recipe,
            seed,
            self.numerics,
            team,
            rarely_used=rarely_used,
            compiler=compiler,
            teacher=teacher,
        )
        self.network, self.average = self.stepper.network, self.stepper.average
        self.step, self.seconds, self.stopped_by = 0, 0.0, 0
        if team.writes:
            make_folder(folder)
        self.history, self.best = History(folder / HISTORY if team.writes else None), BestWeights(folder)
        self._validated, self._enough = 0, False
        self._readings = Readings(team, self.pace.read_every or (1 if source.device.type == "cpu" else 20))
        self._last: Batch | None = None

    def _compile(self, network: nn.Module) -> CompiledStages:
        run = CompiledStages(network, self.watcher.said, many_sizes=self.recipe.many_sizes)
        first = self.plan(0, 0.0)
        pictures = len(self.team.shards(self.portions)[0].members(first.count))
        run.try_out(network, self.numerics, pictures, first.size)
        return run

    def plan(self, step: int, progress: float) -> Plan:
        """What a step is made of."""
        return plan_step(self.recipe, self.seed, step, progress)

    # ---- the loop ----

    def run(self) -> nn.Module:
        """Train to the end of the budget, of patience, or to a signal (`stopped_by` then says which one).

        A checkpoint is written now and then and at the end.

        Returns: the network with averaged weights in evaluation mode, those of `kept_step`; after a signal the last.

        Raises:
          InvalidOptionError: the folder's checkpoint is another training's; the message says what differs.
          WeightsCorruptError: the checkpoint is damaged.
          OutputError: a checkpoint cannot be written.
          TrainingError: the loss is no number any more; the last checkpoint is from before that.
          SamelightError: what the source raised, after a checkpoint was written.
        """
        self.resume()
        self.watcher.begins(self.step)
        self.network.train()
        make = Maker(self.source, self.recipe.augmentation, self.segment, self.team.shards(self.portions))
        with Supply(make, self.source.device, self.workers) as supply, stop_requests() as request:
            self._loop(supply, request)
        self._read()
        if not self.stopped_by and not self._enough:
            self._validate()
        self.save()
        if self.team.writes and self.kept_step != self.step and not self.stopped_by:
            self.best.put_into(self.average.network)
        return self.average.network

    @property
    def kept_step(self) -> int:
        """The step whose averaged weights `run` returns."""
        return self.best.step if self.keep_best and self.best.step else self.step

    def _loop(self, supply: Supply, request: StopRequest) -> None:
        clock = Clock(self.seconds, self.pace)
        planned = self.step
        while True:
            while not supply.full and (progress := self.budget.progress(planned, self.seconds)) < 1:
                supply.order(self.plan(planned, progress))
                planned += 1
            batch, fault = _taken(supply)
            if batch is None and fault is None:
                return  # the end of the budget, in all processes at the same step
            wishes = self._agree(clock, request, fault)
            if wishes.validate:
                self._validate()
                clock.validated()
            if wishes.save:
                self.save()
                clock.saved()
            if wishes.fault or batch is None:
                raise self._given_up(fault)
            if wishes.signal or wishes.enough:
                self.stopped_by, self._enough = int(wishes.signal), bool(wishes.enough)
                return
            self._train_step(batch)

    def _agree(self, clock: Clock, request: StopRequest, fault: Exception | None) -> Wishes:
        """What all processes do before the next step."""
        own = Wishes(request.signal, float(fault is not None))
        if self.team.writes:
            enough = self.pace.patience is not None and self.best.stale >= self.pace.patience
            validate = self.validate is not None and self.step > self._validated and clock.validation_due and not enough
            own = Wishes(own.signal, own.fault, enough, clock.saving_due, validate, clock.seconds)
        wishes = agree(self.team, own)
        self.seconds = wishes.seconds
        return wishes

    def _train_step(self, batch: Batch) -> None:
        figures, plan = self.stepper.take(batch), batch.plan
        self.step += 1
        self._last = batch
        self._readings.add(figures, Step(self.step, plan.progress, 0.0, 0.0, plan.count, self.seconds))
        if self._readings.due:
            self._read()

    def _read(self) -> None:
        """Wait for the figures of the last steps and tell them; the processes do this together.

        Raises: TrainingError at the first step whose loss is no number.
        """
        for step in self._readings.read():
            if not isfinite(step.loss):
                self._diverged(f"its loss at step {step.number:,} is {step.loss}")
            self.history.append(step)
            self.watcher.step(step)

    def _diverged(self, what: str) -> None:
        kept = self.folder / CHECKPOINT
        hint = "Begin afresh with a lower rate, or with --precision float32."
        if kept.exists():
            hint = f"{kept} is from before that: go on from it with --precision float32, or begin with a lower rate."
        raise TrainingError(f"The training of {self.model or 'the network'} has come apart: {what}.", hint)

    def _given_up(self, fault: Exception | None) -> Exception:
        """Save, and say what kept a batch from being made."""
        self.save()
        place = f"The training stopped at step {self.step:,} and saved a checkpoint."
        if fault is None:
            return TrainingError(f"Another process could not make its composites. {place}", "Its own message says why.")
        if isinstance(fault, SamelightError):
            return type(fault)(f"{fault.message} {place}", fault.hint)
        return fault

    # ---- validation ----

    def _validate(self) -> None:
        """Measure the averaged weights in the process that writes; keep them where they are the best so far."""
        self._read()
        if not self.team.writes or self.validate is None or self._validated == self.step:
            return
        figures = self.validate(self.average.network)
        self.watcher.validated(self.step, figures)
        self.best.judge(self.average.network, self.step, figures["fmse_ratio"])
        self._validated = self.step

    # ---- checkpoints ----

    def save(self) -> None:
        """Write the checkpoint; an interrupted write leaves the previous one.

        Raises: OutputError where it cannot be written, TrainingError where the weights are no numbers any more.
        """
        self._read()
        if self.stepper.broken():
            self._diverged(f"its weights after step {self.step:,} are no numbers")
        if not self.team.writes:
            return
        self.history.flush()
        write_atomically(self.folder / CHECKPOINT, state_of(self))
        self.best.tidy()
        self._show_pictures()

    def resume(self) -> None:
        """Take on the state of the folder's checkpoint where there is one; see `run` for what it raises."""
        path = self.folder / CHECKPOINT
        content = path.read_bytes() if self.team.writes and path.exists() else None
        content = self.team.hand_out(content)
        if content is None:
            self.history.resume(0)
            return
        state = read_checkpoint(content, path, self.source.device)
        refuse_another(state["identity"], identity_of(self), path)
        try:
            take_on(self, state)
        except (RuntimeError, KeyError, TypeError, ValueError) as error:
            raise WeightsCorruptError(f"The checkpoint {path} does not fit this training ({error}).") from error
        self._validated = self.step
        self.watcher.said(f"Goes on after step {self.step:,}.")
        for sentence in differences(state["circumstances"], circumstances_of(self)):
            self.watcher.said(f"From here on the course is not exactly the interrupted one's: {sentence}.")

    @torch.no_grad()
    def _show_pictures(self) -> None:
        if not self.watcher.wants_pictures or self._last is None:
            return
        made, found = self._last.portions[0].composites, self._last.portions[0].instances
        composite, mask, real = made.composite[:SHOWN], made.mask[:SHOWN], made.real[:SHOWN]
        shown = found and Instances(found.labels[:SHOWN], found.similarity[:SHOWN], found.present[:SHOWN])
        result = (self.average.network(composite * 2 - 1, mask, shown) + 1) / 2
        self.watcher.pictures(self.step, Pictures(composite.cpu(), result.clamp(0, 1).cpu(), real.cpu()))


def _taken(supply: Supply) -> tuple[Batch | None, Exception | None]:
    """The next batch, or what kept it from being made; neither at the end."""
    try:
        return supply.take(), None
    except Exception as error:  # it is raised again once all processes have saved
        return None, error


def _check_batches(recipe: Recipe, portions: int) -> None:
    smallest = min(recipe.batch_at(side) for phase in recipe.phases for side in phase.sides)
    if smallest < portions:
        message = f"Batches of {smallest} pictures cannot be shared by {portions} processes or portions."
        raise InvalidOptionError(message, "Start fewer processes, or ask for a larger --batch.")
