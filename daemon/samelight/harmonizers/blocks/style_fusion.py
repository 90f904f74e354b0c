"""External style fusion of RCL: the encoder's background says what the decoder's foreground is to look like."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from samelight.harmonizers.blocks.rain import region_statistics

__all__ = ["ExternalStyleFusion", "background_statistics"]


def background_statistics(features: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of the background.

    Args:
      features: B x C x H x W.
      mask: B x 1 x H x W in 0..1, 1 for foreground.

    Returns: both B x C x 1 x 1, in float32 at least. A picture with less than one position of background has nothing to
      take a style from: there, every position counts.
    """
    none_left = (1 - mask).sum(dim=(2, 3), keepdim=True) < 1
    mean, deviation = region_statistics(features, mask.masked_fill(none_left, 0))
    return mean[:, :, 1, None, None], deviation[:, :, 1, None, None]


class ExternalStyleFusion(nn.Module):
    """Normalizes both regions by background statistics, then scales and shifts them (RCL equations 4 to 7).

    The affine functions f^s and f^b of equations 6 and 7 are learned vectors of `channels` values, one of each for
    either region: s and b of adaptive instance normalization, where the scale is 1 + s. All start at zero, so that at
    first nothing but the normalization happens.
    """

    def __init__(self, channels: int) -> None:
        """`channels` is C of the decoder's and of the encoder's map."""
        super().__init__()
        self.foreground_scale = nn.Parameter(torch.zeros(channels))
        self.foreground_bias = nn.Parameter(torch.zeros(channels))
        self.background_scale = nn.Parameter(torch.zeros(channels))
        self.background_bias = nn.Parameter(torch.zeros(channels))

    def forward(self, decoded: Tensor, encoded: Tensor, mask: Tensor) -> Tensor:
        """Fuse.

        Args:
          decoded: D_i, B x C x H x W.
          encoded: E_i, the encoder's map of the same shape.
          mask: M_i, B x 1 x H x W in 0..1, 1 for foreground.

        Returns: B x C x H x W; a soft position is a blend of what both regions make of it.
        """
        # Equations 4 and 6: the foreground, by the statistics of the encoder's background.
        foreground = self._normalize(decoded, encoded, mask, self.foreground_scale, self.foreground_bias)
        # Equations 5 and 7: the background, by its own.
        background = self._normalize(decoded, decoded, mask, self.background_scale, self.background_bias)
        return torch.lerp(background, foreground, mask.to(decoded.dtype))

    @staticmethod
    def _normalize(features: Tensor, style: Tensor, mask: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
        """(x - mean) / deviation * (1 + s) + b, the statistics those of the background of `style`.

        All of it is affine in x, so that each channel's factor and offset are worked out before any map is touched.
        """
        mean, deviation = background_statistics(style, mask)
        factor = (1 + scale)[:, None, None] / deviation
        offset = bias[:, None, None] - mean * factor
        return torch.addcmul(offset.to(features.dtype), features, factor.to(features.dtype))
