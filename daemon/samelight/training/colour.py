"""Colour spaces of the recolourings: linear light, l-alpha-beta, YCbCr. Pictures are B x 3 x H x W."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = [
    "from_lalphabeta",
    "from_ycbcr",
    "luminance",
    "mix_channels",
    "multiplied",
    "sum_channels",
    "sum_products",
    "to_lalphabeta",
    "to_linear",
    "to_srgb",
    "to_ycbcr",
]

REC709_LUMA = (0.2126, 0.7152, 0.0722)

# Reinhard et al. 2001: RGB to LMS, and the rotation of log LMS to l-alpha-beta.
_LMS = torch.tensor([[0.3811, 0.5783, 0.0402], [0.1967, 0.7244, 0.0782], [0.0241, 0.1288, 0.8444]])
_LALPHABETA = torch.diag(torch.tensor([3.0, 6.0, 2.0]).rsqrt()) @ torch.tensor(
    [[1.0, 1.0, 1.0], [1.0, 1.0, -2.0], [1.0, -1.0, 0.0]]
)
# ITU-R BT.601, full range, chroma around 0.
_YCBCR = torch.tensor([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])


def mix_channels(picture: Tensor, matrix: Tensor) -> Tensor:
    """Multiply each pixel by a 3 x 3 matrix, or by one of B matrices (B x 3 x 3)."""
    matrix = matrix.to(picture, non_blocking=True)
    if picture.device.type == "cuda":
        return sum_channels(picture, matrix)
    return (matrix @ picture.flatten(2)).view_as(picture)


def sum_channels(picture: Tensor, matrix: Tensor) -> Tensor:
    """The same as `mix_channels` by sums: a card's matrix units may be set to round to 10 bits, which colours show."""
    return (matrix.reshape(-1, 3, 3, 1, 1) * picture.unsqueeze(1)).sum(dim=2)


def multiplied(one: Tensor, other: Tensor) -> Tensor:
    """Multiply B x N x K and B x K x M matrices of few rows and columns, on a card by sums."""
    return sum_products(one, other) if one.device.type == "cuda" else one @ other


def sum_products(one: Tensor, other: Tensor) -> Tensor:
    """The same as `multiplied` by sums, for the reason that `sum_channels` has."""
    return (one.unsqueeze(2) * other.mT.unsqueeze(1)).sum(dim=3)


def to_linear(picture: Tensor) -> Tensor:
    """Code values of sRGB, 0..1, to linear light 0..1 (IEC 61966-2-1)."""
    return torch.where(picture <= 0.04045, picture / 12.92, ((picture.clamp(min=0) + 0.055) / 1.055) ** 2.4)


def to_srgb(light: Tensor) -> Tensor:
    """Linear light 0..1 to sRGB code values 0..1; negative light becomes 0."""
    light = light.clamp(min=0)
    return torch.where(light <= 0.0031308, light * 12.92, 1.055 * light.clamp(min=1e-8) ** (1 / 2.4) - 0.055)


def luminance(light: Tensor) -> Tensor:
    """Rec. 709 luminance of linear light: B x 1 x H x W."""
    weights = torch.tensor(REC709_LUMA).to(light, non_blocking=True).view(1, 3, 1, 1)
    return (light * weights).sum(dim=1, keepdim=True)


def to_lalphabeta(picture: Tensor) -> Tensor:
    """RGB 0..1 to the decorrelated logarithmic space of Reinhard et al.; black is lifted to 1/255."""
    return mix_channels(mix_channels(picture.clamp(min=1 / 255), _LMS).log(), _LALPHABETA)


def from_lalphabeta(picture: Tensor) -> Tensor:
    """Undo `to_lalphabeta`; the result may leave 0..1."""
    logarithm = mix_channels(picture, torch.linalg.inv(_LALPHABETA)).clamp(max=2)
    return mix_channels(logarithm.exp(), torch.linalg.inv(_LMS))


def to_ycbcr(picture: Tensor) -> Tensor:
    """RGB 0..1 to Y 0..1, Cb and Cr -0.5..0.5."""
    return mix_channels(picture, _YCBCR)


def from_ycbcr(picture: Tensor) -> Tensor:
    """Undo `to_ycbcr`; the result may leave 0..1."""
    return mix_channels(picture, torch.linalg.inv(_YCBCR))
