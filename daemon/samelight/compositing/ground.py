"""The picture whose instances are looked for: as much of the backdrop as was sent, the same for every layer over it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from samelight.compositing.fill import fill_unknown
from samelight.compositing.reduction import Averages, Weights, reduce
from samelight.compositing.scene import Scene
from samelight.compositing.spaces import colour_space
from samelight.compositing.window import working_size
from samelight_wire.formats import Raster, Rect

__all__ = ["Ground", "ground"]

Array = NDArray[np.float32]

# The whole backdrop is looked at, unless what the network sees of it is so small a part (of its area) that little
# detail would be left there.
LEAST_SHARE = 1 / 16

LEAST_KNOWN = 0.05


@dataclass(frozen=True)
class Ground:
    """A part of the canvas as it is without the layer or, where the layer cannot be told from it, with it.

    A flattened picture contains its foreground, and so does a layer of which only a selected part is foreground: the
    rest of it is backdrop. Every other layer leaves its backdrop as it is, whatever the layer looks like and wherever
    in this part of the canvas it lies.
    """

    scene: Scene
    """The request."""
    area: Rect
    """The part of the canvas."""
    layered: bool
    """Whether the layer belongs to the picture."""
    threads: int = 1
    """Pieces of a raster that are averaged at once."""

    @property
    def contains_foreground(self) -> bool:
        """Whether the foreground is in the picture."""
        return self.layered

    @cached_property
    def key(self) -> str:
        """A hash of everything that the picture is made of: the same for the same content."""
        digest = hashlib.blake2b(repr((self.area, self.layered)).encode(), digest_size=20)
        for raster, rect in self._sources():
            digest.update(repr((raster.format, rect)).encode())
            digest.update(raster.octets)
            digest.update(raster.icc or b"")
        return digest.hexdigest()

    def picture(self, side: int) -> tuple[Array, Array]:
        """The picture at about side x side pixels, never enlarged.

        Returns: H x W x 3 in sRGB code values 0..1, filled in where nothing is known; H x W in 0..1, how much is known.
        """
        size = working_size(self.area, side)
        colour: Array = np.zeros((*size, 3), np.float32)
        known: Array = np.zeros(size, np.float32)
        if self.scene.backdrop is not None:
            back = reduce(self.scene.backdrop, self.scene.backdrop_rect, self.area, size, None, self.threads)
            colour, known = colour_space(self.scene.backdrop).to_srgb(back.colour), back.weight
        if self.layered:
            front = self._layer(size)
            below = (1 - front.weight) * known
            mixed = front.weight[..., None] * self.scene.space.to_srgb(front.colour) + below[..., None] * colour
            known = front.weight + below
            colour = (mixed / np.maximum(known, 1e-8)[..., None]).astype(np.float32)
        if (known > LEAST_KNOWN).any() and (known < 1).any():
            colour = fill_unknown(colour, known)
        return np.clip(colour, 0, 1).astype(np.float32), known.astype(np.float32)

    def with_layer(self) -> Ground:
        """The same part of the canvas with the layer over it."""
        return replace(self, layered=True)

    def fractions(self, window: Rect) -> tuple[float, float, float, float]:
        """Top, left, bottom and right of a window in it, in fractions (0..1) of its height and width."""
        top, left = (window.y - self.area.y) / self.area.height, (window.x - self.area.x) / self.area.width
        return top, left, top + window.height / self.area.height, left + window.width / self.area.width

    def _sources(self) -> Iterator[tuple[Raster, Rect]]:
        if self.scene.backdrop is not None:
            yield self.scene.backdrop, self.scene.backdrop_rect
        if self.layered:
            yield self.scene.layer, self.scene.layer_rect
            yield from self.scene.shown.masks

    def _layer(self, size: tuple[int, int]) -> Averages:
        shown = self.scene.shown
        weights: Weights | None = shown.rows if shown.masks else None
        return reduce(self.scene.layer, self.scene.layer_rect, self.area, size, weights, self.threads)


def ground(scene: Scene, window: Rect, threads: int = 1) -> Ground:
    """What to segment for a request.

    Args:
        scene: the decoded request.
        window: what the network sees of it.
        threads: pieces of a raster that are averaged at once.
    """
    whole = scene.backdrop_rect
    small = window.width * window.height < LEAST_SHARE * whole.width * whole.height
    layered = scene.backdrop is None or bool(scene.effect.masks)
    return Ground(scene, window if small else whole, layered, threads)
