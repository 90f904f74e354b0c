"""Recolourings that need no reference: what cameras, lamps and editing do to a picture. Pictures are B x 3 x H x W."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from samelight.training.colour import luminance, to_linear, to_srgb
from samelight.training.sampling import normal, uniform

__all__ = ["camera_change", "colour_map", "local_light"]

LUT_SIZE = 5
"""Points along each axis of a random colour map: few, so that the map is smooth."""


def camera_change(
    picture: Tensor, generator: torch.Generator, *, stops: float, balance: float, contrast: float, saturation: float
) -> Tensor:
    """Exposure and white balance in linear light, then tone curve and saturation.

    Args:
      picture: sRGB 0..1.
      generator: where the random figures come from.
      stops: deviation of the exposure, in stops.
      balance: deviation of the warm-cool shift in stops between red and blue; the green-magenta one is a third.
      contrast: deviation of the tone curve's log-gamma and of its S-shape.
      saturation: deviation of the log of the saturation factor.

    Returns: sRGB, clipped to 0..1.
    """
    count = picture.shape[0]
    gains = _gains(generator, count, stops, balance).to(picture)
    shown = to_srgb(to_linear(picture) * gains).clamp(0, 1)
    gamma = normal(generator, (count, 1, 1, 1), contrast).exp().to(picture)
    shape = normal(generator, (count, 1, 1, 1), contrast).to(picture)
    curved = shown.clamp(min=1e-6) ** gamma
    # x + a (x - x^2)(2x - 1) bends the middle into an S and leaves both ends where they are.
    curved = curved + shape * (curved - curved.square()) * (2 * curved - 1)
    factor = normal(generator, (count, 1, 1, 1), saturation).exp().to(picture)
    gray = luminance(curved)
    return (gray + (curved - gray) * factor).clamp(0, 1)


def local_light(picture: Tensor, generator: torch.Generator, *, stops: float, balance: float) -> Tensor:
    """A gradient of light across the picture: brighter and warmer on one side than on the other.

    Args:
      picture: sRGB 0..1.
      generator: where the random figures come from.
      stops: deviation of the exposure at each end, in stops.
      balance: deviation of the warm-cool shift at each end, in stops.

    Returns: sRGB, clipped to 0..1.
    """
    count, _, height, width = picture.shape
    near, far = (_gains(generator, count, stops, balance).log().to(picture) for _ in range(2))
    angle = uniform(generator, (count, 1, 1, 1), 0, 2 * torch.pi).to(picture)
    across = torch.linspace(-1, 1, width, device=picture.device).view(1, 1, 1, -1)
    down = torch.linspace(-1, 1, height, device=picture.device).view(1, 1, -1, 1)
    place = torch.sigmoid(4 * (across * angle.cos() + down * angle.sin()))
    return to_srgb(to_linear(picture) * (near * (1 - place) + far * place).exp()).clamp(0, 1)


def colour_map(picture: Tensor, generator: torch.Generator, *, shift: float, bend: float) -> Tensor:
    """A smooth random map of colours to colours, as a 3D look-up table of an editing program.

    Args:
      picture: sRGB 0..1.
      generator: where the random figures come from.
      shift: deviation of the shift of all colours together.
      bend: deviation of what each point of the table adds.

    Returns: sRGB, clipped to 0..1.
    """
    count = picture.shape[0]
    common = normal(generator, (count, 3, 1, 1, 1), shift)
    table = normal(generator, (count, 3, LUT_SIZE, LUT_SIZE, LUT_SIZE), bend) + common
    # grid_sample reads the last table axis with the first coordinate: axes are (blue, green, red).
    place = (picture * 2 - 1).permute(0, 2, 3, 1).unsqueeze(1)
    offset = functional.grid_sample(table.to(picture), place, padding_mode="border", align_corners=True)
    return (picture + offset.squeeze(2)).clamp(0, 1)


def _gains(generator: torch.Generator, count: int, stops: float, balance: float) -> Tensor:
    """Factors of linear light: B x 3 x 1 x 1, 2 to the power of exposure plus colour of the light."""
    exposure = normal(generator, (count, 1), stops)
    warm = normal(generator, (count, 1), balance)
    magenta = normal(generator, (count, 1), balance / 3)
    power = exposure + torch.cat([warm / 2 + magenta / 2, -magenta, -warm / 2 + magenta / 2], dim=1)
    return (2.0**power).view(count, 3, 1, 1)
