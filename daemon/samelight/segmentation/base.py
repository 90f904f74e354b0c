"""What both segmenters take and give: a picture in, its labels and embeddings out, and a foreground to compare with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["Foreground", "OnPart", "Place", "Segmentation", "Segmenter"]

OnPart = Callable[[float], None]
"""Called now and then during long work with the fraction (0..1) that is done; may raise to stop it."""


@dataclass(frozen=True)
class Segmentation:
    """One picture, segmented. It belongs to the picture alone and serves every foreground laid over it."""

    labels: Tensor
    """H x W, int64, on the CPU: 0 where there is no instance, n for the instance of row n - 1 of the embeddings."""
    embeddings: Tensor
    """N x D, float32: what each instance is like, in the segmenter's own terms."""
    features: Tensor
    """What the segmenter computed for the whole picture, kept so that a foreground can be described in its terms."""

    @property
    def count(self) -> int:
        """N, the number of instances."""
        return self.embeddings.shape[0]

    @property
    def byte_length(self) -> int:
        """Bytes that it keeps in memory."""
        return sum(each.numel() * each.element_size() for each in (self.labels, self.embeddings, self.features))


@dataclass(frozen=True)
class Place:
    """A rectangle in a picture, in fractions (0..1) of the picture's height and width."""

    top: float = 0.0
    """The upper border."""
    left: float = 0.0
    """The left border."""
    bottom: float = 1.0
    """The lower border, below the upper one."""
    right: float = 1.0
    """The right border."""

    def pixels(self, height: int, width: int) -> tuple[slice, slice]:
        """The rows and columns of a height x width picture nearest to it, at least one of each."""
        return _span(self.top, self.bottom, height), _span(self.left, self.right, width)


def _span(low: float, high: float, length: int) -> slice:
    first = min(max(round(low * length), 0), length - 1)
    return slice(first, max(first + 1, min(round(high * length), length)))


@dataclass(frozen=True)
class Foreground:
    """The foreground that instances are compared with, as the network sees it."""

    picture: Tensor
    """3 x H x W, the composite in sRGB code values 0..1."""
    mask: Tensor
    """H x W in 0..1, the foreground's mask M."""
    place: Place = field(default_factory=Place)
    """Which part of the segmented picture the composite shows."""
    contained: bool = True
    """Whether the segmented picture contains the foreground (a flattened picture) or only what lies behind it."""

    def placed_mask(self, height: int, width: int) -> Tensor:
        """The mask in the frame of the segmented picture: height x width, 0 outside of the composite."""
        rows, columns = self.place.pixels(height, width)
        mask = torch.zeros(height, width)
        mask[rows, columns] = resize(self.mask[None], rows.stop - rows.start, columns.stop - columns.start)[0]
        return mask


class Segmenter(Protocol):
    """Finds instances and says what each is like."""

    @property
    def name(self) -> str:
        """The segmenter, for people and as part of cache keys: "regions", "sam-vit-b"."""

    @property
    def side(self) -> int:
        """It sees no more detail than a picture of about side x side pixels has."""

    def segment(self, picture: Tensor, known: Tensor, on_part: OnPart) -> Segmentation:
        """Find the instances of a picture.

        Args:
            picture: 3 x H x W, sRGB code values 0..1, on the CPU; any size from 1 x 1.
            known: H x W in 0..1; where it is 0 the picture was made up, and there is no instance.
            on_part: see OnPart.
        """

    def encode(self, picture: Tensor) -> Tensor:
        """The ``features`` of a picture (as in ``segment``) without looking for instances."""

    def embed(
        self, segmentation: Segmentation, foreground: Foreground, features: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Describe the instances and the foreground in the same terms.

        Args:
            segmentation: what ``segment`` gave.
            foreground: the foreground.
            features: of a picture of the same frame that contains the foreground, where somebody encoded one.

        Returns: embeddings of the instances (N x D) and of the foreground (D), to be compared by their cosine.
        """


def resize(picture: Tensor, height: int, width: int) -> Tensor:
    """C x H x W to C x height x width: linear interpolation, averaged where it shrinks."""
    if picture.shape[-2:] == (height, width):
        return picture
    return functional.interpolate(
        picture[None].float(), (height, width), mode="bilinear", align_corners=False, antialias=True
    )[0]
