"""The families of recolouring, and the methods of the frozen benchmark: what makes a foreground look pasted in.

What a training draws is in `composites.looks`; the methods here give the benchmark's composites bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from samelight.training import camera, transfers
from samelight.training.sampling import uniform
from samelight.training.transfers import Region

__all__ = ["METHODS", "Family", "recolour"]

Recolouring = Callable[[Region, Region, torch.Generator, Mapping[str, float]], Tensor]


@dataclass(frozen=True)
class Family:
    """One way to recolour a foreground, and how strongly."""

    name: str
    """A key of `METHODS` here or in `composites.looks`; also the name in tables and model cards."""
    parameters: Mapping[str, float]
    """What the method takes: printed in model cards and in the benchmark's recipe."""
    weight: float = 1.0
    """How often a training draws it, by the weights of the other families."""


def _transfer(method: Callable[[Region, Region], Tensor]) -> Recolouring:
    def apply(source: Region, reference: Region, generator: torch.Generator, parameters: Mapping[str, float]) -> Tensor:
        count = source.picture.shape[0]
        share = uniform(generator, (count, 1, 1, 1), parameters["least_share"], 1.0).to(source.picture)
        return torch.lerp(source.picture, method(source, reference).clamp(0, 1), share)

    return apply


def _idt(source: Region, reference: Region, generator: torch.Generator, parameters: Mapping[str, float]) -> Tensor:
    turns = torch.linalg.qr(torch.randn((int(parameters["iterations"]), 3, 3), generator=generator)).Q
    method = _transfer(lambda s, r: transfers.iterative_distribution_transfer(s, r, turns))
    return method(source, reference, generator, parameters)


def _camera(source: Region, _: Region, generator: torch.Generator, parameters: Mapping[str, float]) -> Tensor:
    return camera.camera_change(source.picture, generator, **parameters)


def _local_light(source: Region, _: Region, generator: torch.Generator, parameters: Mapping[str, float]) -> Tensor:
    return camera.local_light(source.picture, generator, **parameters)


def _colour_map(source: Region, _: Region, generator: torch.Generator, parameters: Mapping[str, float]) -> Tensor:
    return camera.colour_map(source.picture, generator, **parameters)


METHODS: Mapping[str, Recolouring] = {
    "reinhard": _transfer(transfers.reinhard),
    "xiao-ma": _transfer(transfers.xiao_ma),
    "histogram": _transfer(transfers.histogram_matching),
    "idt": _idt,
    "camera": _camera,
    "local-light": _local_light,
    "colour-map": _colour_map,
}
"""The methods by name; the first four are those with which iHarmony4 was made."""


def recolour(
    source: Region, reference: Region, families: Sequence[Family], generator: torch.Generator, limit: float
) -> Tensor:
    """Recolour each picture of a batch by its own family.

    Args:
      source: the pictures and their foregrounds.
      reference: for each, a region of another picture whose colours the transfers take.
      families: one for each picture; a name has the same parameters throughout the batch.
      generator: where all random parameters come from.
      limit: greatest mean squared change of a foreground, in 8-bit code values squared; stronger changes are scaled
        down to it, because nobody pastes a picture whose colours are all gone.

    Returns: B x 3 x H x W in 0..1, every pixel recoloured; the caller takes the foreground from it.
    """
    result = torch.empty_like(source.picture)
    for name in sorted({family.name for family in families}):
        members = [index for index, family in enumerate(families) if family.name == name]
        chosen = torch.tensor(members, device=result.device)
        part, wanted = source.select(chosen), reference.select(chosen)
        result[chosen] = METHODS[name](part, wanted, generator, families[members[0]].parameters)
    change = (result - source.picture).clamp(-1, 1)
    strength = 255**2 * _weighted_mean(change.square().mean(dim=1, keepdim=True), source.weight)
    return (source.picture + change * (limit / strength.clamp(min=1e-6)).sqrt().clamp(max=1)).clamp(0, 1)


def _weighted_mean(values: Tensor, weight: Tensor) -> Tensor:
    """B x 1 x 1 x 1."""
    total = (values * weight).sum(dim=(2, 3), keepdim=True)
    return total / weight.sum(dim=(2, 3), keepdim=True).clamp(min=1e-6)
