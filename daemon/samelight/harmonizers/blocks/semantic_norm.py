"""Semantic-guided region-aware instance normalization of SRIN: the foreground's scale and shift by attention."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from samelight.harmonizers.blocks.masks import background_positions
from samelight.harmonizers.blocks.rain import region_statistics

__all__ = ["SemanticInstanceNorm"]


class SemanticInstanceNorm(nn.Module):
    """Normalizes the foreground, then scales and shifts each position by the background it attends to (section 2.2).

    How the paper's unclear points are read: the normalized map is F by the mean and deviation of its foreground, at
    all positions, so that keys are measured as the foreground's own features are; the softmax runs over background
    positions alone (the paper's "attention-guided background features"); the background passes unchanged.
    """

    def __init__(self, channels: int) -> None:
        """`channels` is C of the feature map. At first the scales are near 1: nearly a plain normalization."""
        super().__init__()
        self.query = nn.Conv2d(3, channels, kernel_size=1)  # h_q
        self.key = nn.Conv2d(channels, channels, kernel_size=1)  # h_k
        self.value = nn.Conv2d(channels, channels, kernel_size=1)  # h_v
        self.gamma = nn.Conv2d(channels, channels, kernel_size=1)  # g_gamma
        self.beta = nn.Conv2d(channels, channels, kernel_size=1)  # g_beta
        nn.init.ones_(self.gamma.bias)  # type: ignore[arg-type]

    def forward(self, features: Tensor, mask: Tensor, semantic_map: Tensor) -> Tensor:
        """Align the foreground of a feature map with the background.

        Args:
          features: F, B x C x H x W.
          mask: M_b, B x 1 x H x W in 0..1; soft positions blend.
          semantic_map: M_s, B x 3 x H x W in -1..1.

        Returns: F^n where the mask is 1, F where it is 0; B x C x H x W.
        """
        normalized = _normalize_by_foreground(features, mask)
        guided = self.attend(features, normalized, mask, semantic_map) * mask
        gamma = functional.relu(self.gamma(guided))  # equation 4
        beta = functional.relu(self.beta(guided))  # equation 5
        aligned = gamma * normalized + beta  # equation 6
        return aligned * mask + features * (1 - mask)

    def attend(self, features: Tensor, normalized: Tensor, mask: Tensor, semantic_map: Tensor) -> Tensor:
        """V R of equations 2 to 4: background values by attention, B x C x H x W.

        The N x N attention map is never held as a whole: torch works through it in tiles.
        """
        query = self.query(semantic_map.to(features.dtype))
        key, value = self.key(normalized), self.value(features)
        # Attention in torch is N x C by one head; the dot products are not scaled, as printed in equation 3.
        # Contiguous, or torch would not take the way that works in tiles.
        query, key, value = (maps.flatten(2).mT.contiguous().unsqueeze(1) for maps in (query, key, value))
        allowed = background_positions(mask.flatten(2)).unsqueeze(1)
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=allowed, scale=1.0)
        return attended.squeeze(1).transpose(1, 2).reshape(features.shape)


def _normalize_by_foreground(features: Tensor, mask: Tensor) -> Tensor:
    """(F - m_f) / s_f at every position; finite without any foreground, where it is multiplied by 0 later."""
    mean, deviation = (statistic[:, :, 0, None, None] for statistic in region_statistics(features, mask))
    return torch.div(features - mean, deviation).to(features.dtype)
