"""FRIH's base network: a plain U-Net that halves the picture seven times."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from samelight.harmonizers.blocks.change import changed, start_small

__all__ = ["DownLevel", "HalvingUNet", "UpLevel"]


class DownLevel(nn.Module):
    """4 x 4 convolution of stride 2 and leaky ReLU."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        """Channels before and after."""
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=4, stride=2, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """B x C_in x H x W to B x C_out x H/2 x W/2."""
        return functional.leaky_relu(self.conv(features), 0.2)


class UpLevel(nn.Module):
    """4 x 4 transposed convolution of stride 2 and leaky ReLU."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        """Channels before and after."""
        super().__init__()
        self.conv = nn.ConvTranspose2d(in_channels, out_channels, kernel_size=4, stride=2, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """B x C_in x h x w to B x C_out x 2h x 2w."""
        return functional.leaky_relu(self.conv(features), 0.2)


class HalvingUNet(nn.Module):
    """Encoder of 4 x 4 convolutions, decoder of as many transposed ones, a skip connection at every size.

    The paper names no normalization, and there is none: what a normalization takes out of a map, its mean and its
    contrast, is just what harmonization is about. The last deconvolution gives the change of the picture: no skip
    connection has the picture's own resolution, so that all of its detail would have to pass a map of half of it.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        """`widths` are the channels of the encoder's levels, from half resolution down."""
        super().__init__()
        self.encoder = nn.ModuleList(DownLevel(i, o) for i, o in pairwise([4, *widths]))
        # The deepest level reads the encoder's last map alone; all others read skip and decoded features together.
        deepest = len(widths) - 1
        self.decoder = nn.ModuleList(
            UpLevel(widths[level] * (1 if level == deepest else 2), widths[level - 1])
            for level in range(deepest, 0, -1)
        )
        self.to_rgb = nn.ConvTranspose2d(2 * widths[0], 3, kernel_size=4, stride=2, padding=1)
        start_small(self.to_rgb)

    def forward(self, picture_and_mask: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Harmonize coarsely.

        Args:
          picture_and_mask: B x 4 x H x W, composite in -1..1 and mask in 0..1; sides are multiples of 2^levels.

        Returns: B x 3 x H x W in -1..1, not blended with the composite; and the encoder's maps E, from half resolution
          down.
        """
        encoded, features = [], picture_and_mask
        for level in self.encoder:
            features = level(features)
            encoded.append(features)
        for level, skip in zip(self.decoder, reversed(encoded[:-1]), strict=True):
            features = torch.cat([skip, level(features)], dim=1)
        return changed(picture_and_mask[:, :3], self.to_rgb(features)), encoded
