"""The figures of steps that are still on the device: read some steps later, all at once, so that nobody waits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from samelight.training.distributed import Team
from samelight.training.history import Step

__all__ = ["Readings"]


class Readings:
    """Collects what `Learner` says of each step."""

    def __init__(self, team: Team, every: int) -> None:
        """`every` is the number of steps between two readings; all processes read at the same steps."""
        self._team, self._every = team, every
        self._waiting: list[tuple[Tensor, Step]] = []

    def add(self, figures: Tensor, step: Step) -> None:
        """Note a step's figures (loss, results' squared error, composites' squared error), of this process's part."""
        self._waiting.append((figures, step))

    @property
    def due(self) -> bool:
        """Whether it is time to read."""
        return len(self._waiting) >= self._every

    def read(self) -> Iterator[Step]:
        """Wait for the steps that were not read yet: theirs over all processes, with loss and gain filled in."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        figures = self._team.sum_up(torch.stack([each for each, _ in waiting])).tolist()
        for (loss, error, untouched), (_, step) in zip(figures, waiting, strict=True):
            # A small batch may be all fitting foregrounds, with nothing to be better than.
            yield replace(step, loss=loss, gain=error / untouched if untouched > 0 else 1.0)
