"""Spatial-separated attention module, S2AM (Cun and Pun, TIP 2020): channels are weighted region by region."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["ChannelGate", "SpatialSeparatedAttention"]

REDUCTION = 16
"""Channels by hidden values of a gate."""
LEAST_HIDDEN = 4
"""Hidden values of the gates of narrow maps."""


class ChannelGate(nn.Module):
    """How much each channel matters, from its average and its maximum over the picture."""

    def __init__(self, channels: int) -> None:
        """`channels` is C of the feature map."""
        super().__init__()
        hidden = max(LEAST_HIDDEN, channels // REDUCTION)
        self.squeeze = nn.Conv2d(2 * channels, hidden, kernel_size=1)
        self.expand = nn.Conv2d(hidden, channels, kernel_size=1)

    def forward(self, features: Tensor) -> Tensor:
        """B x C x H x W to weights B x C x 1 x 1 in 0..1."""
        pooled = torch.cat([features.mean(dim=(2, 3), keepdim=True), features.amax(dim=(2, 3), keepdim=True)], dim=1)
        return torch.sigmoid(self.expand(functional.relu(self.squeeze(pooled))))


class SpatialSeparatedAttention(nn.Module):
    """Three gates: for the background, for what of the foreground is kept, and for what of it is changed.

    Y = (1 - M) G_b(X) X + M (G_k(X) X + L(G_c(X) X)), with L two learned 3 x 3 convolutions, which alone may change
    the appearance.
    """

    def __init__(self, channels: int) -> None:
        """`channels` is C of the feature map."""
        super().__init__()
        self.background = ChannelGate(channels)
        self.kept = ChannelGate(channels)
        self.changed = ChannelGate(channels)
        self.learned = nn.Sequential(
            nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False),
            nn.InstanceNorm2d(channels),
            nn.ELU(),
            nn.Conv2d(channels, channels, kernel_size=3, padding=1),
        )

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """B x C x H x W to the same; `mask` is B x 1 x H x W in 0..1, soft values blend."""
        background = features * self.background(features)
        foreground = features * self.kept(features) + self.learned(features * self.changed(features))
        return torch.lerp(background, foreground, mask.to(background.dtype))
