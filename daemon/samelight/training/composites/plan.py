"""What a composite will be: everything random about it, decided before a pixel is touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from samelight.training.composites.cutting import Window
from samelight.training.composites.edges import HARD, NARROW
from samelight.training.composites.looks import TRANSFERS, Look, draw_look
from samelight.training.composites.photographs import Photograph, Photographs
from samelight.training.composites.shapes import DrawnShape, WandShape, draw_shape, wand_shape
from samelight.training.composites.streams import Stream, between_logarithms, unit
from samelight.training.composites.variety import HARMONIOUS, PASTED, Variety
from samelight.training.copying import indices
from samelight.training.masks import LEAST_SHARE, MOST_SHARE
from samelight.training.recipes import Augmentation
from samelight.training.recolouring import Family

__all__ = ["BorrowedShape", "Layer", "OwnShape", "Plan", "Planner", "Reference", "Shape", "Stack", "View"]

TRIES = 4
"""Windows that are tried until one holds a usable region."""
CANDIDATES = 3
"""Regions of a photograph among which a reference of similar brightness is looked for."""
LIGHTS = frozenset({"light-gradient", "light-spot", "soft-shadow"})
"""The families that may follow another one."""


@dataclass(frozen=True)
class OwnShape:
    """A region of the photograph itself."""

    label: int
    """Its index there."""


@dataclass(frozen=True)
class BorrowedShape:
    """The shape of a region of another photograph, put somewhere."""

    photo: int
    """That photograph's index."""
    label: int
    """The region's index there."""
    target: Window
    """Where it goes, in the composite's pixels; may lie partly outside."""
    flip: bool
    """Whether it is mirrored."""


Shape = OwnShape | BorrowedShape | DrawnShape | WandShape


@dataclass(frozen=True)
class Reference:
    """A region whose colours a transfer takes."""

    photo: int
    """Its photograph's index."""
    window: Window
    """Where it is there."""
    label: int | None
    """The region in the window; None for all of the window."""


@dataclass(frozen=True)
class Layer:
    """Foregrounds that are recoloured together."""

    shapes: tuple[Shape, ...]
    """One or more."""
    looks: tuple[Look, ...]
    """What is done to them, one after the other; nothing where the composite is harmonious."""
    reference: Reference | None
    """For the first of the looks, where it is a transfer."""
    limit: float
    """Greatest mean squared change, in 8-bit code values squared."""


@dataclass(frozen=True)
class View:
    """A part of a photograph."""

    photo: int
    """Index of the photograph."""
    window: Window
    """The part of it that is seen."""
    flip: bool
    """Whether that is mirrored."""


@dataclass(frozen=True)
class Plan:
    """One composite."""

    view: View
    """What its foreground is cut from, and its background where that has no view of its own."""
    backdrop: View | None
    """What the foreground is pasted upon, if it is another photograph."""
    layers: tuple[Layer, ...]
    """One or more."""
    edge: float
    """Deviation of the Gaussian that softens the mask, in pixels; `HARD` for none."""
    spare: DrawnShape
    """Takes the place of the layers' shapes should these together have no usable size."""

    @property
    def family(self) -> str:
        """How it was recoloured: names of families, + between those that follow upon one another, / between layers."""
        if self.backdrop is not None:
            return PASTED
        return "/".join("+".join(look.family for look in layer.looks) or HARMONIOUS for layer in self.layers)


class Stack:
    """The layers of a batch, counted through."""

    def __init__(self, plans: Sequence[Plan]) -> None:
        """List them in the order of the plans, the lowest of each first."""
        self.plans = plans
        self.layers = [layer for plan in plans for layer in plan.layers]
        self.owners = [owner for owner, plan in enumerate(plans) for _ in plan.layers]
        self.heights: list[list[int]] = []
        """Numbers of the lowest layer of every plan, of the second of those that have one, and so on."""
        below = 0
        for plan in plans:
            for height in range(len(plan.layers)):
                if height == len(self.heights):
                    self.heights.append([])
                self.heights[height].append(below + height)
            below += len(plan.layers)

    def union(self, masks: Tensor) -> Tensor:
        """What each plan's layers (L x 1 x H x W in 0..1) cover together, lying over one another: B x 1 x H x W."""
        uncovered = torch.ones((len(self.plans), *masks.shape[1:]), device=masks.device)
        for numbers in self.heights:
            owners = indices([self.owners[number] for number in numbers], masks.device)
            uncovered[owners] = uncovered[owners] * (1 - masks[indices(numbers, masks.device)])
        return 1 - uncovered


class Planner:
    """Decides composites, each from a random stream of its own."""

    def __init__(self, photos: Photographs, variety: Variety) -> None:
        """`variety` says how often what happens."""
        self._photos, self._variety = photos, variety
        weights = np.array([family.weight for family in variety.families])
        self._weights = weights / weights.sum()

    def plan(self, random: Stream, size: tuple[int, int], augmentation: Augmentation) -> Plan:
        """Decide a composite of (height, width)."""
        index = int(random.integers(len(self._photos)))
        photo = self._photos[index]
        own = index in self._photos.with_regions and unit(random, self._variety.own)
        window, labels = self._window_with_regions(random, photo, size, augmentation.least_crop, own=own)
        shapes = self._shapes(random, labels, size)
        flip = unit(random, 0.5) and augmentation.flip
        edge, spare = self._edge(random, size), draw_shape(random)
        backdrop = self._backdrop(random, index, size, augmentation) if labels else None
        if backdrop is not None:
            shapes = [shape for shape in shapes if isinstance(shape, OwnShape)]
        layers = self._layers(random, photo, window, shapes, kept=backdrop is not None)
        return Plan(View(index, window, flip), backdrop, layers, edge, spare)

    def _backdrop(self, random: Stream, own: int, size: tuple[int, int], augmentation: Augmentation) -> View | None:
        """A view of another photograph than `own`, if this is a pasting; nothing is drawn where there never are any."""
        if not self._variety.pasted or len(self._photos) == 1 or not unit(random, self._variety.pasted):
            return None
        index = int(random.integers(len(self._photos) - 1))
        index += index >= own
        window = _window(random, self._photos[index].size, size, augmentation.least_crop)
        return View(index, window, unit(random, 0.5) and augmentation.flip)

    # ---- what is seen ----

    def _window_with_regions(
        self, random: Stream, photo: Photograph, size: tuple[int, int], least: float, *, own: bool
    ) -> tuple[Window, list[int]]:
        """A window of a photograph, and the regions of usable size in it, in random order."""
        window = _window(random, photo.size, size, least)
        for _ in range(TRIES if own else 0):
            shares = photo.shares(window)
            usable = np.flatnonzero((shares >= LEAST_SHARE) & (shares <= MOST_SHARE))
            if len(usable):
                return window, [int(label) for label in random.permutation(usable)]
            window = _window(random, photo.size, size, least)
        return window, []

    def _edge(self, random: Stream, size: tuple[int, int]) -> float:
        kind = random.random()
        if kind < self._variety.hard_edges:
            return HARD
        widest = self._variety.wide_radius * min(size)
        if kind < self._variety.hard_edges + self._variety.wide_edges and widest > NARROW:
            return between_logarithms(random, NARROW, widest)
        return between_logarithms(random, *self._variety.narrow_radius)

    # ---- foregrounds ----

    def _shapes(self, random: Stream, labels: list[int], size: tuple[int, int]) -> list[Shape]:
        """One foreground, or a few: the picture's own regions as far as there are any."""
        count = 2 + int(random.integers(2)) if unit(random, self._variety.several) else 1
        own = [OwnShape(label) for label in labels[:count]]
        return [*own, *(self._other_shape(random, size, count) for _ in range(count - len(own)))]

    def _other_shape(self, random: Stream, size: tuple[int, int], count: int) -> Shape:
        """A selected, borrowed or drawn shape, one of `count`."""
        if self._variety.selected and unit(random, self._variety.selected):
            return wand_shape(random, largest_share=0.45 / count)
        if self._photos.with_regions and unit(random, self._variety.borrowed):
            index = int(random.choice(self._photos.regioned))
            shares = self._photos[index].shares_of_whole
            usable = np.flatnonzero((shares >= LEAST_SHARE) & (shares <= MOST_SHARE))
            if len(usable):
                label = int(random.choice(usable))
                share = between_logarithms(random, 0.02, 0.4 / count)
                target = _placed(random, self._photos[index], label, float(shares[label]), share, size)
                return BorrowedShape(index, label, target, unit(random, 0.5))
        return draw_shape(random, largest_share=0.45 / count)

    # ---- recolourings ----

    def _layers(
        self, random: Stream, photo: Photograph, window: Window, shapes: list[Shape], *, kept: bool
    ) -> tuple[Layer, ...]:
        """What is done to the shapes; nothing where they are `kept` as they are."""
        harmonious = kept or unit(random, self._variety.harmonious)
        if harmonious or not unit(random, self._variety.differently):
            return (self._layer(random, photo, window, tuple(shapes), harmonious=harmonious),)
        return tuple(self._layer(random, photo, window, (shape,), harmonious=False) for shape in shapes)

    def _layer(
        self, random: Stream, photo: Photograph, window: Window, shapes: tuple[Shape, ...], *, harmonious: bool
    ) -> Layer:
        limit = between_logarithms(random, *self._variety.strengths)
        if harmonious:
            return Layer(shapes, (), None, limit)
        looks = self._looks(random)
        reference = None
        if looks[0].family in TRANSFERS:
            label = shapes[0].label if isinstance(shapes[0], OwnShape) else None
            kin = unit(random, self._variety.kin)
            reference = self._reference(random, photo.brightness(window, label) if kin else None)
        return Layer(shapes, looks, reference, limit)

    def _looks(self, random: Stream) -> tuple[Look, ...]:
        families = self._variety.families
        family = families[int(random.choice(len(families), p=self._weights))]
        looks = [draw_look(random, family, self._variety.ends_held)]
        lights = [each for each in families if each.name in LIGHTS]
        if lights and family.name not in LIGHTS and unit(random, self._variety.light_on_top):
            looks.append(draw_look(random, _any(random, lights), self._variety.ends_held))
        return tuple(looks)

    def _reference(self, random: Stream, brightness: float | None) -> Reference:
        """A region of any photograph; that of the nearest brightness (0..255) among a few of it where one is given."""
        index = int(random.integers(len(self._photos)))
        photo = self._photos[index]
        shares = photo.shares_of_whole
        labels = random.permutation(np.flatnonzero(shares >= LEAST_SHARE))[:CANDIDATES]
        found = [Reference(index, photo.box(int(label)), int(label)) for label in labels]
        if not found:
            halves = (max(1, side // 2) for side in photo.size)
            size = (next(halves), next(halves))
            found = [Reference(index, _window(random, photo.size, size, 0.5), None) for _ in range(CANDIDATES)]
        if brightness is None:
            return found[0]
        return min(found, key=lambda each: abs(photo.brightness(each.window, each.label) - brightness))


def _any(random: Stream, families: list[Family]) -> Family:
    return families[int(random.integers(len(families)))]


def _window(random: Stream, available: tuple[int, int], size: tuple[int, int], least: float) -> Window:
    """A window of the wanted proportions, `least` to all of the largest that fits."""
    scale = min(available[0] / size[0], available[1] / size[1]) * random.uniform(least, 1)
    height, width = (min(a, max(1, round(side * scale))) for a, side in zip(available, size, strict=True))
    top, left = (int(random.integers(a - b + 1)) for a, b in zip(available, (height, width), strict=True))
    return Window(top, left, height, width)


def _placed(
    random: Stream, photo: Photograph, label: int, own_share: float, share: float, size: tuple[int, int]
) -> Window:
    """Where a region that covers `own_share` of its photograph goes so as to cover about `share` of (height, width)."""
    box, (height, width) = photo.box(label), photo.size
    filled = own_share * height * width / (box.height * box.width)
    area = min(share / filled, 1.5) * size[0] * size[1]
    proportions = box.height / box.width * float(np.exp(np.clip(random.standard_normal(), -2, 2) * 0.15))
    tall = max(2, round((area * proportions) ** 0.5))
    wide = max(2, round((area / proportions) ** 0.5))
    centre = [random.uniform(0.2, 0.8) * side for side in size]
    return Window(round(centre[0] - tall / 2), round(centre[1] - wide / 2), tall, wide)
