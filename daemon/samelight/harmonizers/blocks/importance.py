"""Semantic routing of SRIH: how much each position looks like the foreground, and what that does to keys and values."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from samelight.harmonizers.blocks.masks import resize_mask
from samelight.instances import Instances

__all__ = ["importance_map", "importance_pyramid", "route"]


def importance_map(instances: Instances | None, mask: Tensor) -> Tensor:
    """S, the spatial importance map (equations 11 and 12).

    A position gets the similarity of its instance to the foreground, the cosine mapped to 0..1 by (1 + s) / 2; one of
    no instance the mean of the picture's instances; the foreground itself 1, its similarity to itself. A picture
    without instances, or without segmentation, gets 1 everywhere (the paper's "w/o ISEM").

    Args:
      instances: the picture's, or None without segmentation.
      mask: B x 1 x H x W in 0..1; soft positions blend.

    Returns: B x 1 x H x W in 0..1.
    """
    if instances is None:
        return torch.ones_like(mask)
    shares = (1 + instances.similarity.to(mask).clamp(-1, 1)) / 2
    present = instances.present.to(mask)
    count = present.sum(dim=1, keepdim=True)
    # One for no instance at all; the clamp keeps that branch's unused quotient finite.
    mean = torch.where(count > 0, (shares * present).sum(dim=1, keepdim=True) / count.clamp(min=1), 1.0)
    by_label = torch.cat([mean, torch.where(instances.present, shares, mean)], dim=1)
    behind = by_label.gather(1, instances.labels.flatten(1)).view_as(mask)
    return mask + behind * (1 - mask)


def importance_pyramid(importance: Tensor, maps: Sequence[Tensor]) -> list[Tensor]:
    """S at the scale of each map (section 3.3), cells averaged.

    Args:
      importance: B x 1 x H x W in 0..1.
      maps: B x C x h x w each, H and W multiples of h and w.

    Returns: as many maps, B x 1 x h x w in 0..1.
    """
    return [resize_mask(importance, features) for features in maps]


def route(projected: Tensor, importance: Tensor) -> Tensor:
    """K' = K x S and V' = V x S (equations 1 and 2): B x C x h x w by B x 1 x h x w in 0..1."""
    return projected * importance
