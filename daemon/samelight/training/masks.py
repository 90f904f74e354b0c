"""Foreground masks of the frozen benchmark, and the shares of a picture that any foreground may have."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from samelight.training.photos import PhotoCollection
from samelight.training.sampling import choice, uniform

__all__ = ["LEAST_SHARE", "MOST_SHARE", "blob", "borrowed_mask", "own_mask"]

LEAST_SHARE = 0.01
"""A smaller foreground has too few pixels to judge a colour by."""
MOST_SHARE = 0.6
"""A larger one leaves too little background to take the light from."""


def own_mask(regions: Tensor, generator: torch.Generator) -> Tensor | None:
    """One region, or two together, of H x W region indices: H x W float 0 or 1; None if none has a usable size."""
    labels = [int(label) for label in torch.unique(regions) if label]
    if not labels:
        return None
    mask = regions == labels[choice(generator, len(labels))]
    if len(labels) > 1 and float(uniform(generator, (1,), 0, 1)) < 0.25:
        mask |= regions == labels[choice(generator, len(labels))]
    return mask.float() if LEAST_SHARE <= float(mask.float().mean()) <= MOST_SHARE else None


def borrowed_mask(photos: PhotoCollection, size: tuple[int, int], generator: torch.Generator) -> Tensor | None:
    """A region of some other picture, perhaps mirrored, stretched to `size`: H x W float 0..1."""
    if not photos.with_regions:
        return None
    regions = photos.regions(photos.with_regions[choice(generator, len(photos.with_regions))])
    mask = own_mask(regions, generator) if regions is not None else None
    if mask is None:
        return None
    if choice(generator, 2):
        mask = mask.flip(1)
    return functional.interpolate(mask[None, None], size, mode="bilinear", align_corners=False)[0, 0]


def blob(size: tuple[int, int], generator: torch.Generator) -> Tensor:
    """A drawn shape with a wavy outline: smooth noise above a threshold. H x W float 0 or 1."""
    cells = 2 + choice(generator, 5)
    noise = torch.randn((1, 1, cells, cells), generator=generator)
    smooth = functional.interpolate(noise, size, mode="bicubic", align_corners=True)[0, 0]
    share = float(uniform(generator, (1,), 0.03, 0.45))
    return (smooth >= torch.quantile(smooth.flatten()[:: max(1, smooth.numel() // 4096)], 1 - share)).float()
