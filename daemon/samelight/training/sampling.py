"""Random numbers for training data: always from a seeded generator, the same on every device."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["choice", "normal", "uniform"]


def uniform(generator: torch.Generator, shape: tuple[int, ...], low: float, high: float) -> Tensor:
    """Uniform values in low..high, drawn on the CPU so that a seed gives the same composites on every device."""
    return torch.rand(shape, generator=generator) * (high - low) + low


def normal(generator: torch.Generator, shape: tuple[int, ...], deviation: float) -> Tensor:
    """Normal values of mean 0, cut at two deviations so that no composite is absurd."""
    return torch.randn(shape, generator=generator).clamp(-2, 2) * deviation


def choice(generator: torch.Generator, count: int) -> int:
    """One index in 0..count-1."""
    return int(torch.randint(count, (1,), generator=generator))
