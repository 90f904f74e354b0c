"""Poisson blending (Perez, Gangnet and Blake, 2003): the foreground keeps its gradients and meets the background.

What has to be added to the foreground is a membrane: zero Laplacian inside, and at the outline the jump from the
foreground's colour to the background's. Solved exactly by a sparse factorization, so that foregrounds of every size
and at the picture's border work; where the picture ends there is no outline, and the membrane is free.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["membrane", "poisson_blend"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

PURE = 0.01
"""A mask value this close to 0 or 1 is all background or all foreground."""
NEIGHBOURS = ((0, 1), (1, 0))


def poisson_blend(composite: Array, mask: Array) -> Array:
    """Blend the foreground into the background.

    Args:
        composite: H x W x 3.
        mask: H x W in 0..1.

    Returns: H x W x 3 in the composite's range and beyond; the composite itself where it has no background.
    """
    foreground, background = mask >= min(1 - PURE, mask.max()), mask <= PURE
    if not background.any() or not foreground.any():
        return composite
    inside = mask >= min(0.5, mask.max())
    # At a soft edge the two colours are mixed: each side is taken from its nearest pure pixel.
    colours = np.where(inside[..., None], _spread(composite, foreground), _spread(composite, background))
    added = np.zeros_like(composite)
    added[inside] = membrane(colours, inside)
    return composite + mask[..., None] * _spread(added, inside)


def membrane(colours: Array, inside: Flags) -> Array:
    """The membrane over the pixels inside.

    Args:
        colours: H x W x C; the jumps between inside and outside are what the membrane takes up.
        inside: H x W; at least one pixel each inside and outside.

    Returns: N x C for the N pixels inside, row after row.
    """
    from scipy import sparse
    from scipy.sparse.linalg import splu

    count = int(inside.sum())
    numbers = np.full(inside.shape, -1)
    numbers[inside] = np.arange(count)
    diagonal, jumps = np.zeros(count), np.zeros((count, colours.shape[2]))
    links = []
    for first, second in _neighbours(inside.shape):
        one, other = numbers[first].ravel(), numbers[second].ravel()
        step = (colours[second] - colours[first]).reshape(len(one), colours.shape[2])
        for mine, his, jump in ((one, other, step), (other, one, -step)):
            diagonal += np.bincount(mine[mine >= 0], minlength=count)
            border = (mine >= 0) & (his < 0)
            np.add.at(jumps, mine[border], jump[border])
            within = (mine >= 0) & (his >= 0)
            links.append((mine[within], his[within]))
    rows, columns = (np.concatenate(side) for side in zip(*links, strict=True))
    matrix = sparse.diags(diagonal) - sparse.coo_matrix((np.ones(len(rows)), (rows, columns)), (count, count))
    return np.asarray(splu(matrix.tocsc()).solve(jumps), np.float64)


def _neighbours(shape: tuple[int, ...]) -> list[tuple[tuple[slice, slice], tuple[slice, slice]]]:
    """The two ends of all horizontal, and of all vertical, steps from a pixel to the next."""
    height, width = shape
    return [
        ((slice(0, height - down), slice(0, width - right)), (slice(down, height), slice(right, width)))
        for down, right in NEIGHBOURS
    ]


def _spread(values: Array, known: Flags) -> Array:
    """Each pixel's value from the nearest known one."""
    from scipy.ndimage import distance_transform_edt

    rows, columns = distance_transform_edt(~known, return_distances=False, return_indices=True)
    return np.asarray(values[rows, columns])
