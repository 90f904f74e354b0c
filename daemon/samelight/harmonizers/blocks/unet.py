"""The harmonization papers' shared U-Net ("Base" in HDNet's ablation), with places for what each paper adds."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from samelight.harmonizers.blocks.masks import crop_to, pad_instances, pad_to_stride, resize_mask
from samelight.harmonizers.blocks.rain import RegionAwareInstanceNorm
from samelight.instances import Instances

__all__ = ["HarmonizationUNet"]

ENCODER_WIDTHS = (1, 2, 4, 8, 8, 8, 8, 8)
"""Channels after each encoder level, in units of the base width."""
HALVING_LEVELS = frozenset({1, 3, 5})
"""Levels (from 0) that halve the resolution with a 4 x 4 kernel; the others keep it with a 3 x 3 one."""
STRIDE = 2 ** len(HALVING_LEVELS)


class EncoderLevel(nn.Module):
    """Leaky ReLU (except on the picture itself), convolution, instance norm (except at both ends)."""

    def __init__(self, level: int, in_channels: int, out_channels: int) -> None:
        """`level` counts from 0 at full resolution to 7 at the bottleneck."""
        super().__init__()
        kernel, stride = (4, 2) if level in HALVING_LEVELS else (3, 1)
        self.activate = level > 0
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, stride, padding=1, bias=False)
        last = len(ENCODER_WIDTHS) - 1
        self.norm = nn.InstanceNorm2d(out_channels) if 0 < level < last else nn.Identity()

    def forward(self, features: Tensor) -> Tensor:
        """B x C_in x H x W to B x C_out x H x W, or half of both sides."""
        if self.activate:
            features = functional.leaky_relu(features, 0.2)
        normalized: Tensor = self.norm(self.conv(features))
        return normalized


class DecoderLevel(nn.Module):
    """ReLU, transposed convolution, RAIN; mirrors the encoder level of the same number."""

    def __init__(self, level: int, in_channels: int, out_channels: int) -> None:
        """`level` counts as in the encoder: 7 first, 1 last."""
        super().__init__()
        kernel, stride = (4, 2) if level in HALVING_LEVELS else (3, 1)
        self.conv = nn.ConvTranspose2d(in_channels, out_channels, kernel, stride, padding=1, bias=False)
        self.norm = RegionAwareInstanceNorm(out_channels)

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """B x C_in x h x w to B x C_out x H x W; `mask` is the picture's own, at any multiple of H x W."""
        raised = self.conv(functional.relu(features))
        normalized: Tensor = self.norm(raised, resize_mask(mask, raised))
        return normalized


class HarmonizationUNet(nn.Module):
    """Encoder, bottleneck, decoder with RAIN, and the blend I_h = G(I_c, M) M + I_c (1 - M).

    What a paper adds is given to the constructor: a module for the bottleneck, and one for the concatenated features
    that enter a decoder level. Each is called with (features, mask at their scale). A paper whose bottleneck reads the
    picture's instances overrides `_adjust_deepest`.
    """

    def __init__(
        self,
        width: int,
        bottleneck: nn.Module | None = None,
        dynamics: Mapping[int, nn.Module] | None = None,
    ) -> None:
        """Build the network.

        Args:
          width: channels of the first level, w; 32 in the papers, 8 or 16 in the lite sizes.
          bottleneck: for the 8w channels of the deepest map.
          dynamics: level (0..6) to a module for the concatenation of skip and decoded features that this level reads.
        """
        super().__init__()
        widths = [width * factor for factor in ENCODER_WIDTHS]
        inputs = [4, *widths[:-1]]
        self.encoder = nn.ModuleList(EncoderLevel(i, c, o) for i, (c, o) in enumerate(zip(inputs, widths, strict=True)))
        self.bottleneck = bottleneck
        self.dynamics = nn.ModuleDict({str(level): module for level, module in (dynamics or {}).items()})
        # The deepest decoder level reads the bottleneck alone; all others read skip and decoded features together.
        deepest = len(widths) - 1
        self.decoder = nn.ModuleDict(
            {
                str(level): DecoderLevel(level, widths[level] * (1 if level == deepest else 2), widths[level - 1])
                for level in range(deepest, 0, -1)
            }
        )
        self.to_rgb = nn.ConvTranspose2d(2 * width, 3, kernel_size=3, padding=1)

    def forward(self, composite: Tensor, mask: Tensor, instances: Instances | None = None) -> Tensor:
        """Harmonize.

        Args:
          composite: B x 3 x H x W in -1..1, any size from 1 x 1.
          mask: B x 1 x H x W in 0..1, soft values allowed, 1 for foreground.
          instances: the picture's, at its size; read by the networks that say so.

        Returns: B x 3 x H x W in -1..1; exactly the composite where the mask is 0.
        """
        picture, padded_mask = pad_to_stride(composite, STRIDE), pad_to_stride(mask, STRIDE)
        skips = self._encode(torch.cat([picture, padded_mask], dim=1))
        deepest = self._adjust_deepest(skips[-1], padded_mask, pad_instances(instances, STRIDE))
        generated = crop_to(self._decode(skips[:-1], deepest, padded_mask), composite)
        return generated * mask + composite * (1 - mask)

    def _encode(self, features: Tensor) -> list[Tensor]:
        skips = []
        for level in self.encoder:
            features = level(features)
            skips.append(features)
        return skips

    def _adjust_deepest(self, features: Tensor, mask: Tensor, instances: Instances | None) -> Tensor:
        """What stands between encoder and decoder, on B x 8w x h x w; mask and instances at the padded picture's size.

        Here the module given as `bottleneck`, which needs no instances.
        """
        if self.bottleneck is None:
            return features
        adjusted: Tensor = self.bottleneck(features, resize_mask(mask, features))
        return adjusted

    def _decode(self, skips: list[Tensor], features: Tensor, mask: Tensor) -> Tensor:
        for level in range(len(skips), 0, -1):
            features = self.decoder[str(level)](features, mask)
            features = self._apply_dynamics(level - 1, torch.cat([skips[level - 1], features], dim=1), mask)
        return torch.tanh(self.to_rgb(functional.relu(features)))

    def _apply_dynamics(self, level: int, features: Tensor, mask: Tensor) -> Tensor:
        if str(level) not in self.dynamics:
            return features
        adjusted: Tensor = self.dynamics[str(level)](features, resize_mask(mask, features))
        return adjusted
