"""Classical methods to stand beside the networks: the foreground takes on the background's colours, whatever they are.

They know nothing of what the picture shows, so they are mostly worse than leaving the composite as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
import torch
from torch import Tensor

from samelight.evaluation.benchmark import BenchmarkSample
from samelight.evaluation.poisson import poisson_blend
from samelight.training import transfers

__all__ = ["BASELINES", "Baseline"]


@dataclass(frozen=True)
class Baseline:
    """A classical method."""

    title: str
    """What it does, and whose it is."""
    harmonize: Callable[[BenchmarkSample], Tensor]
    """The result: 3 x H x W, in 0..1 and beyond."""
    module: str = "numpy"
    """What it is made with, by the name of the import."""

    @property
    def is_installed(self) -> bool:
        """Whether it can run here."""
        return find_spec(self.module) is not None


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
    """The foreground's gradients between the background's colours at its outline (Perez et al., 2003), by OpenCV."""
    if float((1 - sample.mask).sum()) == 0:
        return sample.composite
    composite = sample.composite.permute(1, 2, 0).mul(255).round().byte().numpy()
    blended = torch.from_numpy(poisson_blend(composite, sample.mask[0].numpy())).permute(2, 0, 1)
    return torch.lerp(sample.composite, blended.to(sample.composite.dtype) / 255, sample.mask)


BASELINES = {
    "reinhard": Baseline("colour transfer from the background (Reinhard et al., 2001)", reinhard),
    "histogram": Baseline("histogram matching to the background (scikit-image)", histogram_matching),
    "poisson": Baseline("Poisson blending (Perez et al., 2003; OpenCV)", poisson, module="cv2"),
}
"""By the names of the tables."""
