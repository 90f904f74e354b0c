"""FRIH's lightweight cascaded module and fusion prediction module (equations 3 to 5, figures 2 and 4)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from samelight.harmonizers.blocks.change import changed, start_small
from samelight.harmonizers.blocks.halving_unet import DownLevel, UpLevel

__all__ = ["Cascade", "CascadeDecoderLevel", "FeatureTransfer", "FusionPrediction"]


class FeatureTransfer(nn.Module):
    """Equation 3: ET_i = Conv_trans(E_i), two 3 x 3 convolutions that make a base map suitable for the cascade."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        """From the base network's channels to the cascade's."""
        super().__init__()
        self.first = nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1)
        self.second = nn.Conv2d(out_channels, out_channels, kernel_size=3, padding=1)

    def forward(self, encoded: Tensor) -> Tensor:
        """B x C_in x h x w to B x C_out x h x w."""
        return functional.leaky_relu(self.second(functional.leaky_relu(self.first(encoded), 0.2)), 0.2)


class CascadeDecoderLevel(nn.Module):
    """Equations 4 and 5: F_i = Conv_fuse([DC_{i-1}, ET_i, EC_i]) by 1 x 1, DC_i = Conv_up(F_i) by 4 x 4 transposed."""

    def __init__(self, decoded: int, channels: int, out_channels: int) -> None:
        """Channels of DC_{i-1} (0 at the deepest level, which has none), of ET_i, EC_i and F_i, and of DC_i."""
        super().__init__()
        self.fuse = nn.Conv2d(decoded + 2 * channels, channels, kernel_size=1)
        self.up = UpLevel(channels, out_channels)

    def forward(self, decoded: Tensor | None, transferred: Tensor, encoded: Tensor) -> Tensor:
        """DC_{i-1} or None, ET_i and EC_i, all N x ... x h x w, to DC_i, N x C_out x 2h x 2w."""
        sources = [transferred, encoded] if decoded is None else [decoded, transferred, encoded]
        raised: Tensor = self.up(functional.leaky_relu(self.fuse(torch.cat(sources, dim=1)), 0.2))
        return raised


class FusionPrediction(nn.Module):
    """Figure 4: all DC_i brought to full resolution, concatenated, and two 3 x 3 and one 1 x 1 convolution to RGB.

    What they make is the change of the coarsely adjusted picture; `Cascade.forward` adds the two.
    """

    def __init__(self, in_channels: int, channels: int) -> None:
        """Channels of all DC_i together, and between the convolutions."""
        super().__init__()
        self.first = nn.Conv2d(in_channels, channels, kernel_size=3, padding=1)
        self.second = nn.Conv2d(channels, channels, kernel_size=3, padding=1)
        self.to_rgb = nn.Conv2d(channels, 3, kernel_size=1)
        start_small(self.to_rgb)

    def forward(self, decoded: Sequence[Tensor]) -> Tensor:
        """DC_1 .. DC_n, each twice as fine as the one before, to N x 3 x H x W; H x W is the last one's size.

        Coarser maps may be larger than the last one; what is beyond it is cut off.
        """
        size = decoded[-1].shape[-2:]
        raised = [_raise(each, len(decoded) - 1 - index, size) for index, each in enumerate(decoded[:-1])]
        hidden = functional.leaky_relu(self.first(torch.cat([*raised, decoded[-1]], dim=1)), 0.2)
        change: Tensor = self.to_rgb(functional.leaky_relu(self.second(hidden), 0.2))
        return change


class Cascade(nn.Module):
    """A small U-Net over one submask and the coarsely adjusted picture, with the base network's maps at every level."""

    def __init__(self, base_widths: Sequence[int], widths: Sequence[int], head: int) -> None:
        """Build the module.

        Args:
          base_widths: channels of the base network's encoder, from half resolution down.
          widths: channels of the cascade's at the same levels.
          head: channels between the convolutions of the fusion prediction, and most channels of a DC_i: these alone are
            computed at full resolution for every submask.
        """
        super().__init__()
        self.transfers = nn.ModuleList(FeatureTransfer(i, o) for i, o in zip(base_widths, widths, strict=True))
        self.encoder = nn.ModuleList(DownLevel(i, o) for i, o in pairwise([4, *widths]))
        # From the deepest level up: DC_i has the channels of the next level's F_i, the last one those of its own.
        rising = widths[::-1]
        outputs = [min(each, head) for each in (*rising[1:], rising[-1])]
        self.decoder = nn.ModuleList(
            CascadeDecoderLevel(d, c, o) for d, c, o in zip([0, *outputs[:-1]], rising, outputs, strict=True)
        )
        self.prediction = FusionPrediction(sum(outputs), head)

    def transfer(self, encoded: Sequence[Tensor]) -> list[Tensor]:
        """Equation 3 at every level: the base network's maps E to ET, each B x C x h x w, from half resolution down."""
        return [transfer(each) for transfer, each in zip(self.transfers, encoded, strict=True)]

    def forward(self, pairs: Tensor, transferred: Sequence[Tensor], height: int, width: int) -> Tensor:
        """Refine.

        Args:
          pairs: N x 4 x H x W: the coarsely adjusted picture in -1..1 and one of its submasks in 0..1.
          transferred: what `transfer` gives, of each pair's picture: N x C x h x w.
          height: rows from the top that are wanted, 1..H. Padding below them is looked at, but not computed in full.
          width: the same from the left.

        Returns: N x 3 x height x width in -1..1, right where the submask is.
        """
        # With channels last, convolutions of so few channels take two thirds of the time.
        encoded, features = [], pairs.contiguous(memory_format=torch.channels_last)
        for level in self.encoder:
            features = level(features)
            encoded.append(features)
        decoded: list[Tensor] = []
        scale = len(encoded)
        for level, own, base in zip(self.decoder, encoded[::-1], transferred[::-1], strict=True):
            sources = [_needed(each, scale, height, width) for each in (*decoded[-1:], base, own)]
            decoded.append(level(sources[0] if decoded else None, *sources[-2:]))
            scale -= 1
        decoded[-1] = _needed(decoded[-1], 0, height, width)
        change: Tensor = self.prediction(decoded)
        return changed(pairs[:, :3, :height, :width], change[..., :height, :width])


def _needed(features: Tensor, scale: int, height: int, width: int) -> Tensor:
    """The part of a map, `scale` halvings down, that the wanted height and width depend on from there on.

    The two 3 x 3 convolutions of the prediction look 2 pixels further; bilinear interpolation and every transposed
    convolution, one position of their own map, which adds up to less than 2 positions at any scale.
    """
    rows, columns = (-(-(extent + 2) // 2**scale) + (2 if scale else 0) for extent in (height, width))
    return features[..., :rows, :columns]


def _raise(features: Tensor, scale: int, size: torch.Size) -> Tensor:
    """Bring a map that is `scale` halvings down to full resolution, cut to `size` (rows, columns)."""
    raised = functional.interpolate(features, scale_factor=2**scale, mode="bilinear", align_corners=False)
    return raised[..., : size[0], : size[1]]
