"""Several sources of composites as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from samelight.training.composites.batch import Composites
from samelight.training.composites.streams import stream
from samelight.training.recipes import Augmentation
from samelight.training.source import ALL, CompositeSource, Shard
from samelight_wire.errors import InvalidOptionError

__all__ = ["MixedSource", "Share", "SplitSource"]


class SplitSource(CompositeSource, Protocol):
    """A source that can make any composites of a batch, as `CompositeMaker` and `IHarmony4Source` can."""

    def members(
        self, step: int, members: Sequence[int], count: int, size: tuple[int, int], augmentation: Augmentation
    ) -> Composites:
        """The composites at some places of a step's batch of `count`; at least one place."""


@dataclass(frozen=True)
class Share:
    """One of several sources."""

    source: SplitSource
    """Makes the composites."""
    weight: float
    """How often a composite is its, by the others' weights; above 0."""


class MixedSource:
    """A source of composites (see `samelight.training.source`) each of which comes from one of several sources."""

    def __init__(self, shares: Sequence[Share], seed: int) -> None:
        """`seed` decides which source a composite comes from.

        Raises: InvalidOptionError where there is no source, or one has no weight.
        """
        if not shares or min(share.weight for share in shares) <= 0:
            raise InvalidOptionError("Every source of composites needs a weight above 0.", "Leave out what has none.")
        self._sources, self._seed = [share.source for share in shares], seed
        weights = np.array([share.weight for share in shares])
        self._bounds = (weights / weights.sum()).cumsum()[:-1]
        self.device: torch.device = self._sources[0].device

    def __len__(self) -> int:
        """Photographs and composites of all sources."""
        return sum(len(source) for source in self._sources)

    def batch(
        self, step: int, count: int, size: tuple[int, int], augmentation: Augmentation, shard: Shard = ALL
    ) -> Composites:
        """A shard of an optimizer step's batch; see `CompositeSource`."""
        members = shard.members(count)
        chosen = [self._source_of(step, member) for member in members]
        parts, order = [], []
        for number, source in enumerate(self._sources):
            own = [member for member, choice in zip(members, chosen, strict=True) if choice == number]
            if own:
                parts.append(source.members(step, own, count, size, augmentation))
                order += own
        if not parts:
            return self._sources[0].members(step, [], count, size, augmentation)
        return Composites.joined(parts).ordered([order.index(member) for member in members])

    def _source_of(self, step: int, member: int) -> int:
        return int(np.searchsorted(self._bounds, stream(self._seed, step, member, 1).random(), side="right"))
