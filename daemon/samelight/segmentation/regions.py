"""Instances without a trained model: regions of like colour and texture. The embedded default.

What this is not: it knows nothing of objects. A region is a connected piece of the picture that differs from its
neighbours; a person in a patterned shirt is several of them, and two sheep side by side may be one. Likewise its
similarity is not semantic: what it compares is texture, contrast, place, size and shape, and, with little weight,
colour. It says "this piece of the picture is made like the foreground", never "this is the same kind of thing". It
needs no weights, takes a fraction of a second on any processor and always gives the same answer; whoever wants
instances that are objects installs a SAM checkpoint (``sam.py``).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.segmentation import slic
from torch import Tensor

from samelight.segmentation import descriptors
from samelight.segmentation.base import Foreground, OnPart, Segmentation, resize
from samelight.segmentation.merging import merge

__all__ = ["RegionSegmenter"]

Array = NDArray[np.float32]

SIDE = 256

# The picture first falls into pieces of about so many pixels, never more than so many pieces.
PIECE_PIXELS = 250
MOST_PIECES = 200

MOST_REGIONS = 32

# A region in a picture of SIDE x SIDE; smaller ones join a neighbour.
LEAST_PART = 0.003

# How different two regions must be to stay apart: the growth of the squared error (of lightness and colour in 0..1,
# texture beside it) that their union would cost, as a part of the whole picture.
MERGING_COST = 4e-4


class RegionSegmenter:
    """See ``base.Segmenter``."""

    name = "regions"
    side = SIDE

    def segment(self, picture: Tensor, known: Tensor, on_part: OnPart = lambda part: None) -> Segmentation:
        """Superpixels (SLIC), merged while neighbours are alike."""
        picture, known = _reduced(picture, known)
        pixels = picture.permute(1, 2, 0).contiguous().numpy()
        maps = descriptors.feature_maps(pixels)
        labels = _regions(pixels, maps)
        labels = _renumbered(np.where(known.numpy() > 0.5, labels, 0))
        on_part(1.0)
        return Segmentation(
            torch.from_numpy(labels), torch.from_numpy(_embeddings(maps, labels)), torch.from_numpy(maps)
        )

    def encode(self, picture: Tensor) -> Tensor:
        """The feature maps, 12 x h x w."""
        reduced, _ = _reduced(picture, picture[0])
        return torch.from_numpy(descriptors.feature_maps(reduced.permute(1, 2, 0).contiguous().numpy()))

    def embed(
        self, segmentation: Segmentation, foreground: Foreground, features: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Describe the foreground's own pixels, at the scale at which the instances were described.

        No encoded picture is needed for that: a pasted layer is described by itself, never by what lies behind it. Of
        a picture that contains the foreground, instances are described by what lies outside of it.
        """
        labels, maps = segmentation.labels.numpy(), segmentation.features.numpy()
        if not segmentation.count:
            return segmentation.embeddings, torch.zeros(segmentation.embeddings.shape[1])
        weights, inner = _memberships(labels), descriptors.interior(labels)
        if foreground.contained:
            mask = foreground.placed_mask(*labels.shape).numpy()
            weights *= np.maximum(1 - mask, np.float32(1e-6))
            inner *= descriptors.interior(mask)
        reference = descriptors.pool(maps, weights, inner, (0, 0), (1, 1))
        area = weights.sum((1, 2))
        query = descriptors.embed(self._description(foreground, labels.shape), reference, area)
        return torch.from_numpy(descriptors.embed(reference, reference, area)), torch.from_numpy(query[0])

    def _description(self, foreground: Foreground, size: tuple[int, ...]) -> Array:
        """1 x 17: the foreground by itself."""
        rows, columns = foreground.place.pixels(*size)
        height, width = rows.stop - rows.start, columns.stop - columns.start
        picture = resize(foreground.picture, height, width).permute(1, 2, 0).contiguous().numpy()
        mask = resize(foreground.mask[None], height, width).numpy() + np.float32(1e-6)
        origin, extent = (rows.start / size[0], columns.start / size[1]), (height / size[0], width / size[1])
        inner = descriptors.interior(mask[0])
        return descriptors.pool(descriptors.feature_maps(picture), mask, inner, origin, extent)


def _reduced(picture: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """The picture (3 x H x W) and what is known of it (H x W) with no more than SIDE x SIDE pixels."""
    height, width = picture.shape[-2:]
    scale = min(1.0, SIDE / (height * width) ** 0.5)
    size = max(1, round(height * scale)), max(1, round(width * scale))
    return resize(picture, *size).clamp(0, 1), resize(known[None], *size)[0]


def _regions(pixels: Array, maps: Array) -> NDArray[np.int64]:
    """H x W, numbered from 1."""
    pieces = min(MOST_PIECES, pixels.shape[0] * pixels.shape[1] // PIECE_PIXELS)
    if pieces < 2:
        return np.ones(pixels.shape[:2], np.int64)
    labels = slic(pixels, pieces, compactness=8, sigma=0.5, max_num_iter=5, start_label=0).astype(np.int64)
    return merge(labels, _appearance(pixels, maps), MERGING_COST, MOST_REGIONS, LEAST_PART) + 1


def _appearance(pixels: Array, maps: Array) -> Array:
    """5 x H x W: what neighbours are compared by: lightness, colours, and texture at two scales."""
    red, green, blue = pixels.transpose(2, 0, 1)
    colours = [0.3 * red + 0.59 * green + 0.11 * blue, 1.5 * (red - green), 1.5 * ((red + green) / 2 - blue)]
    strengths = [0.4 * np.sqrt(maps[start] + maps[start + 1]) for start in (6, 9)]
    return np.stack([*colours, *strengths])


def _renumbered(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """0 stays 0, the others become 1, 2, 3 ... in their order."""
    used, places = np.unique(labels, return_inverse=True)
    numbers: NDArray[np.int64] = places.reshape(labels.shape).astype(np.int64) + int(used[0] != 0)
    return numbers


def _memberships(labels: NDArray[np.int64]) -> Array:
    """N x H x W: 1 in each region, 0 elsewhere."""
    count = int(labels.max())
    within: Array = (labels[None] == np.arange(1, count + 1)[:, None, None]).astype(np.float32)
    return within


def _embeddings(maps: Array, labels: NDArray[np.int64]) -> Array:
    """N x 34: each region against the whole picture."""
    weights = _memberships(labels)
    if not len(weights):
        return np.zeros((0, 2 * len(descriptors.KINDS)), np.float32)
    described = descriptors.pool(maps, weights, descriptors.interior(labels), (0, 0), (1, 1))
    return descriptors.embed(described, described, weights.sum((1, 2)))
