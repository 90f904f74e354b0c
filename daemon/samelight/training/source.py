"""Where a training's composites come from: the protocol between the trainer and what makes composites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch

    from samelight.training.composites import Composites
    from samelight.training.recipes import Augmentation

__all__ = ["ALL", "CompositeSource", "Shard"]


@dataclass(frozen=True)
class Shard:
    """One process's part of every batch, where several processes share a training."""

    rank: int = 0
    """Which of the processes this is, from 0."""
    count: int = 1
    """How many processes share a batch."""

    def __post_init__(self) -> None:
        """Check the figures.

        Raises: ValueError where the rank is none of the processes'.
        """
        if not 0 <= self.rank < self.count:
            raise ValueError(f"rank {self.rank} of {self.count} processes")

    def members(self, batch: int) -> range:
        """The indices of a batch of `batch` composites that are this process's: together the shards are all of them.

        Parts differ by at most one; a batch that is smaller than the number of processes leaves some with none.
        """
        return range(batch * self.rank // self.count, batch * (self.rank + 1) // self.count)


ALL = Shard()
"""The whole batch."""


class CompositeSource(Protocol):
    """Makes batches of composites, each a pure function of what it is asked for.

    Nothing is kept between calls: the same source, step, count, size and augmentation give the same composites in any
    process, at any time and in any order. So a training that goes on needs only its step number, several processes
    can share a batch, and batches can be made ahead in a thread.
    """

    @property
    def device(self) -> torch.device:
        """Where the batches lie."""

    def __len__(self) -> int:
        """Photographs or composites in an epoch."""

    def batch(
        self,
        step: int,
        count: int,
        size: tuple[int, int],
        augmentation: Augmentation,
        shard: Shard = ALL,
    ) -> Composites:
        """Make the composites of one optimizer step.

        Args:
          step: number of optimizer steps done before; with the source's seed it decides everything random.
          count: composites in the whole batch, that of all processes.
          size: (height, width) in pixels.
          augmentation: how a photograph is varied before a composite is made from it.
          shard: whose part to make.

        Returns: the composites `shard.members(count)` of the batch, the same that one process would have made of them.
          A picture's values depend on its place in the batch, not on the shard.
        Raises: UnreadablePictureError where a file cannot be read.
        """
