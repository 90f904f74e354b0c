"""Foreground masks: a picture's own regions, borrowed ones, and drawn ones."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from samelight.training.photos import PhotoCollection
from samelight.training.sampling import choice, uniform

__all__ = ["LEAST_SHARE", "MOST_SHARE", "blob", "borrowed_mask", "own_mask", "polygon", "soften"]

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


def polygon(size: tuple[int, int], generator: torch.Generator) -> Tensor:
    """A drawn convex shape, as a quick lasso gives: the positions inside five random half-planes. H x W float."""
    height, width = size
    y = torch.linspace(-1, 1, height).view(-1, 1)
    x = torch.linspace(-1, 1, width).view(1, -1)
    centre = uniform(generator, (2,), -0.6, 0.6)
    inside = torch.ones(size, dtype=torch.bool)
    for side in range(5):
        angle = 2 * torch.pi * (side + float(uniform(generator, (1,), 0, 1))) / 5
        normal_y, normal_x = torch.tensor(angle).sin(), torch.tensor(angle).cos()
        reach = float(uniform(generator, (1,), 0.2, 0.8))
        inside &= (y - centre[0]) * normal_y + (x - centre[1]) * normal_x <= reach
    return inside.float()


def soften(mask: Tensor, generator: torch.Generator) -> Tensor:
    """Blur a mask's edge by a random radius of up to 2 pixels: H x W to H x W in 0..1."""
    radius = float(uniform(generator, (1,), 0.4, 2.0))
    offsets = torch.arange(-4.0, 5.0)
    kernel = torch.exp(-0.5 * (offsets / radius).square())
    kernel = kernel / kernel.sum()
    padded = functional.pad(mask[None, None], (4, 4, 4, 4), mode="replicate")
    rows = functional.conv2d(padded, kernel.view(1, 1, 1, -1))
    return functional.conv2d(rows, kernel.view(1, 1, -1, 1))[0, 0].clamp(0, 1)
