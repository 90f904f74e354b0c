"""Region-aware adaptive instance normalization (Ling et al., CVPR 2021), the papers' shared decoder norm."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["RegionAwareInstanceNorm", "region_statistics"]


def region_statistics(features: Tensor, mask: Tensor, eps: float = 1e-5) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of the foreground and of the background.

    Args:
      features: B x C x H x W.
      mask: B x 1 x H x W in 0..1; a soft position counts for both regions by its share.
      eps: added to the area and to the variance; an empty region gives mean 0 and deviation sqrt(eps).

    Returns: mean and deviation, both B x C x 2: foreground, then background. Sums run in float32 at least,
      whatever the precision of the features, because a sum over a whole map outgrows the digits of bfloat16.
    """
    with torch.autocast(features.device.type, enabled=False):
        precision = torch.promote_types(features.dtype, torch.float32)
        values, foreground = features.flatten(2).to(precision), mask.flatten(2).to(precision)
        weights = torch.cat([foreground, 1 - foreground], dim=1).transpose(1, 2)
        area = weights.sum(dim=1, keepdim=True) + eps
        mean = values @ weights / area
        variance = (values.square() @ weights / area - mean.square()).clamp(min=0)
    return mean, (variance + eps).sqrt()


class RegionAwareInstanceNorm(nn.Module):
    """Gives the foreground's features the background's mean and deviation (RAIN).

    Each region is normalized by its own statistics; the foreground then takes on those of the background. Every region
    has a learned scale (1 + gamma) and shift (beta) of `channels` values.
    """

    def __init__(self, channels: int) -> None:
        """Start as a plain transfer of statistics: all four learned vectors are zero."""
        super().__init__()
        self.foreground_gamma = nn.Parameter(torch.zeros(channels))
        self.foreground_beta = nn.Parameter(torch.zeros(channels))
        self.background_gamma = nn.Parameter(torch.zeros(channels))
        self.background_beta = nn.Parameter(torch.zeros(channels))

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """Normalize B x C x H x W by regions; `mask` is B x 1 x H x W in 0..1, 1 for foreground.

        Written out, both regions are affine in the features, so each one's scale and shift is worked out for a whole
        channel first, and only the blend of the two touches every position:
          foreground  ((x - m_f) / s_f * s_b + m_b) (1 + gamma_f) + beta_f
          background  ((x - m_b) / s_b) (1 + gamma_b) + beta_b
        """
        mean, deviation = region_statistics(features, mask)
        (mean_f, mean_b), (std_f, std_b) = mean.unbind(dim=2), deviation.unbind(dim=2)
        scale_f = std_b / std_f * (1 + self.foreground_gamma)
        shift_f = mean_b * (1 + self.foreground_gamma) + self.foreground_beta - mean_f * scale_f
        scale_b = (1 + self.background_gamma) / std_b
        shift_b = self.background_beta - mean_b * scale_b
        scale = _blend(scale_f, scale_b, mask, features.dtype)
        return torch.addcmul(_blend(shift_f, shift_b, mask, features.dtype), features, scale)


def _blend(foreground: Tensor, background: Tensor, mask: Tensor, dtype: torch.dtype) -> Tensor:
    """B x C values of each region, spread over B x C x H x W by the mask."""
    base, difference = background.to(dtype), (foreground - background).to(dtype)
    return torch.addcmul(base[..., None, None], difference[..., None, None], mask)
