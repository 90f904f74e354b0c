"""Residual blocks of RCL's U-Net."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

__all__ = ["ResidualBlock"]


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions with a normalization between them, added to what came in.

    What came in is never normalized, so that a map keeps the picture's brightness and contrast from block to block;
    the normalization keeps what is added to it within bounds.
    """

    def __init__(self, channels: int) -> None:
        """`channels` is C of the feature map."""
        super().__init__()
        self.first = nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False)
        self.norm = nn.InstanceNorm2d(channels)
        self.second = nn.Conv2d(channels, channels, kernel_size=3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """B x C x H x W to the same."""
        hidden = self.norm(self.first(functional.leaky_relu(features, 0.2)))
        changed: Tensor = self.second(functional.leaky_relu(hidden, 0.2))
        return features + changed
