"""Style transfer blocks of SRIH: attention over channels and a gated feed-forward, with depth-wise convolutions."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from samelight.harmonizers.blocks.importance import route

__all__ = ["ChannelAttention", "ChannelNorm", "GatedFeedForward", "StyleTransferBlock"]


FIRST_STRENGTH = 16.0
"""alpha H W at first. With the first random weights a query times a key is about 0.05 a position: at 1 every attention
is a plain mean, and as nothing else looks at the whole picture, 700 steps brought next to nothing
(docs/training-log.md); at 16 the scores on photographs deviate by about 1."""


class ChannelNorm(nn.LayerNorm):
    """Layer normalization of each position's C channels, with a learned scale and shift: B x C x H x W to the same."""

    def forward(self, features: Tensor) -> Tensor:
        """Normalize; the result is laid out channels last, as the blocks' convolutions like it."""
        return super().forward(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ChannelAttention(nn.Module):
    """Self-attention across channels instead of positions (equations 13 and 14): C x C for pictures of any size.

    The printed alpha scales a dot product over all H W positions, which grows with the picture. So the learned number
    is alpha H W, one for each head, and a network serves every size.
    """

    def __init__(self, channels: int, heads: int) -> None:
        """`channels` is C, a multiple of `heads`."""
        super().__init__()
        self.heads = heads
        self.strength = nn.Parameter(torch.full((heads, 1, 1), FIRST_STRENGTH))
        # W_p and W_d of Q, K and V side by side.
        self.pointwise = nn.Conv2d(channels, 3 * channels, kernel_size=1, bias=False)
        self.depthwise = nn.Conv2d(3 * channels, 3 * channels, 3, padding=1, groups=3 * channels, bias=False)
        self.project = nn.Conv2d(channels, channels, kernel_size=1, bias=False)

    def forward(self, normalized: Tensor, importance: Tensor | None = None) -> Tensor:
        """W_p Attention(Q, K, V) of equation 13.

        Args:
          normalized: Y, B x C x H x W, layer-normalized.
          importance: S, B x 1 x H x W in 0..1, which routes keys and values; without it nothing is routed.

        Returns: B x C x H x W.
        """
        query, key, value = self.depthwise(self.pointwise(normalized)).chunk(3, dim=1)
        if importance is not None:
            key, value = route(key, importance), route(value, importance)
        attended: Tensor = self.project(self._attend(query, key, value))
        return attended

    def _attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Equation 14, transposed: each of a head's channels becomes a mean of the head's values."""
        batch, channels, height, width = query.shape
        shape = (batch, self.heads, channels // self.heads, height * width)
        alpha = self.strength / (height * width)
        # Scaled before the product, whose sums over many positions would outgrow a half-precision number.
        scores = (query.reshape(shape) * alpha).to(key.dtype) @ key.reshape(shape).transpose(2, 3)
        mixed = torch.softmax(scores, dim=3).to(value.dtype) @ value.reshape(shape)
        return mixed.reshape(batch, channels, height, width)


class GatedFeedForward(nn.Module):
    """Two widened paths, one the gate of the other (equations 15 and 16)."""

    def __init__(self, channels: int, expansion: float) -> None:
        """`channels` is C; each path has `expansion` (the paper's gamma) times as many."""
        super().__init__()
        hidden = int(channels * expansion)
        # W_p^1 and W_p^2 side by side, then W_d^1 and W_d^2.
        self.pointwise = nn.Conv2d(channels, 2 * hidden, kernel_size=1, bias=False)
        self.depthwise = nn.Conv2d(2 * hidden, 2 * hidden, 3, padding=1, groups=2 * hidden, bias=False)
        self.project = nn.Conv2d(hidden, channels, kernel_size=1, bias=False)

    def forward(self, normalized: Tensor) -> Tensor:
        """W_p^0 Gating(X) of equation 15 for B x C x H x W that is layer-normalized; phi is GELU."""
        gate, passed = self.depthwise(self.pointwise(normalized)).chunk(2, dim=1)
        fed: Tensor = self.project(functional.gelu(gate) * passed)
        return fed


class StyleTransferBlock(nn.Module):
    """STB; with an importance map ISTB, the decoder's block (section 3.4)."""

    def __init__(self, channels: int, heads: int, expansion: float) -> None:
        """`channels` is C, a multiple of `heads`; `expansion` widens the feed-forward."""
        super().__init__()
        self.attention_norm = ChannelNorm(channels)
        self.attention = ChannelAttention(channels, heads)
        self.feed_norm = ChannelNorm(channels)
        self.feed = GatedFeedForward(channels, expansion)

    def forward(self, features: Tensor, importance: Tensor | None = None) -> Tensor:
        """B x C x H x W to the same; `importance` is B x 1 x H x W in 0..1 or None."""
        features = features + self.attention(self.attention_norm(features), importance)  # equation 13
        fed: Tensor = features + self.feed(self.feed_norm(features))  # equation 15
        return fed
