"""Who looks like me: Semantic Routed Image Harmonization (Sun et al., IJCAI 2024): SRIH."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from samelight.harmonizers.blocks.change import changed
from samelight.harmonizers.blocks.importance import importance_map, importance_pyramid
from samelight.harmonizers.blocks.masks import crop_to, pad_instances, pad_to_stride
from samelight.harmonizers.blocks.style_transfer import StyleTransferBlock
from samelight.instances import Instances

__all__ = ["SRIH"]

LEVELS = 3
"""Strata of blocks, at a half, a quarter and an eighth of the picture's sides."""
HEADS = (2, 4, 8)
"""Attention heads of each stratum: the same channels a head in all."""
EXPANSION = 4.0
"""The paper's gamma."""


class Stratum(nn.Module):
    """Blocks at one scale."""

    def __init__(self, channels: int, heads: int, blocks: int) -> None:
        """`channels` is C, a multiple of `heads`."""
        super().__init__()
        self.blocks = nn.ModuleList(StyleTransferBlock(channels, heads, EXPANSION) for _ in range(blocks))

    def forward(self, features: Tensor, importance: Tensor | None = None) -> Tensor:
        """B x C x h x w to the same: STB, or with `importance`, B x 1 x h x w in 0..1, ISTB."""
        for block in self.blocks:
            features = block(features, importance)
        return features


class SRIH(nn.Module):
    """A convolution, three strata of STB on the way down, three of ISTB on the way up, a convolution.

    Fixed by the paper: the strata, both blocks, gamma = 4, convolutions without bias, and the count of 25.28 M
    parameters. Chosen to meet that count: 48 channels after the first convolution, doubled at each halving, 48
    channels a head, and 2, 2 and 4 blocks in the strata: 25,455,016 parameters (lite, a quarter of the channels and
    half of the blocks: 936,752). Halvings and doublings are 4 x 4 convolutions of stride 2, and skips are
    concatenated, as in the papers' shared U-Net. The last convolution gives the change of the picture, as in the
    network from which the blocks' design comes (Restormer): the picture's fine structure need not pass the strata.
    The paper states no loss; it is HDNet's equation 1.
    """

    def __init__(self, width: int = 48, blocks: Sequence[int] = (2, 2, 4)) -> None:
        """Build the network.

        Args:
          width: channels at full resolution, and of each attention head.
          blocks: blocks of each stratum, the same in encoder and decoder.
        """
        super().__init__()
        widths = [width * 2**level for level in range(LEVELS + 1)]
        pairs = list(pairwise(widths))
        self.embed = nn.Conv2d(4, width, kernel_size=3, padding=1, bias=False)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 4, stride=2, padding=1, bias=False) for a, b in pairs)
        self.encoder = nn.ModuleList(map(Stratum, widths[1:], HEADS, blocks))
        self.decoder = nn.ModuleList(map(Stratum, widths[1:], HEADS, blocks))
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 4, stride=2, padding=1, bias=False) for a, b in pairs)
        self.merge = nn.ModuleList(nn.Conv2d(2 * a, a, kernel_size=1, bias=False) for a in widths[:-1])
        self.to_rgb = nn.Conv2d(width, 3, kernel_size=3, padding=1, bias=False)

    def forward(self, composite: Tensor, mask: Tensor, instances: Instances | None = None) -> Tensor:
        """Harmonize.

        Args:
          composite: B x 3 x H x W in -1..1, any size from 1 x 1.
          mask: B x 1 x H x W in 0..1, soft values allowed, 1 for foreground.
          instances: the picture's, at its size; without them all of the background counts alike.

        Returns: B x 3 x H x W in -1..1; exactly the composite where the mask is 0.
        """
        stride = 2**LEVELS
        picture, padded_mask = pad_to_stride(composite, stride), pad_to_stride(mask, stride)
        importance = importance_map(pad_instances(instances, stride), padded_mask)
        skips = self._encode(torch.cat([picture, padded_mask], dim=1))
        generated = changed(composite, crop_to(self._decode(skips, importance), composite))
        return generated * mask + composite * (1 - mask)

    def _encode(self, features: Tensor) -> list[Tensor]:
        """The features after the first convolution and after each stratum."""
        skips = [self.embed(features.contiguous(memory_format=torch.channels_last))]
        for down, stratum in zip(self.down, self.encoder, strict=True):
            skips.append(stratum(down(skips[-1])))
        return skips

    def _decode(self, skips: list[Tensor], importance: Tensor) -> Tensor:
        features, pyramid = skips[-1], importance_pyramid(importance, skips[1:])
        for level in reversed(range(LEVELS)):
            features = self.up[level](self.decoder[level](features, pyramid[level]))
            features = self.merge[level](torch.cat([skips[level], features], dim=1))
        change: Tensor = self.to_rgb(features)
        return change
