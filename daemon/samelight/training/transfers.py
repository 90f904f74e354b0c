"""The four colour transfers with which iHarmony4 was made, batched: a region takes on another region's colours.

All take pictures B x 3 x H x W in 0..1 and region weights B x 1 x H x W in 0..1, and return the whole picture
recoloured as its region asks; values may leave 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from samelight.training.colour import from_lalphabeta, from_ycbcr, mix_channels, multiplied, to_lalphabeta, to_ycbcr

__all__ = ["Region", "histogram_matching", "iterative_distribution_transfer", "reinhard", "xiao_ma"]

BINS = 256
"""Histogram bins of a channel."""
GREATEST_GAIN = 2.0
"""Bound of the ratio of two regions' deviations."""
LEAST_VARIANCE = 1e-9
"""Along an axis; a thousandth of what is added to each."""


@dataclass(frozen=True)
class Region:
    """The colours of a part of a picture."""

    picture: Tensor
    """B x 3 x H x W in 0..1."""
    weight: Tensor
    """B x 1 x H x W in 0..1: how much each pixel belongs to the region."""

    def select(self, members: Tensor) -> Region:
        """Those pictures of the batch whose indices `members` lists."""
        return Region(self.picture[members], self.weight[members])


def reinhard(source: Region, reference: Region) -> Tensor:
    """Match mean and deviation of each channel in l-alpha-beta (Reinhard et al., 2001)."""
    values, wanted = to_lalphabeta(source.picture), to_lalphabeta(reference.picture)
    mean_s, std_s = _moments(values, source.weight)
    mean_r, std_r = _moments(wanted, reference.weight)
    # A nearly flat region has no spread to stretch: a great gain would only amplify noise.
    return from_lalphabeta((values - mean_s) * (std_r / std_s).clamp(max=GREATEST_GAIN) + mean_r)


def xiao_ma(source: Region, reference: Region) -> Tensor:
    """Match the mean and covariance of correlated RGB by rotation and scaling (Xiao and Ma, 2006)."""
    mean_s, spread_s, axes_s = _principal_axes(source)
    mean_r, spread_r, axes_r = _principal_axes(reference)
    # An axis has no direction: point each where its counterpart points, or hues would flip at random.
    axes_r = axes_r * (axes_s * axes_r).sum(dim=1, keepdim=True).sign()
    gain = torch.diag_embed((spread_r / spread_s).clamp(max=GREATEST_GAIN))
    matrix = multiplied(multiplied(axes_r, gain), axes_s.transpose(1, 2))
    return mix_channels(source.picture - mean_s, matrix) + mean_r


def histogram_matching(source: Region, reference: Region) -> Tensor:
    """Match each channel's cumulative histogram in YCbCr (Fecker et al., 2008)."""
    matched = match_channels(to_ycbcr(source.picture), source.weight, to_ycbcr(reference.picture), reference.weight)
    return from_ycbcr(matched)


def iterative_distribution_transfer(source: Region, reference: Region, rotations: Tensor) -> Tensor:
    """Match the whole colour distribution by one-dimensional matchings along rotated axes (Pitie et al., 2005).

    `rotations` is N x 3 x 3: one orthogonal matrix an iteration.
    """
    values = source.picture
    for rotation in rotations.to(values):
        turned, wanted = mix_channels(values, rotation), mix_channels(reference.picture, rotation)
        values = mix_channels(match_channels(turned, source.weight, wanted, reference.weight), rotation.T)
    return values


def match_channels(values: Tensor, weight: Tensor, reference: Tensor, reference_weight: Tensor) -> Tensor:
    """Map each channel so that its weighted distribution becomes the reference's.

    Args: B x 3 x H x W values of any range, B x 1 x H x W weights. Returns: the mapped values.
    """
    low = torch.minimum(values.amin(dim=(2, 3)), reference.amin(dim=(2, 3)))[..., None]
    high = torch.maximum(values.amax(dim=(2, 3)), reference.amax(dim=(2, 3)))[..., None]
    width = (high - low).clamp(min=1e-6) / BINS
    position = ((values.flatten(2) - low) / width).clamp(0, BINS)
    share = _cumulative(position, weight)
    wanted = _cumulative(((reference.flatten(2) - low) / width).clamp(0, BINS), reference_weight)
    # For each bin edge of the source, the reference's position that has the same share of pixels below it.
    edge_target = _inverse(wanted, share)
    mapped = _interpolate(edge_target, position)
    return (mapped * width + low).view_as(values)


def _cumulative(position: Tensor, weight: Tensor) -> Tensor:
    """Share of the weight below each of the BINS + 1 bin edges: B x 3 x (BINS + 1), from 0 to 1."""
    bins = position.long().clamp(max=BINS - 1)
    spread = weight.flatten(2).expand_as(position)
    counts = torch.zeros(*position.shape[:2], BINS, device=position.device).scatter_add_(2, bins, spread)
    # A whisper of a uniform distribution keeps the cumulative strictly rising, so that it can be inverted.
    counts = counts / counts.sum(dim=2, keepdim=True).clamp(min=1e-6) + 1e-5
    cumulative = torch.nn.functional.pad(counts.cumsum(dim=2), (1, 0))
    return cumulative / cumulative[..., -1:]


def _inverse(cumulative: Tensor, share: Tensor) -> Tensor:
    """The (fractional) edge at which `cumulative` reaches each value of `share`."""
    upper = torch.searchsorted(cumulative.contiguous(), share.contiguous()).clamp(1, BINS)
    below, above = cumulative.gather(2, upper - 1), cumulative.gather(2, upper)
    return upper - 1 + ((share - below) / (above - below).clamp(min=1e-9)).clamp(0, 1)


def _interpolate(table: Tensor, position: Tensor) -> Tensor:
    """Read B x 3 x (BINS + 1) tables at fractional positions B x 3 x N."""
    lower = position.long().clamp(max=BINS - 1)
    fraction = position - lower
    return table.gather(2, lower) * (1 - fraction) + table.gather(2, lower + 1) * fraction


def _moments(values: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Weighted mean and deviation of each channel: both B x 3 x 1 x 1."""
    area = weight.sum(dim=(2, 3), keepdim=True).clamp(min=1e-6)
    mean = (values * weight).sum(dim=(2, 3), keepdim=True) / area
    variance = ((values - mean).square() * weight).sum(dim=(2, 3), keepdim=True) / area
    return mean, (variance + 1e-6).sqrt()


def _principal_axes(region: Region) -> tuple[Tensor, Tensor, Tensor]:
    """Mean (B x 3 x 1 x 1), deviation along each principal axis (B x 3), and the axes as columns (B x 3 x 3)."""
    mean, _ = _moments(region.picture, region.weight)
    centred = (region.picture - mean).flatten(2)
    weight = region.weight.flatten(2)
    covariance = multiplied(centred * weight, centred.transpose(1, 2)) / weight.sum(dim=2, keepdim=True).clamp(min=1e-6)
    variance, axes = torch.linalg.eigh(covariance + 1e-6 * torch.eye(3, device=mean.device))
    # Rounding may leave less than nothing, whose root is no number: one such pixel would end a training.
    return mean, variance.clamp(min=LEAST_VARIANCE).sqrt(), axes
