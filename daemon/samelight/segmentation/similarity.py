"""From a segmentation and a foreground to what networks read: labels in the working picture, similarity, presence."""

from __future__ import annotations

import torch
from torch import Tensor

from samelight.instances import Instances
from samelight.segmentation.base import Foreground, Place, Segmentation

__all__ = ["cosine", "instances_in_view", "stack"]

# Where the segmented picture contains the foreground, an instance of which less than this part lies outside of the
# mask is the foreground, or a piece of it.
LEAST_OUTSIDE = 0.5

LEAST_VISIBLE = 1.0
"""Pixels of the working picture: an instance of which less is to be seen around the foreground tells nothing."""


def cosine(embeddings: Tensor, query: Tensor) -> Tensor:
    """SRIH equation 11.

    Args:
        embeddings: N x D.
        query: D, the foreground's (equation 10).

    Returns: N, in -1..1; 0 where an embedding is zero.
    """
    lengths = embeddings.norm(dim=1) * query.norm()
    similarity: Tensor = ((embeddings @ query) / lengths.clamp_min(1e-12)).clamp(-1.0, 1.0)
    return similarity


def instances_in_view(segmentation: Segmentation, similarity: Tensor, foreground: Foreground) -> Instances:
    """The instances that are to be seen around the foreground, in the pixels of the working picture.

    What the foreground hides is no instance, and neither is the foreground itself, which a segmenter finds too when
    it is given a flattened picture.

    Args:
        segmentation: of a picture of which the composite shows a part.
        similarity: N, of each of its instances to the foreground.
        foreground: the foreground; its mask is H x W.

    Returns: a batch of 1, H x W, on the CPU. Instances out of view are left out and the others numbered anew.
    """
    labels = _view(segmentation.labels, foreground.place, *foreground.mask.shape)
    outside = (1.0 - foreground.mask).double().flatten()
    total = torch.bincount(labels.flatten(), minlength=segmentation.count + 1)
    visible = torch.bincount(labels.flatten(), weights=outside, minlength=segmentation.count + 1)
    kept = visible >= LEAST_VISIBLE
    if foreground.contained:
        kept &= visible >= LEAST_OUTSIDE * total
    kept[0] = False
    numbers = torch.cumsum(kept, 0) * kept
    similarity = similarity.float().cpu()[kept[1:]][None]
    return Instances(numbers[labels][None], similarity, torch.ones_like(similarity, dtype=torch.bool))


def stack(pictures: list[Instances]) -> Instances:
    """One batch of several pictures of one size; those with fewer instances leave columns unused."""
    columns = max(each.count for each in pictures)

    def padded(values: Tensor) -> Tensor:
        return torch.nn.functional.pad(values, (0, columns - values.shape[1]))

    return Instances(
        torch.cat([each.labels for each in pictures]),
        torch.cat([padded(each.similarity) for each in pictures]),
        torch.cat([padded(each.present) for each in pictures]),
    )


def _view(labels: Tensor, place: Place, height: int, width: int) -> Tensor:
    """The labels under the centres of the working picture's pixels: height x width."""
    rows = _indices(place.top, place.bottom, height, labels.shape[0])
    columns = _indices(place.left, place.right, width, labels.shape[1])
    return labels[rows[:, None], columns[None, :]]


def _indices(low: float, high: float, steps: int, length: int) -> Tensor:
    centres = low + (high - low) * (torch.arange(steps, dtype=torch.float64) + 0.5) / steps
    return (centres * length).long().clamp(0, length - 1)
