"""Classical methods to stand beside the networks: the foreground takes on the background's colours, whatever they are.

They know nothing of what the picture shows, so they are mostly worse than leaving the composite as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from samelight.evaluation.benchmark import BenchmarkSample
from samelight.evaluation.poisson import poisson_blend
from samelight.training import transfers

__all__ = ["BASELINES", "Baseline"]

POISSON_SIDE = 512
"""A larger picture's membrane is solved at this longer side; it is smooth, so that it can be enlarged."""


@dataclass(frozen=True)
class Baseline:
    """A classical method."""

    title: str
    """What it does, and whose it is."""
    harmonize: Callable[[BenchmarkSample], Tensor]
    """The result: 3 x H x W, in 0..1 and beyond."""


def reinhard(sample: BenchmarkSample) -> Tensor:
    """The background's mean and deviation in l-alpha-beta for the foreground (Reinhard et al., 2001)."""
    picture, mask = sample.composite[None], sample.mask[None]
    if float((1 - mask).sum()) == 0:
        return sample.composite
    recoloured = transfers.reinhard(transfers.Region(picture, mask), transfers.Region(picture, 1 - mask))
    return torch.lerp(sample.composite, recoloured[0], sample.mask)


def histogram_matching(sample: BenchmarkSample) -> Tensor:
    """The background's histograms in red, green and blue for the foreground's, by scikit-image."""
    from skimage.exposure import match_histograms

    foreground, background = sample.mask[0] > 0, sample.mask[0] <= 0
    if not bool(background.any()):
        return sample.composite
    pixels = sample.composite.permute(1, 2, 0).double()
    own, wanted = (pixels[where][None].numpy() for where in (foreground, background))
    matched = pixels.clone()
    matched[foreground] = torch.from_numpy(np.ascontiguousarray(match_histograms(own, wanted, channel_axis=-1)[0]))
    return torch.lerp(sample.composite, matched.permute(2, 0, 1).to(sample.composite.dtype), sample.mask)


def poisson(sample: BenchmarkSample) -> Tensor:
    """The foreground's gradients between the background's colours at its outline (Perez et al., 2003)."""
    height, width = sample.mask.shape[-2:]
    scale = POISSON_SIDE / max(height, width)
    if scale >= 1:
        return _poisson(sample.composite, sample.mask)
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    composite, mask = (_resize(picture, size) for picture in (sample.composite, sample.mask))
    # Where the small mask is 0 nothing was added; dividing by it elsewhere gives the membrane itself.
    added = (_poisson(composite, mask) - composite) / mask.clamp(min=1e-3)
    return sample.composite + _resize(added, (height, width)) * sample.mask


def _poisson(composite: Tensor, mask: Tensor) -> Tensor:
    blended = poisson_blend(composite.permute(1, 2, 0).double().numpy(), mask[0].double().numpy())
    return torch.from_numpy(blended).permute(2, 0, 1).to(composite.dtype)


def _resize(picture: Tensor, size: tuple[int, int]) -> Tensor:
    return functional.interpolate(picture[None], size, mode="bilinear", antialias=True, align_corners=False)[0]


BASELINES = {
    "reinhard": Baseline("colour transfer from the background (Reinhard et al., 2001)", reinhard),
    "histogram": Baseline("histogram matching to the background (scikit-image)", histogram_matching),
    "poisson": Baseline("Poisson blending (Perez et al., 2003)", poisson),
}
"""By the names of the tables."""
