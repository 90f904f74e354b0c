"""Submasks of FRIH: the foreground, cut up by its colours."""

from __future__ import annotations

import torch
from torch import Tensor

from samelight.harmonizers.blocks.clustering import CANDIDATES, CELLS, cluster_colours, colour_codes

__all__ = ["soft_submasks", "submask_labels"]


@torch.no_grad()
def submask_labels(composite: Tensor, mask: Tensor) -> Tensor:
    """Which submask each pixel of the foreground belongs to.

    The foreground that is clustered are the pixels of which more than half is foreground; in a picture that has none
    of those, all with any. Fainter pixels, whose colour is mostly the background's, have no say in it: they join the
    cluster of the nearest colour.

    Args:
      composite: B x 3 x H x W in -1..1.
      mask: B x 1 x H x W in 0..1.

    Returns: B x H x W, int64: 0 where the mask is 0, otherwise 1..K with K in 1..10 for each picture.
    """
    codes, share = colour_codes(composite).flatten(1), mask.flatten(1)
    solid, touched = share > 0.5, share > 0
    solid = solid | touched & ~solid.any(dim=1, keepdim=True)
    counts = torch.zeros(len(codes), CELLS, dtype=torch.int64, device=codes.device)
    counts.scatter_add_(1, codes, solid.long())
    touching = torch.zeros_like(counts).scatter_add_(1, codes, touched.long())
    labels = cluster_colours(counts, joining=touching > 0)
    return (labels.gather(1, codes) * touched).view(len(mask), *mask.shape[-2:])


def soft_submasks(labels: Tensor, mask: Tensor) -> Tensor:
    """Split a mask: Subm^k = M where the label is k, else 0.

    Args:
      labels: B x H x W of `submask_labels`.
      mask: B x 1 x H x W in 0..1.

    Returns: B x 10 x H x W in 0..1. Their sum is the mask; those beyond K are empty.
    """
    number = torch.arange(1, CANDIDATES + 1, device=labels.device)[:, None, None]
    return mask * (labels[:, None] == number)
