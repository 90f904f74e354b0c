"""RCL's loss: L1 of the picture, L1 of the foreground, and the region-wise contrastive loss."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from samelight.harmonizers.stages import Stages
from samelight.training.copying import onto
from samelight.training.losses.part import WHOLE, Part
from samelight.training.losses.precision import at_least_float32

__all__ = ["RCLLoss", "RegionContrast", "draw_positions", "foreground_l1", "patches_at", "sampling_map"]

WHOLE_WEIGHT, FOREGROUND_WEIGHT, CONTRAST_WEIGHT = 0.4, 0.5, 0.1
"""Lambda 1, 2 and 3 of equation 13."""
PATCHES = 256
"""K, patches of each region of a picture."""
TEMPERATURE = 0.07
"""Tau."""
REDUCTION = 4
"""Pixels by pixels of the picture that one of the sampling map stands for, along each side."""
PATCH_SIDE = 8
"""Side of a patch, in pixels of the sampling map."""
EMBEDDING = 256
"""Values of an embedding and of the MLP's hidden layer."""


class RCLLoss(nn.Module):
    """0.4 L1 + 0.5 L1 of the foreground + 0.1 contrastive loss (RCL equation 13)."""

    def __init__(self) -> None:
        """Its MLP starts at random."""
        super().__init__()
        self.contrast = RegionContrast()

    def counted(self, mask: Tensor) -> Tensor:
        """How many of the pictures the contrastive loss compares: a scalar."""
        return have_both(mask).sum()

    def forward(self, stages: Stages, real: Tensor, mask: Tensor, part: Part = WHOLE) -> Tensor:
        """A scalar.

        Args:
          stages: what the network made; the result is B x 3 x H x W in -1..1.
          real: B x 3 x H x W in -1..1.
          mask: B x 1 x H x W in 0..1.
          part: which of the batch's pictures these are.
        """
        result = at_least_float32(stages.result)
        whole = part.mean((result - real).abs().mean(dim=(1, 2, 3)))
        foreground = foreground_l1(result, real, mask, part)
        contrast: Tensor = self.contrast(result, real, mask, part)
        return WHOLE_WEIGHT * whole + FOREGROUND_WEIGHT * foreground + CONTRAST_WEIGHT * contrast


def have_both(mask: Tensor) -> Tensor:
    """Which pictures have a foreground and a background: B x 1 x H x W to B, bool."""
    return (mask.sum(dim=(1, 2, 3)) > 0) & ((1 - mask).sum(dim=(1, 2, 3)) > 0)


def foreground_l1(result: Tensor, real: Tensor, mask: Tensor, part: Part = WHOLE) -> Tensor:
    """L_pixel: each picture's mean absolute error within its foreground.

    Args:
      result: B x 3 x H x W.
      real: the same, the ground truth.
      mask: B x 1 x H x W in 0..1; a foreground of less than a pixel counts as one of a pixel.
      part: which of the batch's pictures these are.

    Returns: a scalar, the mean over the batch or the part's share of it.
    """
    error = ((result - real).abs().mean(dim=1, keepdim=True) * mask).sum(dim=(1, 2, 3))
    return part.mean(error / mask.sum(dim=(1, 2, 3)).clamp(min=1))


class RegionContrast(nn.Module):
    """The contrastive loss of the result's foreground and the real picture's background (RCL equations 8 to 12).

    The paper leaves v^bg and v^fg open. Here they are the mean embeddings of the result's background and foreground
    patches; everything is normalized to length 1.
    """

    def __init__(self, patches: int = PATCHES, temperature: float = TEMPERATURE) -> None:
        """`patches` is K, `temperature` is tau."""
        super().__init__()
        self.patches, self.temperature = patches, temperature
        self.mlp = nn.Sequential(nn.Linear(3 * PATCH_SIDE**2, EMBEDDING), nn.ReLU(), nn.Linear(EMBEDDING, EMBEDDING))

    def forward(self, result: Tensor, real: Tensor, mask: Tensor, part: Part = WHOLE) -> Tensor:
        """Draw patches and compare them.

        Args:
          result: H, B x 3 x H x W in -1..1.
          real: the ground truth, the same.
          mask: M', B x 1 x H x W in 0..1.
          part: which of the batch's pictures these are, and where their random figures come from.

        Returns: a scalar: the mean over the pictures of the whole batch that have both regions, or the part's share of
          it; 0 where none has.
        """
        background = 1 - mask
        inside = draw_positions(mask, self.patches, part)
        outside = draw_positions(background, self.patches, part)
        negative = self.embed(sampling_map(result * mask), inside)
        positive = self.embed(sampling_map(real * background), outside)
        query_fg = _direction(negative)
        query_bg = _direction(self.embed(sampling_map(result * background), outside))
        # Equation 11, as softplus: -log(e^a / (e^a + e^b)) = log(1 + e^(b - a)), e^b the sum over the negatives.
        towards = (positive @ query_bg / self.temperature).squeeze(2)
        away = (negative @ query_fg / self.temperature).logsumexp(dim=1)
        losses = functional.softplus(away - towards).mean(dim=1)
        both = have_both(mask)
        # Equation 12. The pictures that have both are counted over the whole batch.
        return (losses * both).sum() / (both.sum() if part.counted is None else part.counted).clamp(min=1)

    def embed(self, sampled: Tensor, positions: Tensor) -> Tensor:
        """Equations 8 and 9: the patches of B x 3 x h x w around B x K positions, as B x K x 256 of length 1."""
        cells = sampled.shape[2] * sampled.shape[3]
        if cells >= positions.shape[1]:
            return self._embed(sampled, positions)
        # A small map has fewer patches than are drawn: each is embedded once.
        every = torch.arange(cells, device=sampled.device).expand(len(sampled), -1)
        picture = torch.arange(len(sampled), device=sampled.device)[:, None]
        return self._embed(sampled, every)[picture, positions]

    def _embed(self, sampled: Tensor, positions: Tensor) -> Tensor:
        return functional.normalize(self.mlp(patches_at(sampled, positions).flatten(2)), dim=2)


def sampling_map(region: Tensor) -> Tensor:
    """S: a quarter of the resolution, B x 3 x H x W to B x 3 x h x w; each pixel stands for 4 x 4 of the picture."""
    return functional.avg_pool2d(region, REDUCTION, ceil_mode=True)


def draw_positions(region: Tensor, count: int, part: Part = WHOLE) -> Tensor:
    """The cells of the sampling map in which random pixels of a region lie; some more than once in a small region.

    Args:
      region: B x 1 x H x W in 0..1, how much each pixel belongs to the region.
      count: K.
      part: where the random figures come from.

    Returns: B x K, int64, indices into the h x w cells. Any cells where the region is empty.
    """
    reached = sampling_map(region).flatten(1).cumsum(dim=1)
    # Drawn on the CPU, so that a seed gives the same positions on every device.
    wanted = onto(part.rand(count, len(region)), reached.device).to(reached.dtype) * reached[:, -1:]
    return torch.searchsorted(reached, wanted, right=True).clamp(max=reached.shape[1] - 1)


def patches_at(sampled: Tensor, positions: Tensor) -> Tensor:
    """Crop 8 x 8 patches, each with 3 pixels before its position and 4 behind it; beyond the border lies 0.

    Args:
      sampled: B x C x h x w.
      positions: B x K, indices into h x w.

    Returns: B x K x C x 8 x 8.
    """
    before, width = (PATCH_SIDE - 1) // 2, sampled.shape[-1]
    behind = PATCH_SIDE - 1 - before
    padded = functional.pad(sampled, (before, behind, before, behind))
    windows = padded.unfold(2, PATCH_SIDE, 1).unfold(3, PATCH_SIDE, 1)
    picture = torch.arange(len(sampled), device=sampled.device)[:, None]
    return windows[picture, :, positions // width, positions % width]


def _direction(embeddings: Tensor) -> Tensor:
    """The mean of B x K x D embeddings, of length 1: B x D x 1."""
    return functional.normalize(embeddings.mean(dim=1), dim=1).unsqueeze(2)
