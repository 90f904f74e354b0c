"""How long a training goes on, and how often it looks up."""

from __future__ import annotations

from dataclasses import dataclass

from samelight_wire.errors import InvalidOptionError

__all__ = ["Budget", "Pace"]


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
class Pace:
    """What happens how often besides the steps."""

    checkpoint_every: float = 300.0
    """Seconds between checkpoints."""
    validate_every: float = 600.0
    """Seconds between validations, where there is one."""
    patience: int | None = None
    """End after so many validations without improvement; None to go on."""
    read_every: int | None = None
    """Steps between two readings of the loss, for which a card is waited; None for 1 on processors and 20 on cards."""
