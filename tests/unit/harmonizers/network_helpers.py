"""What the tests of all networks share: modules with known weights, inputs, and how far two results are apart."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from samelight import harmonizers
from samelight.instances import Instances


def seeded(module: nn.Module, seed: int = 0, spread: float = 0.3) -> nn.Module:
    """The module in float64, every parameter drawn at random: those that start at 0 or 1 are tested too."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator, dtype=torch.float64) * spread
    return module.double().eval()


def drawn(*shape: int, seed: int = 1) -> Tensor:
    """Normally distributed values in float64."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def features_and_mask(seed: int = 1, size: int = 6, channels: int = 5) -> tuple[Tensor, Tensor]:
    """2 x channels x size x size, and 2 x 1 x size x size in 0..1 with hard and soft positions, in float64."""
    mask = torch.rand(2, 1, size, size, generator=torch.Generator().manual_seed(seed + 100), dtype=torch.float64)
    return drawn(2, channels, size, size, seed=seed), (mask * 3 - 1).clamp(0, 1)


def relative_error(result: Tensor, expected: Tensor) -> float:
    """The largest difference by the largest value."""
    return float(((result - expected).abs().max() / expected.abs().max()).detach())


def network(name: str, seed: int = 0) -> nn.Module:
    """A network of the registry with random weights, the same ones every time."""
    torch.manual_seed(seed)
    return harmonizers.create(name).eval()


def size_of(name: str) -> int:
    """How many parameters a network of the registry has."""
    return sum(parameter.numel() for parameter in harmonizers.create(name).parameters())


def some_instances(batch: int, height: int, width: int, count: int = 4) -> Instances:
    """`count` instances, and none, scattered pixel by pixel, with random similarities."""
    generator = torch.Generator().manual_seed(2)
    return Instances(
        torch.randint(0, count + 1, (batch, height, width), generator=generator),
        torch.rand(batch, count, generator=generator) * 2 - 1,
        torch.ones(batch, count, dtype=torch.bool),
    )


def stripes(batch: int, height: int, width: int, count: int) -> Instances:
    """`count` instances side by side, from the least to the most similar, and a top edge of none."""
    labels = (torch.arange(width) * count // width + 1).expand(batch, height, width).clone()
    labels[:, : height // 5] = 0
    similarity = torch.linspace(-1, 1, count).expand(batch, -1).contiguous()
    return Instances(labels, similarity, torch.ones(batch, count, dtype=torch.bool))
