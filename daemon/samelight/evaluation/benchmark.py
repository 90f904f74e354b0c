"""The project's own benchmark: one composite from each photograph of a collection, the same ones for ever.

Version 1 was frozen before any network was trained. It may only be extended by a new version; a test holds the
fingerprint of its composites. On `val.zip` of the project's photographs it gives 449 composites.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from samelight.training import masks
from samelight.training.photos import PhotoCollection
from samelight.training.recolouring import Family, recolour
from samelight.training.transfers import Region

__all__ = ["VERSION_1", "BenchmarkRecipe", "BenchmarkSample", "sample_at", "samples"]


@dataclass(frozen=True)
class BenchmarkRecipe:
    """Everything that determines the benchmark's composites."""

    version: int
    """Counts up with every change."""
    seed: int
    """Picture i draws all its random numbers from a generator seeded with seed * 1,000,003 + i."""
    families: tuple[Family, ...]
    """Picture i is recoloured by family i modulo their number."""
    limit: float
    """Greatest fMSE of a composite, in 8-bit code values squared."""


VERSION_1 = BenchmarkRecipe(
    version=1,
    seed=2026,
    families=(
        Family("reinhard", {"least_share": 0.3}),
        Family("xiao-ma", {"least_share": 0.3}),
        Family("histogram", {"least_share": 0.3}),
        Family("idt", {"least_share": 0.3, "iterations": 6}),
        Family("camera", {"stops": 0.8, "balance": 0.6, "contrast": 0.25, "saturation": 0.3}),
        Family("local-light", {"stops": 0.9, "balance": 0.6}),
        Family("colour-map", {"shift": 0.13, "bend": 0.08}),
    ),
    limit=5000.0,
)


@dataclass(frozen=True)
class BenchmarkSample:
    """One composite, at its photograph's own size unless it was resized, and what it was before."""

    name: str
    """The photograph's file name without its suffix."""
    family: str
    """How the foreground was recoloured; "" where nobody knows."""
    composite: Tensor
    """3 x H x W in 0..1, on the 8-bit grid."""
    mask: Tensor
    """1 x H x W in 0..1, with an anti-aliased edge."""
    real: Tensor
    """3 x H x W in 0..1, on the 8-bit grid."""
    subset: str = ""
    """The data set's part that it belongs to; "" where there are none."""
    hard_mask: bool = False
    """Whether the mask holds 0 and 1 alone, and still does when it is resized, as in the literature."""
    outline: str = ""
    """Whose outline the foreground has: its "own" (an object of the photograph), one "borrowed" from another
    photograph, or a "drawn" one, which both cut through what the photograph shows; "" where nobody knows."""


def samples(photos: PhotoCollection, recipe: BenchmarkRecipe = VERSION_1) -> Iterator[BenchmarkSample]:
    """Make the benchmark's composites, one for each photograph in the order of their names."""
    return (sample_at(photos, index, recipe) for index in range(len(photos)))


def sample_at(photos: PhotoCollection, index: int, recipe: BenchmarkRecipe = VERSION_1) -> BenchmarkSample:
    """Make one of the benchmark's composites; none depends on another.

    The foreground is one of the photograph's own regions, or a borrowed one where it has none of usable size. A
    transfer's reference is a region of the photograph a third of the collection further on.
    """
    generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + index)
    real, (mask, outline) = _photo(photos, index), _mask(photos, index, generator)
    other = (index + max(1, len(photos) // 3)) % len(photos)
    reference = Region(_photo(photos, other), _mask(photos, other, generator)[0])
    family = recipe.families[index % len(recipe.families)]
    recoloured = recolour(Region(real, mask), reference, [family], generator, recipe.limit)
    composite = torch.lerp(real, recoloured, mask).mul(255).round().div(255)
    name = photos.names[index]
    return BenchmarkSample(name, family.name, composite[0], mask[0], real[0], outline=outline)


def _photo(photos: PhotoCollection, index: int) -> Tensor:
    return photos.photo(index).float().div(255).unsqueeze(0)


def _mask(photos: PhotoCollection, index: int, generator: torch.Generator) -> tuple[Tensor, str]:
    """1 x 1 x H x W in 0..1: a region of usable size, its edge averaged over 3 x 3 pixels; and whose outline it has."""
    size = (photos.photo(index).shape[-2], photos.photo(index).shape[-1])
    regions = photos.regions(index)
    mask = None if regions is None else masks.own_mask(regions, generator)
    attempts, outline = 0, "own"
    while mask is None or not masks.LEAST_SHARE <= float(mask.mean()) <= masks.MOST_SHARE:
        attempts += 1
        borrowed = masks.borrowed_mask(photos, size, generator) if attempts <= 20 else None
        mask = masks.blob(size, generator) if borrowed is None else (borrowed >= 0.5).float()
        outline = "drawn" if borrowed is None else "borrowed"
    padded = functional.pad(mask[None, None], (1, 1, 1, 1), mode="replicate")
    return functional.avg_pool2d(padded, kernel_size=3, stride=1), outline
