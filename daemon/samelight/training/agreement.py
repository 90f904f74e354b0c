"""What a training does before a step besides the step, and how its processes come to agree on it."""

from __future__ import annotations

import time
from dataclasses import astuple, dataclass

from samelight.training.budget import Pace
from samelight.training.distributed import Team

__all__ = ["Clock", "Wishes", "agree"]


@dataclass(frozen=True)
class Wishes:
    """What a process wants before a step; the greatest of all processes' wishes is what happens."""

    signal: float = 0.0
    """The signal that asks it to stop."""
    fault: float = 0.0
    """Whether its batch could not be made."""
    enough: float = 0.0
    """Whether validation stopped improving."""
    save: float = 0.0
    """Whether a checkpoint is due; the first process's clock decides."""
    validate: float = 0.0
    """The same for validation."""
    seconds: float = -1.0
    """Time spent training, by the first process's clock."""


def agree(team: Team, own: Wishes) -> Wishes:
    """What all processes do."""
    return Wishes(*team.agree([float(wish) for wish in astuple(own)]))


class Clock:
    """The first process's time, and what is due by it."""

    def __init__(self, before: float, pace: Pace) -> None:
        """`before` are the seconds of earlier runs."""
        self._started = self._saved = self._validated = time.monotonic()
        self._before, self._pace = before, pace

    @property
    def seconds(self) -> float:
        """Spent training, earlier runs counted in."""
        return self._before + time.monotonic() - self._started

    @property
    def saving_due(self) -> bool:
        """Whether a checkpoint is due."""
        return time.monotonic() - self._saved > self._pace.checkpoint_every

    @property
    def validation_due(self) -> bool:
        """Whether a validation is due."""
        return time.monotonic() - self._validated > self._pace.validate_every

    def saved(self) -> None:
        """A checkpoint was written now."""
        self._saved = time.monotonic()

    def validated(self) -> None:
        """A validation ended now."""
        self._validated = time.monotonic()
