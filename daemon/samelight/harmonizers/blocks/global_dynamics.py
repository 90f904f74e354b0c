"""Mask-aware global dynamics of HDNet: kernels predicted per picture, one for each region."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["MaskAwareGlobalDynamics"]

REGIONS = 2
"""Foreground and background."""


class MaskAwareGlobalDynamics(nn.Module):
    """Two predicted 1 x 1 convolutions, blended by the mask (HDNet section 3.3, equation 6)."""

    def __init__(self, channels: int) -> None:
        """`channels` is C of the feature map; each predicted kernel is C x C."""
        super().__init__()
        self.channels = channels
        self.squeeze = nn.Conv2d(channels, REGIONS * REGIONS, kernel_size=1)
        self.expand = nn.Conv2d(REGIONS * REGIONS, REGIONS * channels * channels, kernel_size=1, groups=REGIONS)
        self._begin_with_identity()

    def _begin_with_identity(self) -> None:
        """Predict kernels that change next to nothing at first.

        The usual random weights predict entries of about 0.3 whatever C is: three such modules in a row amplify a
        256-channel map a hundredfold and saturate the network's tanh, out of which it learns very slowly.
        """
        nn.init.normal_(self.expand.weight, std=0.02)
        self.expand.bias = nn.Parameter(torch.eye(self.channels).flatten().repeat(REGIONS))

    def kernels(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """W_f and W_b, both B x C x C (output by input), from the global average of B x C x H x W."""
        pooled = features.mean(dim=(2, 3), keepdim=True)
        flat = self.expand(torch.sigmoid(self.squeeze(pooled)))
        kernels = flat.view(-1, REGIONS, self.channels, self.channels)
        return kernels[:, 0], kernels[:, 1]

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """Filter B x C x H x W by regions; `mask` is B x 1 x H x W in 0..1."""
        foreground_kernel, background_kernel = self.kernels(features)
        flat = features.flatten(2)
        # Equation 6: F' = (F * W_f) M + (F * W_b) (1 - M); a 1 x 1 convolution is a matrix product.
        foreground = (foreground_kernel @ flat).view_as(features)
        background = (background_kernel @ flat).view_as(features)
        return foreground * mask + background * (1 - mask)
