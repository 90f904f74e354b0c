"""Drawn foregrounds: blobs, lasso strokes, ellipses and what a magic wand selects, in batches.

A shape's field is high inside and low outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from samelight.training.composites.streams import Stream, between_logarithms
from samelight.training.copying import indices

__all__ = ["DrawnShape", "WandShape", "draw", "draw_shape", "select", "wand_shape"]

WAVES = 6
"""Waves whose sum is a blob's field."""
SIDES = 6
"""Half-planes whose intersection is a lasso's stroke."""
CELLS = 24
"""About how many cells, in each of which a wand sees one colour, lie along a picture's shorter side."""
LEAST_SHARE, LARGEST_SHARE = 0.02, 0.45
"""Of the picture, of a drawn foreground."""


@dataclass(frozen=True)
class DrawnShape:
    """A shape that is not taken from a photograph."""

    kind: str
    """A key of `FIELDS`."""
    figures: NDArray[np.float32]
    """What its field takes."""
    share: float
    """Of the picture's area, 0..1, that it covers."""


@dataclass(frozen=True)
class WandShape:
    """What a magic wand selects: pixels of about the same colour as one place, and not far from it."""

    place: tuple[float, float]
    """Where the wand points, down and across, 0..1 of the picture."""
    nearness: float
    """How much the distance from there counts besides the colour."""
    share: float
    """Of the picture's area, 0..1, that is selected."""


def wand_shape(random: Stream, largest_share: float = LARGEST_SHARE) -> WandShape:
    """A random selection."""
    place = random.uniform(0.1, 0.9, 2)
    share = between_logarithms(random, LEAST_SHARE, largest_share)
    return WandShape((float(place[0]), float(place[1])), between_logarithms(random, 0.06, 0.6), share)


def select(shapes: Sequence[WandShape], pictures: Tensor) -> Tensor:
    """Masks of selections in pictures (B x 3 x H x W in 0..1): B x 1 x H x W, 0 or 1.

    Colours are compared in cells, so that the outline follows objects and not their texture.
    """
    size = (pictures.shape[2], pictures.shape[3])
    cells = (max(1, CELLS * size[0] // min(size)), max(1, CELLS * size[1] // min(size)))
    small = functional.interpolate(pictures, cells, mode="bilinear", antialias=True, align_corners=False)
    at = [int(s.place[0] * cells[0]) * cells[1] + int(s.place[1] * cells[1]) for s in shapes]
    index = indices(at, small.device).view(-1, 1, 1).expand(-1, 3, 1)
    colour = small.flatten(2).gather(2, index).unsqueeze(3)
    figures = torch.tensor([[*s.place, s.nearness] for s in shapes]).to(small.device, non_blocking=True)
    centre_y, centre_x, nearness = figures.view(-1, 3, 1, 1, 1).unbind(1)
    down, across = _axes(cells, small.device)
    distance = (down - 2 * centre_y + 1).square() + (across - 2 * centre_x + 1).square()
    field = -(small - colour).square().sum(dim=1, keepdim=True) - nearness * distance
    smooth = functional.interpolate(field, size, mode="bicubic", align_corners=False)
    return _covering(smooth, [shape.share for shape in shapes])


def draw_shape(random: Stream, largest_share: float = LARGEST_SHARE) -> DrawnShape:
    """A random shape."""
    kind = ("blob", "blob", "lasso", "ellipse")[random.integers(4)]
    figures = FIGURES[kind](random).astype(np.float32)
    return DrawnShape(kind, figures, between_logarithms(random, LEAST_SHARE, largest_share))


def draw(shapes: Sequence[DrawnShape], size: tuple[int, int], device: torch.device) -> Tensor:
    """Masks of shapes: B x 1 x H x W, 0 or 1."""
    result = torch.empty((len(shapes), 1, *size), device=device)
    for kind in sorted({shape.kind for shape in shapes}):
        members = [index for index, shape in enumerate(shapes) if shape.kind == kind]
        figures = torch.from_numpy(np.stack([shapes[index].figures for index in members]))
        field = FIELDS[kind](figures.to(device, non_blocking=True), size)
        result[indices(members, device)] = _covering(field, [shapes[index].share for index in members])
    return result


def _covering(field: Tensor, shares: Sequence[float]) -> Tensor:
    """Where a field (B x 1 x H x W) is highest, so that each picture's share is covered."""
    step = max(1, min(field.shape[-2:]) // 48)
    ordered = field[..., ::step, ::step].flatten(1).sort(dim=1).values
    place = ((1 - torch.tensor(shares)) * (ordered.shape[1] - 1)).round().long().to(field.device, non_blocking=True)
    return (field >= ordered.gather(1, place[:, None])[..., None, None]).to(field.dtype)


def _axes(size: tuple[int, int], device: torch.device) -> tuple[Tensor, Tensor]:
    """Positions -1..1 down (1 x 1 x H x 1) and across (1 x 1 x 1 x W)."""
    down, across = (torch.linspace(-1, 1, length, device=device) for length in size)
    return down.view(1, 1, -1, 1), across.view(1, 1, 1, -1)


def _blob(figures: Tensor, size: tuple[int, int]) -> Tensor:
    """Waves of random directions, lengths and phases."""
    down, across = _axes(size, figures.device)
    waves = figures.view(-1, WAVES, 4, 1, 1, 1)
    field = torch.zeros((len(figures), 1, *size), device=figures.device)
    for wave in waves.unbind(1):
        along_y, along_x, phase, height = wave.unbind(1)
        field += height * torch.cos(along_y * down + along_x * across + phase)
    return field


def _lasso(figures: Tensor, size: tuple[int, int]) -> Tensor:
    """How far inside the nearest of several straight edges."""
    down, across = _axes(size, figures.device)
    edges = figures.view(-1, SIDES, 3, 1, 1, 1)
    distances = [edge[:, 2] - down * edge[:, 0] - across * edge[:, 1] for edge in edges.unbind(1)]
    return torch.stack(distances).amin(dim=0)


def _ellipse(figures: Tensor, size: tuple[int, int]) -> Tensor:
    """Nearness to a centre, by two axes."""
    down, across = _axes(size, figures.device)
    centre_y, centre_x, sine, cosine, stretch = figures.view(-1, 5, 1, 1, 1).unbind(1)
    y, x = down - centre_y, across - centre_x
    return -((y * cosine + x * sine) * stretch).square() - (x * cosine - y * sine).square()


def _blob_figures(random: Stream) -> NDArray[np.float64]:
    angle, wavelength = random.uniform(0, 2 * np.pi, WAVES), random.uniform(1.2, 7.0, WAVES)
    phase, height = random.uniform(0, 2 * np.pi, WAVES), random.uniform(0.5, 1.0, WAVES) / np.sqrt(wavelength)
    return np.stack([wavelength * np.sin(angle), wavelength * np.cos(angle), phase, height], axis=1).ravel()


def _lasso_figures(random: Stream) -> NDArray[np.float64]:
    angle = 2 * np.pi * (np.arange(SIDES) + random.uniform(0, 1, SIDES)) / SIDES
    centre, reach = random.uniform(-0.5, 0.5, 2), random.uniform(0.2, 0.7, SIDES)
    sine, cosine = np.sin(angle), np.cos(angle)
    return np.stack([sine, cosine, reach + centre[0] * sine + centre[1] * cosine], axis=1).ravel()


def _ellipse_figures(random: Stream) -> NDArray[np.float64]:
    centre, angle = random.uniform(-0.6, 0.6, 2), random.uniform(0, np.pi)
    return np.array([*centre, np.sin(angle), np.cos(angle), between_logarithms(random, 0.4, 2.5)])


FIELDS: Mapping[str, Callable[[Tensor, tuple[int, int]], Tensor]] = {
    "blob": _blob,
    "ellipse": _ellipse,
    "lasso": _lasso,
}
"""Fields of a batch, B x 1 x H x W, from B x N figures and (height, width)."""
FIGURES: Mapping[str, Callable[[Stream], NDArray[np.float64]]] = {
    "blob": _blob_figures,
    "ellipse": _ellipse_figures,
    "lasso": _lasso_figures,
}
"""Random figures for them."""
