"""FRIH: Fine-Grained Region-Aware Image Harmonization (Peng et al., AAAI 2024)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from samelight.harmonizers.blocks.cascade import Cascade
from samelight.harmonizers.blocks.clustering import CANDIDATES
from samelight.harmonizers.blocks.halving_unet import HalvingUNet
from samelight.harmonizers.blocks.masks import crop_to, pad_to_stride
from samelight.harmonizers.blocks.submasks import soft_submasks, submask_labels
from samelight.harmonizers.stages import Stages
from samelight.instances import Instances

__all__ = ["FRIH", "FrihStages", "submask_labels"]

HALVINGS = 7
STRIDE = 2**HALVINGS
LEAK = 0.2
"""Slope of the leaky ReLUs below zero."""
PIXELS_AT_ONCE = 1024 * 1024
"""Pixels that the cascade refines in one run where nothing is learned: bounds the memory for large pictures."""


@dataclass(frozen=True)
class FrihStages(Stages):
    """Both stages of FRIH, for its loss."""

    coarse: Tensor
    """B x 3 x H x W in -1..1: the coarsely adjusted pictures, blended with the composite by the mask."""
    submasks: Tensor
    """B x 10 x H x W in 0..1: Subm^1 .. Subm^K and empty ones up to ten; their sum is the mask. All empty where the
    first stage is learned alone: the loss is the coarse one then."""


class FRIH(nn.Module):
    """A base U-Net harmonizes the whole foreground; a cascade refines each of its colour-clustered submasks.

    Fixed by the paper: seven halvings, 4 x 4 convolutions, the fusion of three sources (equations 3 to 5), the head
    over all cascade decoder layers, 11.98 M parameters of which cascade and head are 2.68 M. The channels are chosen to
    meet these counts: 12,136,054 parameters at width 32, cascade and head 2,789,923 of them.

    Also chosen: both stages give the change of the picture they are given, the last deconvolution of the base that of
    the composite, the head that of the coarsely adjusted picture. No skip connection has the full resolution, and the
    cascade's maps at half resolution are narrow (in the lite size 8 channels for the 12 values of 2 x 2 pixels): what
    makes the whole picture by a tanh first has to learn to copy its detail through them. Learning 16 composites of
    64 x 64 by heart (frih-lite, 5 to 10 submasks each, the paper's loss, 3e-3, 4 composites a step), the change comes
    to a foreground PSNR of 32.1 dB in 180 steps.
    """

    def __init__(self, width: int = 32, head: int = 32) -> None:
        """Build the network.

        Args:
          width: channels of the base network's first level; the cascade has half of them.
          head: most channels of the cascade's decoder layers and of its prediction.
        """
        super().__init__()
        self.refines = True
        """Whether the cascade runs; a training may begin with the base network alone."""
        base_widths = _widths(width, 15 * width // 2)
        self.base = HalvingUNet(base_widths)
        self.cascade = Cascade(base_widths, _widths(width // 2, 7 * width // 2), head)
        self.apply(_start)

    def restart_cascade(self) -> None:
        """Let the cascade change nothing until it learns again: it refines what one base network makes of a picture.

        Once that has learned alone, the changes that were right before make the result worse.
        """
        for parameter in self.cascade.prediction.to_rgb.parameters():
            nn.init.zeros_(parameter)

    def forward(self, composite: Tensor, mask: Tensor, instances: Instances | None = None) -> Tensor:
        """Harmonize.

        Args:
          composite: B x 3 x H x W in -1..1, any size from 1 x 1.
          mask: B x 1 x H x W in 0..1, soft values allowed, 1 for foreground.
          instances: not looked at.

        Returns: B x 3 x H x W in -1..1; exactly the composite where the mask is 0.
        """
        return self.stages(composite, mask, instances).result

    def stages(self, composite: Tensor, mask: Tensor, instances: Instances | None = None) -> FrihStages:
        """As `forward`, with what the loss looks at."""
        picture, padded_mask = _pad(composite), _pad(mask)
        generated, encoded = self.base(torch.cat([picture, padded_mask], dim=1))
        coarse = generated * padded_mask + picture * (1 - padded_mask)
        if self.training and not self.refines:
            whole = crop_to(coarse, composite)
            return FrihStages(whole, whole, mask.new_zeros(len(mask), CANDIDATES, *mask.shape[-2:]))
        submasks = soft_submasks(submask_labels(composite, mask), mask)
        foreground = self._refine(coarse, submasks, encoded)
        return FrihStages(foreground + composite * (1 - mask), crop_to(coarse, composite), submasks)

    def _refine(self, coarse: Tensor, submasks: Tensor, encoded: list[Tensor]) -> Tensor:
        """Run the cascade once for each submask, all together, and put the results into their places.

        Args:
          coarse: B x 3 x H' x W', padded to the stride.
          submasks: B x 10 x H x W in 0..1.
          encoded: the base network's maps.

        Returns: B x 3 x H x W, the sum over k of refined picture k times Subm^k.
        """
        height, width = submasks.shape[-2:]
        transferred, padded = self.cascade.transfer(encoded), _pad(submasks)
        present = submasks.flatten(2).amax(dim=2) > 0
        present[:, 0] = True  # a picture without foreground has one empty submask: nothing below is ever of size 0
        picture, number = present.nonzero().unbind(dim=1)
        portion = len(picture) if torch.is_grad_enabled() else max(1, PIXELS_AT_ONCE // (height * width))
        foreground = coarse.new_zeros(len(coarse), 3, height, width)
        for owner, which in zip(torch.split(picture, portion), torch.split(number, portion), strict=True):
            pairs = torch.cat([coarse[owner], padded[owner, which].unsqueeze(1)], dim=1)
            refined = self.cascade(pairs, [each[owner] for each in transferred], height, width)
            foreground = foreground.index_add(0, owner, refined * submasks[owner, which].unsqueeze(1))
        return foreground


def _start(layer: nn.Module) -> None:
    """Random weights that keep the size of what passes through (He et al., 2015): nothing else normalizes it.

    Layers that make RGB start with next to no change of the picture (`blocks.change`).
    """
    if not isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)) or layer.out_channels == 3 or layer.bias is None:
        return
    # How many values one output is the sum of: of the kernel of a transposed convolution, one in stride^2 falls on it.
    spread = math.prod(layer.stride) if isinstance(layer, nn.ConvTranspose2d) else 1
    inputs = layer.in_channels * math.prod(layer.kernel_size) / spread
    nn.init.normal_(layer.weight, std=math.sqrt(2 / (1 + LEAK**2) / inputs))
    nn.init.zeros_(layer.bias)


def _widths(first: int, most: int) -> list[int]:
    """Channels that double from level to level up to a most."""
    return [min(first * 2**level, most) for level in range(HALVINGS)]


def _pad(picture: Tensor) -> Tensor:
    return pad_to_stride(picture, STRIDE, least=1)
