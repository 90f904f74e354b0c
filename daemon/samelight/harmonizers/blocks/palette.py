"""SRIN's semantic map M_s: the picture's instances drawn as a colour image."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from samelight.instances import Instances

__all__ = ["colours_needed", "draw_instances", "fixed_palette", "random_palettes"]

OTHER_COLOURS = 2
"""Rows 0 and 1 of a palette: for the foreground and for positions of no instance. Instance n has row n + 1."""
HARMONIOUS = 1.2207440846057596
"""The root of x^4 = x + 1: multiples of its powers spread over a cube as evenly as the golden ratio's over a line."""


def colours_needed(instances: Instances | None) -> int:
    """Rows that a palette for these instances has."""
    return OTHER_COLOURS + (instances.count if instances is not None else 0)


def fixed_palette(colours: int) -> Tensor:
    """The same `colours` colours at every call, however many follow them, each far from those before it.

    Returns: 1 x colours x 3, float32 in -1..1.
    """
    steps = HARMONIOUS ** -torch.arange(1.0, 4.0, dtype=torch.float64)
    places = torch.arange(1.0, colours + 1, dtype=torch.float64)[:, None] * steps
    return ((places + 0.5) % 1 * 2 - 1).float().unsqueeze(0)


def random_palettes(pictures: int, colours: int, generators: Sequence[torch.Generator] | None = None) -> Tensor:
    """Other colours for the instances of every picture, so that in training none comes to mean anything.

    The foreground and what is no instance keep their colours: they mean the same in every picture.

    Args:
      pictures: B.
      colours: rows of each palette.
      generators: on the CPU, one for each picture; torch's own where there are none.

    Returns: B x colours x 3, float32 in -1..1.
    """
    sources = [None] * pictures if generators is None else generators
    drawn = [torch.rand((colours - OTHER_COLOURS, 3), generator=source) * 2 - 1 for source in sources]
    return torch.cat([fixed_palette(OTHER_COLOURS).expand(pictures, -1, -1), torch.stack(drawn)], dim=1)


def draw_instances(instances: Instances | None, mask: Tensor, palettes: Tensor) -> Tensor:
    """Draw M_s. The foreground lies over the instances, in a colour of its own; soft edges mix.

    Args:
      instances: the picture's; without them there is only foreground and the rest.
      mask: B x 1 x H x W in 0..1.
      palettes: B x `colours_needed(instances)` x 3 in -1..1, or 1 x ... for the same one in all pictures.

    Returns: B x 3 x H x W in -1..1.
    """
    batch, _, height, width = mask.shape
    palettes = palettes.to(mask, non_blocking=True).expand(batch, -1, -1)
    colours = palettes[:, 1:].transpose(1, 2)  # B x 3 x (1 + N): column n is label n's
    if instances is None:
        behind = colours.unsqueeze(3)
    else:
        chosen = instances.labels.view(batch, 1, height * width).expand(-1, 3, -1)
        behind = colours.gather(2, chosen).view(batch, 3, height, width)
    return palettes[:, 0, :, None, None] * mask + behind * (1 - mask)
