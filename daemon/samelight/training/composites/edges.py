"""The edges of foregrounds: hard, softened by a pixel or two, or feathered; in batches, each mask by its own width."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from samelight.training.copying import indices

__all__ = ["HARD", "soften"]

HARD = 0.0
"""The radius of an edge that is not softened."""
REACH = 8
"""Taps of the Gaussian to each side: more than 2.6 deviations of the greatest narrow radius."""
NARROW = 3.0
"""Greatest radius that is worked out at full size, in pixels; a wider one at a quarter of it."""
REDUCED = 4
"""Side of the cells that a wide edge is worked out with, in pixels."""
BLUR_OF_CELLS = 4.0
"""Variance that averaging over the cells and going back to pixels adds, in square pixels."""


def soften(masks: Tensor, radii: Sequence[float]) -> Tensor:
    """Give each mask (B x 1 x H x W in 0..1) an edge of its own width.

    Args:
      masks: shapes, their edges not wider than a pixel or two.
      radii: deviation of each one's Gaussian in pixels; `HARD` for values of 0 and 1 alone.

    Returns: B x 1 x H x W in 0..1, on the 8-bit grid of the masks that editors send.
    """
    result = (masks >= 0.5).to(masks.dtype)
    narrow = [index for index, radius in enumerate(radii) if HARD < radius <= NARROW]
    wide = [index for index, radius in enumerate(radii) if radius > NARROW]
    for members, blur in ((narrow, _blur), (wide, _feather)):
        if members:
            chosen = indices(members, masks.device)
            result[chosen] = blur(masks[chosen], [radii[index] for index in members])
    return result.mul_(255).round_().div_(255)


def _feather(masks: Tensor, radii: Sequence[float]) -> Tensor:
    """A wide blur: nothing finer than a cell is left of the mask, so cells suffice."""
    height, width = masks.shape[-2:]
    cells = (max(1, height // REDUCED), max(1, width // REDUCED))
    small = functional.interpolate(masks, cells, mode="bilinear", antialias=True, align_corners=False)
    blurred = _blur(small, [math.sqrt(radius**2 - BLUR_OF_CELLS) / REDUCED for radius in radii])
    # Cubic, since the corners of a bilinear enlargement would show in a gradient; it may leave 0..1 by a little.
    return functional.interpolate(blurred, (height, width), mode="bicubic", align_corners=False).clamp(0, 1)


def _blur(masks: Tensor, radii: Sequence[float]) -> Tensor:
    """Gaussian blur, tap by tap: sums in a fixed order give the same values in any batch and with any thread count."""
    deviation = torch.tensor(radii, dtype=masks.dtype).view(-1, 1)
    taps = torch.exp(-0.5 * (torch.arange(-REACH, REACH + 1) / deviation).square())
    taps = (taps / taps.sum(dim=1, keepdim=True)).to(masks.device, non_blocking=True)
    return _along(_along(masks, taps, dim=2), taps, dim=3).clamp(0, 1)


def _along(masks: Tensor, taps: Tensor, dim: int) -> Tensor:
    length = masks.shape[dim]
    margin = (0, 0, REACH, REACH) if dim == 2 else (REACH, REACH, 0, 0)
    padded = functional.pad(masks, margin, mode="replicate")
    result = torch.zeros_like(masks)
    for tap in range(2 * REACH + 1):
        result.addcmul_(padded.narrow(dim, tap, length), taps[:, tap].view(-1, 1, 1, 1))
    return result
