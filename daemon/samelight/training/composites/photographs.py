"""Photographs as composites are made from them: at most of a useful size, with what plans need, on the device."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from samelight.training.composites.cutting import Window, cut
from samelight.training.photos import PhotoCollection
from samelight_wire.errors import SizeMismatchError

__all__ = ["BUDGET", "Photograph", "Photographs"]

BUDGET = 4 * 2**30
"""Bytes of photographs that are kept on the device; those beyond are decoded for each batch and cut in memory."""
RECENT = 256
"""Of those beyond, so many are kept for a while: a batch's plan and its pixels need the same ones."""
LARGEST_SIDE = 640
"""A photograph whose shorter side is longer is reduced to this: no training looks closer, and more of them fit."""
COUNTED = 64
"""About how many pixels of a window's shorter side are looked at to tell what share of it a region covers."""
THUMBNAIL = 48
"""About how many pixels the shorter side of the small copy has in which brightness is measured."""


@dataclass(frozen=True)
class Photograph:
    """One photograph, ready to be cut from."""

    pixels: Tensor
    """3 x H x W, uint8; on the device, or in memory where it does not fit there."""
    regions: Tensor
    """1 x H x W, uint8, in the same place: 0 for none, 1 and up for what can be a foreground."""
    labels: NDArray[np.uint8]
    """The same, H x W, in memory."""
    thumbnail: NDArray[np.float32]
    """Mean of the channels of every n-th pixel, in memory, 0..255."""
    step: int
    """That n."""
    _boxes: dict[int, Window] = field(default_factory=dict)
    """Of the regions that were asked for: to look for one takes as long as all else that is planned of a composite."""

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.pixels.shape[1], self.pixels.shape[2]

    def on(self, device: torch.device) -> Photograph:
        """The same with pixels and regions on a device."""
        pixels = self.pixels.to(device)
        without = self.regions.stride(2) == 0
        return replace(self, pixels=pixels, regions=_no_regions(pixels)[None] if without else self.regions.to(device))

    @property
    def whole(self) -> Window:
        """All of it."""
        return Window(0, 0, *self.size)

    def shares(self, window: Window) -> NDArray[np.float64]:
        """What share of a window each region covers, by its label: 256 values, that of no region 0."""
        step = max(1, min(window.height, window.width) // COUNTED)
        part = _part(self.labels, window)[::step, ::step]
        counts = np.bincount(part.ravel(), minlength=256).astype(np.float64)
        counts[0] = 0
        return counts / max(1, part.size)

    @cached_property
    def shares_of_whole(self) -> NDArray[np.float64]:
        """The same of all of it."""
        return self.shares(self.whole)

    def box(self, label: int) -> Window:
        """The smallest window that holds a region."""
        if label not in self._boxes:
            self._boxes[label] = self._found(label)
        return self._boxes[label]

    def _found(self, label: int) -> Window:
        rows, columns = (np.flatnonzero((self.labels == label).any(axis=axis)) for axis in (1, 0))
        return Window(int(rows[0]), int(columns[0]), int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1)

    def brightness(self, window: Window, label: int | None) -> float:
        """Mean of a window, or of the part of a region that lies in it: 0..255."""
        step = self.step
        small = Window(window.top // step, window.left // step, window.height // step + 1, window.width // step + 1)
        values = _part(self.thumbnail, small)
        if label is not None:
            members = _part(self.labels[::step, ::step], small) == label
            values = values[members] if members.any() else values
        return float(values.mean())

    def shape_of(self, label: int, window: Window, size: tuple[int, int], *, flip: bool) -> Tensor:
        """The part of a region that lies in a window, at `size` (height, width): H x W in 0..1."""
        inside = window.of(self.regions) == label
        return cut(inside, Window(0, 0, window.height, window.width), size, flip=flip)[0]


class Photographs:
    """The photographs of a collection by index, kept as long as they fit."""

    def __init__(self, collection: PhotoCollection, device: torch.device, budget: int = BUDGET) -> None:
        """`budget` is in bytes; what is kept changes nothing but the time that a photograph takes."""
        self._collection, self._device, self._room = collection, device, budget
        self._kept: dict[int, Photograph] = {}
        self._load = lru_cache(maxsize=RECENT)(self._decode)
        self.with_regions = frozenset(collection.with_regions)
        self.regioned = np.array(collection.with_regions, dtype=np.int64)

    def __len__(self) -> int:
        """Number of photographs."""
        return len(self._collection)

    def __getitem__(self, index: int) -> Photograph:
        """A photograph.

        Raises: UnreadablePictureError, SizeMismatchError.
        """
        if index in self._kept:
            return self._kept[index]
        photograph = self._load(index)
        needed = photograph.pixels.nbytes + photograph.regions.untyped_storage().nbytes()
        if needed <= self._room:
            self._room -= needed
            photograph = self._kept[index] = photograph.on(self._device)
        return photograph

    def _decode(self, index: int) -> Photograph:
        pixels, regions = self._collection.read(index)
        if regions is not None and regions.shape != pixels.shape[1:]:
            name = self._collection.names[index]
            message = f"The regions of photograph {name} have another size than the photograph."
            raise SizeMismatchError(message, f"Export {name}.png again at the photograph's size, or remove it.")
        pixels, regions = _reduced(pixels, regions)
        step = max(1, min(pixels.shape[1:]) // THUMBNAIL)
        thumbnail = pixels[:, ::step, ::step].float().mean(dim=0).numpy()
        if regions is None:
            regions = _no_regions(pixels)
        return Photograph(pixels, regions[None], regions.numpy(), thumbnail, step)


def _no_regions(pixels: Tensor) -> Tensor:
    """Zeros that need no memory: H x W."""
    return torch.zeros((1, 1), dtype=torch.uint8, device=pixels.device).expand(pixels.shape[1:])


def _part(array: NDArray[Any], window: Window) -> NDArray[Any]:
    return array[window.top : window.top + window.height, window.left : window.left + window.width]


def _reduced(pixels: Tensor, regions: Tensor | None) -> tuple[Tensor, Tensor | None]:
    shorter = min(pixels.shape[1:])
    if shorter <= LARGEST_SIDE:
        return pixels, regions
    height, width = (max(1, round(side * LARGEST_SIDE / shorter)) for side in pixels.shape[1:])
    small = functional.interpolate(pixels[None], (height, width), mode="bilinear", antialias=True, align_corners=False)
    if regions is None:
        return small[0], None
    return small[0], functional.interpolate(regions[None, None], (height, width), mode="nearest")[0, 0]
