"""What a training tells of itself while it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from samelight.training.history import Step

__all__ = ["Pictures", "Watcher", "Watchers"]


@dataclass(frozen=True)
class Pictures:
    """Some pictures of a batch, B x 3 x H x W in 0..1 on the CPU."""

    composite: Tensor
    """What the network was given."""
    result: Tensor
    """What the averaged weights made of it."""
    real: Tensor
    """What it should be."""


class Watcher:
    """Hears what happens; each kind overrides what it is interested in."""

    def begins(self, steps: int) -> None:
        """The training begins, or goes on after so many steps."""

    def step(self, step: Step) -> None:
        """An optimizer step was done; on a card one hears of several together, a little later."""

    def said(self, sentence: str) -> None:
        """Something a person should know."""

    def validated(self, step: int, figures: Mapping[str, float]) -> None:
        """The averaged weights of this step were measured."""

    def pictures(self, step: int, pictures: Pictures) -> None:
        """What the averaged weights do now."""

    @property
    def wants_pictures(self) -> bool:
        """Whether `pictures` should be called at all."""
        return False

    def close(self) -> None:
        """The training is over."""


class Watchers(Watcher):
    """Several at once."""

    def __init__(self, members: Sequence[Watcher]) -> None:
        """`members` are told in this order."""
        self.members = members

    def begins(self, steps: int) -> None:
        """Tell everyone."""
        for member in self.members:
            member.begins(steps)

    def step(self, step: Step) -> None:
        """Tell everyone."""
        for member in self.members:
            member.step(step)

    def said(self, sentence: str) -> None:
        """Tell everyone."""
        for member in self.members:
            member.said(sentence)

    def validated(self, step: int, figures: Mapping[str, float]) -> None:
        """Tell everyone."""
        for member in self.members:
            member.validated(step, figures)

    def pictures(self, step: int, pictures: Pictures) -> None:
        """Tell everyone."""
        for member in self.members:
            member.pictures(step, pictures)

    @property
    def wants_pictures(self) -> bool:
        """Whether anyone does."""
        return any(member.wants_pictures for member in self.members)

    def close(self) -> None:
        """Tell everyone."""
        for member in self.members:
            member.close()
