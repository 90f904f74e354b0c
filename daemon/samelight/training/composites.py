"""Composites made on the fly: a photograph, a region of it recoloured, and the way back as the target."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from samelight.training import masks
from samelight.training.photos import PhotoCollection
from samelight.training.recipes import Augmentation
from samelight.training.recolouring import FAMILIES, recolour
from samelight.training.sampling import choice, uniform
from samelight.training.source import ALL, Shard
from samelight.training.transfers import Region

__all__ = ["CHANGE_LIMIT", "CompositeMaker", "Composites"]

CHANGE_LIMIT = 5000.0
"""Greatest fMSE of a composite, in 8-bit code values squared."""
HARMONIOUS_SHARE = 0.06
"""Share of training composites that are left as they are: the network also has to learn to do nothing."""
HARMONIOUS = "harmonious"
"""What `Composites.families` says of those."""
VARIED = Augmentation()
"""Mirrored and cropped, as every training on photographs wants it."""


@dataclass(frozen=True)
class Composites:
    """A batch to learn from."""

    composite: Tensor
    """B x 3 x H x W in 0..1, the recoloured foreground over the photograph."""
    mask: Tensor
    """B x 1 x H x W in 0..1."""
    real: Tensor
    """B x 3 x H x W in 0..1, the photograph."""
    families: list[str]
    """How each foreground was recoloured."""


class CompositeMaker:
    """Draws batches of composites from a collection of photographs, the same ones from the same seed."""

    def __init__(self, photos: PhotoCollection, seed: int, device: torch.device | None = None) -> None:
        """`device` is where pictures are cropped and recoloured; random numbers are always drawn on the CPU."""
        self.photos, self.seed = photos, seed
        self.generator = torch.Generator().manual_seed(seed)
        self.device = device or torch.device("cpu")

    def __len__(self) -> int:
        """Photographs in an epoch."""
        return len(self.photos)

    def batch(
        self, step: int, count: int, size: tuple[int, int], augmentation: Augmentation = VARIED, shard: Shard = ALL
    ) -> Composites:
        """A shard of the `count` composites of `size` (height, width) of an optimizer step; see `CompositeSource`."""
        entropy = np.random.SeedSequence((self.seed, step)).generate_state(1, np.uint64)
        self.generator.manual_seed(int(entropy[0]))
        whole = self._batch(count, size, augmentation)
        part = shard.members(count)
        members = slice(part.start, part.stop)
        return Composites(whole.composite[members], whole.mask[members], whole.real[members], whole.families[members])

    def _batch(self, count: int, size: tuple[int, int], augmentation: Augmentation) -> Composites:
        drawn = [self._crop(size, augmentation) for _ in range(count)]
        real = torch.stack([photo for photo, _ in drawn])
        mask = torch.stack([mask for _, mask in drawn]).unsqueeze(1).to(self.device)
        families = [FAMILIES[choice(self.generator, len(FAMILIES))] for _ in range(count)]
        # Each picture's reference is the next one's region: as random as the draw itself, and no extra picture to read.
        reference = Region(real.roll(1, 0), mask.roll(1, 0))
        recoloured = recolour(Region(real, mask), reference, families, self.generator, CHANGE_LIMIT)
        harmonious = uniform(self.generator, (count, 1, 1, 1), 0, 1) < HARMONIOUS_SHARE
        blend = mask * ~harmonious.to(self.device)
        names = [HARMONIOUS if same else family.name for same, family in zip(harmonious, families, strict=True)]
        return Composites(torch.lerp(real, recoloured, blend), mask, real, names)

    def _crop(self, size: tuple[int, int], augmentation: Augmentation) -> tuple[Tensor, Tensor]:
        """A random part of a random photograph and a foreground in it: 3 x H x W in 0..1, H x W."""
        while True:
            index = choice(self.generator, len(self.photos))
            photo, regions = self.photos.photo(index), self.photos.regions(index)
            top, left, height, width = self._window(photo.shape[-2:], size, augmentation.least_crop)
            flip = bool(choice(self.generator, 2)) and augmentation.flip
            part = photo[:, top : top + height, left : left + width].to(self.device).float().div(255)
            picture = functional.interpolate(part[None], size, mode="bilinear", antialias=True, align_corners=False)[0]
            part_regions = None if regions is None else regions[top : top + height, left : left + width]
            mask = self._mask(part_regions, size)
            if mask is not None:
                return (picture.flip(2), mask.flip(1)) if flip else (picture, mask)

    def _window(self, available: torch.Size, size: tuple[int, int], least: float) -> tuple[int, int, int, int]:
        """A window of the wanted proportions, `least` to all of the largest that fits: top, left, height, width."""
        scale = min(available[0] / size[0], available[1] / size[1]) * float(uniform(self.generator, (1,), least, 1))
        height, width = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
        top, left = (choice(self.generator, max(1, a - b + 1)) for a, b in zip(available, (height, width), strict=True))
        return top, left, height, width

    def _mask(self, regions: Tensor | None, size: tuple[int, int]) -> Tensor | None:
        """A foreground of usable size: mostly a region of the picture itself where it has any."""
        kind = float(uniform(self.generator, (1,), 0, 1))
        mask: Tensor | None = None
        if regions is not None and kind < 0.7:
            own = masks.own_mask(regions, self.generator)
            if own is not None:
                mask = functional.interpolate(own[None, None], size, mode="bilinear", antialias=True)[0, 0]
        elif kind < 0.85:
            mask = masks.borrowed_mask(self.photos, size, self.generator)
        elif kind < 0.94:
            mask = masks.blob(size, self.generator)
        else:
            mask = masks.polygon(size, self.generator)
        if mask is None or not masks.LEAST_SHARE <= float(mask.mean()) <= masks.MOST_SHARE:
            return None
        hard = float(uniform(self.generator, (1,), 0, 1)) < 0.5
        return (mask >= 0.5).float() if hard else masks.soften(mask, self.generator)
