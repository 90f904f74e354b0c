"""Superpixels to regions: neighbours that are alike become one, the cheapest pair first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["merge"]

Matrix = NDArray[np.float64]


def merge(
    labels: NDArray[np.int64], values: NDArray[np.float32], cost: float, most: int, least_part: float
) -> NDArray[np.int64]:
    """Ward's clustering of the pieces of a picture, where only neighbours may join.

    Joining two pieces makes the picture's squared error larger, by how far their means are apart and how large the
    smaller one is. Each step joins the pair for which it grows least, so that small pieces go first.

    Args:
        labels: H x W, numbered from 0 without gaps, two pieces at least.
        values: C x H x W, by what pieces are compared.
        cost: pairs whose union adds more than this to the mean squared error stay apart,
        most: unless there are more regions than this,
        least_part: or one of the two is a smaller part (0..1) of the picture.

    Returns: H x W, numbered from 0 without gaps.
    """
    count = int(labels.max()) + 1
    sizes: Matrix = np.bincount(labels.ravel(), minlength=count) / labels.size
    sums = np.stack([np.bincount(labels.ravel(), each.ravel(), count) for each in values], axis=1)
    means: Matrix = sums / labels.size / sizes[:, None]
    costs = np.where(_neighbours(labels, count), _union_costs(sizes, means), np.inf)
    members = np.arange(count)
    for left in range(count, 1, -1):
        allowed = np.where(_may_join(costs, sizes, cost if left <= most else np.inf, least_part), costs, np.inf)
        first, second = divmod(int(allowed.argmin()), count)
        if not np.isfinite(allowed[first, second]):
            break
        _join(first, second, sizes, means, costs)
        members[members == second] = first
    regions: NDArray[np.int64] = np.unique(members, return_inverse=True)[1][labels]
    return regions


def _neighbours(labels: NDArray[np.int64], count: int) -> NDArray[np.bool_]:
    """For each pair (count x count): whether they touch along an edge."""
    touching = np.zeros((count, count), np.bool_)
    touching[labels[:, :-1], labels[:, 1:]] = True
    touching[labels[:-1], labels[1:]] = True
    np.fill_diagonal(touching, False)
    both: NDArray[np.bool_] = touching | touching.T
    return both


def _union_costs(sizes: Matrix, means: Matrix) -> Matrix:
    """For each pair (count x count): what their union adds to the squared error."""
    distances = np.square(means[:, None] - means[None]).sum(2)
    costs: Matrix = distances * sizes[:, None] * sizes[None] / (sizes[:, None] + sizes[None])
    return costs


def _may_join(costs: Matrix, sizes: Matrix, cost: float, least_part: float) -> NDArray[np.bool_]:
    """For each pair (count x count): whether they are alike enough, or one is too small to stay."""
    small = sizes < least_part
    allowed: NDArray[np.bool_] = (costs <= cost) | small[:, None] | small[None]
    return allowed


def _join(first: int, second: int, sizes: Matrix, means: Matrix, costs: Matrix) -> None:
    """Adds the second piece to the first, in place; the second has no neighbours afterwards."""
    total = sizes[first] + sizes[second]
    means[first] = (sizes[first] * means[first] + sizes[second] * means[second]) / total
    sizes[first] = total
    touching = np.isfinite(costs[first]) | np.isfinite(costs[second])
    touching[[first, second]] = False
    costs[second] = costs[:, second] = np.inf
    distances = np.square(means[first] - means).sum(1)
    row = np.where(touching, distances * total * sizes / (total + sizes), np.inf)
    costs[first] = costs[:, first] = row
