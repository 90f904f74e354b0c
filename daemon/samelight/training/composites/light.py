"""Light that differs across a foreground: a gradient, a spot, a soft shadow. Pictures B x 3 x H x W, sRGB 0..1."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from samelight.training.colour import to_linear, to_srgb
from samelight.training.composites.streams import Stream, bounded_normal
from samelight.training.transfers import Region

__all__ = ["draw_gains", "draw_gradient", "draw_shadow", "draw_spot", "gradient", "relight", "shadow", "spot"]

Drawn = dict[str, NDArray[np.float64]]
Figures = Mapping[str, Tensor]
WAVES = 3
"""Waves whose sum is the outline of a shadow."""
STEEPEST = 30.0
"""Of a shadow's edge, by the foreground's deviation."""


def draw_gains(random: Stream, stops: float, balance: float) -> NDArray[np.float64]:
    """Stops of red, green and blue light.

    Args:
      random: where they come from.
      stops: deviation of the exposure.
      balance: deviation of the warm-cool shift between red and blue; the green-magenta one is a third.
    """
    exposure, warm, magenta = (float(bounded_normal(random, d)) for d in (stops, balance, balance / 3))
    return exposure + np.array([warm / 2 + magenta / 2, -magenta, -warm / 2 + magenta / 2])


def draw_gradient(random: Stream, parameters: Mapping[str, float]) -> Drawn:
    """One light on one side, another one on the other."""
    near, far = (draw_gains(random, parameters["stops"], parameters["balance"]) for _ in range(2))
    angle, steepness = random.uniform(0, 2 * np.pi), random.uniform(0.8, 3.0)
    return {"near": near, "far": far, "place": np.array([np.sin(angle), np.cos(angle), steepness])}


def draw_spot(random: Stream, parameters: Mapping[str, float]) -> Drawn:
    """A round light or its lack somewhere on the foreground, with no more than a little change around it."""
    near = draw_gains(random, parameters["stops"] / 4, parameters["balance"] / 2)
    far = near + draw_gains(random, parameters["stops"], parameters["balance"])
    return {"near": near, "far": far, "place": np.array([*random.uniform(-1.5, 1.5, 2), random.uniform(0.7, 2.0)])}


def draw_shadow(random: Stream, parameters: Mapping[str, float]) -> Drawn:
    """A shadow with a wavy, soft outline: in it there is less light, and mostly colder light."""
    near = draw_gains(random, parameters["stops"] / 8, parameters["balance"] / 2)
    cold = float(bounded_normal(random, parameters["balance"])) + parameters["balance"] / 2
    far = near - random.uniform(0.25, 1.0) * parameters["stops"] + np.array([-cold / 2, 0, cold / 2])
    angle, length = random.uniform(0, 2 * np.pi, WAVES), random.uniform(0.4, 1.6, WAVES)
    waves = np.stack([np.sin(angle) * length, np.cos(angle) * length, random.uniform(0, 2 * np.pi, WAVES)], axis=1)
    outline = np.array([random.uniform(-0.7, 0.7), np.exp(random.uniform(np.log(1.5), np.log(STEEPEST)))])
    return {"near": near, "far": far, "waves": waves, "place": outline}


def gradient(source: Region, figures: Figures) -> Tensor:
    """Relit from side to side."""
    down, across = _coordinates(source.weight)
    sine, cosine, steepness = _scalars(figures["place"])
    return relight(source.picture, figures, torch.sigmoid(steepness * (down * sine + across * cosine)))


def spot(source: Region, figures: Figures) -> Tensor:
    """Relit around a point."""
    down, across = _coordinates(source.weight)
    centre_y, centre_x, radius = _scalars(figures["place"])
    distance = (down - centre_y).square() + (across - centre_x).square()
    return relight(source.picture, figures, torch.exp(-0.5 * distance / radius.square()))


def shadow(source: Region, figures: Figures) -> Tensor:
    """Relit inside an outline."""
    down, across = _coordinates(source.weight)
    level, steepness = _scalars(figures["place"])
    field = -level
    for wave in figures["waves"].unbind(1):
        along_y, along_x, phase = _scalars(wave)
        field = field + torch.sin(2 * (along_y * down + along_x * across) + phase)
    return relight(source.picture, figures, torch.sigmoid(steepness * field))


def relight(picture: Tensor, figures: Figures, place: Tensor) -> Tensor:
    """Light changed by `near` stops where `place` (B x 1 x H x W) is 0, by `far` stops where it is 1."""
    near, far = (figures[end].view(-1, 3, 1, 1) for end in ("near", "far"))
    return to_srgb(to_linear(picture) * torch.exp2(torch.lerp(near, far, place))).clamp(0, 1)


def _coordinates(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Positions down (B x 1 x H x 1) and across (B x 1 x 1 x W) from a region's middle, by its own deviations.

    So the light changes across the foreground, wherever it is and however large.
    """
    return _centred(weight.sum(dim=3, keepdim=True), dim=2), _centred(weight.sum(dim=2, keepdim=True), dim=3)


def _centred(profile: Tensor, dim: int) -> Tensor:
    place = torch.linspace(0, 1, profile.shape[dim], device=profile.device)
    place = place.view([-1 if axis == dim else 1 for axis in range(4)])
    area = profile.sum(dim=dim, keepdim=True).clamp(min=1e-6)
    mean = (profile * place).sum(dim=dim, keepdim=True) / area
    variance = (profile * (place - mean).square()).sum(dim=dim, keepdim=True) / area
    return (place - mean) / variance.clamp(min=1e-6).sqrt()


def _scalars(figures: Tensor) -> tuple[Tensor, ...]:
    """B x N figures as N tensors B x 1 x 1 x 1."""
    return figures.view(*figures.shape, 1, 1, 1).unbind(1)
