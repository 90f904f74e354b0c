"""Image Harmonization with Region-wise Contrastive Learning (Liang and Pun, 2022): RCL."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from samelight.harmonizers.blocks.change import changed, start_small
from samelight.harmonizers.blocks.masks import crop_to, pad_to_stride, resize_mask
from samelight.harmonizers.blocks.residual import ResidualBlock
from samelight.harmonizers.blocks.separated_attention import SpatialSeparatedAttention
from samelight.harmonizers.blocks.style_fusion import ExternalStyleFusion
from samelight.instances import Instances

__all__ = ["RCL"]

LEVELS = 5
"""Resolutions of the U-Net; each halves the one before and doubles its channels."""
STRIDE = 2 ** (LEVELS - 1)
ENCODER_BLOCKS, DECODER_BLOCKS = 3, 1
"""Residual blocks at each level."""


class EncoderLevel(nn.Module):
    """A convolution, which halves the resolution except at the first level, and residual blocks."""

    def __init__(self, in_channels: int, out_channels: int, *, halves: bool) -> None:
        """`halves` says whether height and width are halved."""
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=3, stride=2 if halves else 1, padding=1)
        self.blocks = nn.Sequential(*(ResidualBlock(out_channels) for _ in range(ENCODER_BLOCKS)))

    def forward(self, features: Tensor) -> Tensor:
        """B x C_in x H x W to B x C_out x H x W, or half of both sides."""
        encoded: Tensor = self.blocks(self.conv(features))
        return encoded


class DecoderLevel(nn.Module):
    """Doubles the resolution, joins the encoder's map, a residual block, S2AM, style fusion."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        """`out_channels` is also the channels of the encoder's map."""
        super().__init__()
        self.up = nn.ConvTranspose2d(in_channels, out_channels, kernel_size=4, stride=2, padding=1)
        self.join = nn.Conv2d(2 * out_channels, out_channels, kernel_size=3, padding=1)
        self.blocks = nn.Sequential(*(ResidualBlock(out_channels) for _ in range(DECODER_BLOCKS)))
        self.attention = SpatialSeparatedAttention(out_channels)
        self.fusion = ExternalStyleFusion(out_channels)

    def forward(self, features: Tensor, encoded: Tensor, mask: Tensor) -> Tensor:
        """B x C_in x h x w to B x C_out x H x W; `encoded` is E_i, B x C_out x H x W, `mask` the picture's own."""
        raised = self.up(functional.leaky_relu(features, 0.2))
        decoded = self.blocks(self.join(functional.leaky_relu(torch.cat([encoded, raised], dim=1), 0.2)))
        scaled = resize_mask(mask, decoded)
        fused: Tensor = self.fusion(self.attention(decoded, scaled), encoded, scaled)
        return fused


class RCL(nn.Module):
    """A residual U-Net with S2AM and external style fusion at every level of its decoder.

    Fixed by the paper: residual U-Net, S2AM in the decoder, style fusion of maps of the same shape (equations 1 to 7),
    28.37 M parameters. Chosen to meet that count: five levels of w to 16w channels, with three residual blocks at each
    level of the encoder and one at each of the decoder. Size: 27,968,995 parameters at width 32, 1,751,443 at width 8
    (lite). The MLP of its contrastive loss belongs to the training, not to the network.

    Also chosen: the last convolution gives the change of the picture, which the paper leaves open: the style fusion of
    the last level leaves maps of the background's mean and contrast, from which the picture itself would have to be
    made again. Learning 16 composites of 32 x 32 by heart (rcl-lite, the paper's loss, 2e-3, 60 steps of warm-up), it
    comes to a foreground PSNR of 33.1 dB in 140 steps; with a tanh that makes the whole picture, to 28.6 dB in 250.
    """

    def __init__(self, width: int = 32) -> None:
        """`width` is w, the channels at full resolution; 8 in the lite size."""
        super().__init__()
        widths = [width * 2**level for level in range(LEVELS)]
        inputs = [4, *widths[:-1]]
        self.encoder = nn.ModuleList(
            EncoderLevel(i, o, halves=level > 0) for level, (i, o) in enumerate(zip(inputs, widths, strict=True))
        )
        self.decoder = nn.ModuleList(DecoderLevel(below, own) for own, below in pairwise(widths))
        self.to_rgb = nn.Conv2d(width, 3, kernel_size=3, padding=1)
        start_small(self.to_rgb)

    def forward(self, composite: Tensor, mask: Tensor, instances: Instances | None = None) -> Tensor:
        """Harmonize.

        Args:
          composite: B x 3 x H x W in -1..1, any size from 1 x 1.
          mask: B x 1 x H x W in 0..1, soft values allowed, 1 for foreground.
          instances: not looked at.

        Returns: B x 3 x H x W in -1..1; exactly the composite where the mask is 0.
        """
        picture, padded_mask = pad_to_stride(composite, STRIDE), pad_to_stride(mask, STRIDE)
        encoded = self._encode(torch.cat([picture, padded_mask], dim=1))
        generated = changed(composite, crop_to(self._decode(encoded, padded_mask), composite))
        return generated * mask + composite * (1 - mask)

    def _encode(self, features: Tensor) -> list[Tensor]:
        """{E_i}, from full resolution down."""
        maps = []
        for level in self.encoder:
            features = level(features)
            maps.append(features)
        return maps

    def _decode(self, encoded: list[Tensor], mask: Tensor) -> Tensor:
        features = encoded[-1]
        for level in reversed(range(LEVELS - 1)):
            features = self.decoder[level](features, encoded[level], mask)
        change: Tensor = self.to_rgb(functional.leaky_relu(features, 0.2))
        return change
