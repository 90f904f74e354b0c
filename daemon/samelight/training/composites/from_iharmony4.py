"""iHarmony4's composites as a source for training."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from samelight.training.composites.batch import Composites
from samelight.training.composites.cutting import Window, cut
from samelight.training.composites.streams import Stream, stream, unit
from samelight.training.iharmony4 import IHarmony4, IHarmony4Picture
from samelight.training.recipes import Augmentation
from samelight.training.source import ALL, Shard

__all__ = ["IHarmony4Source"]

LEAST_FOREGROUND = 0.002
"""Share of a window that the foreground must cover: a window that shows next to nothing of it teaches nothing."""
TRIES = 8
"""Windows that are tried before the whole picture is taken."""
DETAIL = 2
"""A picture is decoded with at least this many times the wanted side: the least window is not enlarged either."""
WORKERS = 8
"""Most threads that decode pictures."""


class IHarmony4Source:
    """A source of composites (see `samelight.training.source`): iHarmony4's, each once in an epoch.

    As in the papers a picture is brought to the wanted size as a whole, whatever its proportions; an augmentation
    mirrors it and takes a random window of each side's `least_crop` up to all of it.
    """

    def __init__(self, data: IHarmony4, seed: int, device: torch.device | None = None) -> None:
        """`seed` decides the order of every epoch and the augmentation; `device` is where the batches are made."""
        self.data, self.seed, self.device = data, seed, device or torch.device("cpu")
        self._order = lru_cache(maxsize=2)(self._shuffled)
        self._decoders = ThreadPoolExecutor(min(WORKERS, os.cpu_count() or 1), thread_name_prefix="iharmony4")

    def __len__(self) -> int:
        """Composites in an epoch."""
        return len(self.data)

    def batch(
        self, step: int, count: int, size: tuple[int, int], augmentation: Augmentation, shard: Shard = ALL
    ) -> Composites:
        """A shard of an optimizer step's batch; see `CompositeSource`.

        The batch of step n begins at composite n times `count` of the epochs one after the other: with batches of one
        size every composite comes once in an epoch.
        """
        return self.members(step, shard.members(count), count, size, augmentation)

    @torch.no_grad()
    def members(
        self, step: int, members: Sequence[int], count: int, size: tuple[int, int], augmentation: Augmentation
    ) -> Composites:
        """The composites at some places of a step's batch of `count`."""
        places = [self._place(step * count + member) for member in members]
        least = DETAIL * max(size)
        pictures = list(self._decoders.map(lambda place: self.data.read(place, least), places))
        composite, real = (torch.empty((len(places), 3, *size), device=self.device) for _ in range(2))
        mask = torch.empty((len(places), 1, *size), device=self.device)
        for index, (member, picture) in enumerate(zip(members, pictures, strict=True)):
            random = stream(self.seed, step, member)
            window = _window(random, picture.mask, augmentation.least_crop)
            flip = unit(random, 0.5) and augmentation.flip
            for target, part in zip((composite, mask, real), _parts(picture), strict=True):
                target[index] = cut(part.to(self.device), window, size, flip=flip)
        names = [self.data.entries[place].subset for place in places]
        return Composites(composite.div_(255).clamp_(0, 1), mask.clamp_(0, 1), real.div_(255).clamp_(0, 1), names)

    def _place(self, number: int) -> int:
        """The index of a composite by its number over all epochs."""
        epoch, place = divmod(number, len(self.data))
        return int(self._order(epoch)[place])

    def _shuffled(self, epoch: int) -> NDArray[np.int64]:
        return stream(self.seed, epoch).permutation(len(self.data))


def _parts(picture: IHarmony4Picture) -> tuple[Tensor, Tensor, Tensor]:
    return picture.composite, picture.mask, picture.real


def _window(random: Stream, mask: Tensor, least: float) -> Window:
    """A random window of a mask (1 x H x W) with some of the foreground in it."""
    height, width = mask.shape[1:]
    for _ in range(TRIES if least < 1 else 0):
        sides = [max(1, round(side * random.uniform(least, 1))) for side in (height, width)]
        top, left = (int(random.integers(side - part + 1)) for side, part in zip((height, width), sides, strict=True))
        window = Window(top, left, *sides)
        if float(window.of(mask).mean()) >= LEAST_FOREGROUND:
            return window
    return Window(0, 0, height, width)
