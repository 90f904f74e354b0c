"""Composites made on the fly: photographs, regions of them recoloured, and the way back as the target.

Some may be pasted instead, of two photographs; there is no way back from these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from samelight.training.composites import shapes
from samelight.training.composites.batch import Composites
from samelight.training.composites.cutting import cut, place
from samelight.training.composites.edges import soften
from samelight.training.composites.looks import limited, recolour
from samelight.training.composites.photographs import BUDGET, Photographs
from samelight.training.composites.plan import BorrowedShape, Layer, OwnShape, Plan, Planner, Reference, Stack, View
from samelight.training.composites.shapes import DrawnShape, WandShape
from samelight.training.composites.streams import stream
from samelight.training.composites.variety import Variety
from samelight.training.copying import indices
from samelight.training.masks import LEAST_SHARE, MOST_SHARE
from samelight.training.photos import PhotoCollection
from samelight.training.recipes import Augmentation
from samelight.training.source import ALL, Shard
from samelight.training.transfers import Region

__all__ = ["CompositeMaker"]

VARIED = Augmentation()
"""Mirrored and cropped, as every training on photographs wants it."""
CACHED_PIXELS = 2**18
"""On a CPU so many are worked on together: more of them leave its caches between one operation and the next."""
REFERENCE_SIZE = (64, 64)
"""Of the picture in which a reference's colours are counted."""


class CompositeMaker:
    """A source of composites made from a collection of photographs (see `samelight.training.source`).

    Only the cutting out of photographs, which differ in size, goes picture by picture; everything after it is done for
    the whole batch on the device. Photographs stay on the device as uint8 as far as they fit.

    The same call gives the same bits again on a CPU. With another number of threads or another shard some values may
    differ in their last bits (by 1e-6 at most; in sizes that trainings use mostly not at all), because torch rounds
    powers and sums otherwise where the work is shared otherwise. On another kind of device the same is decided, but all
    values differ by rounding, a mask here and there by a step of its edge; and on CUDA histograms are summed up in no
    fixed order unless torch.use_deterministic_algorithms asks for one.
    """

    def __init__(
        self,
        photos: PhotoCollection,
        seed: int,
        device: torch.device | None = None,
        variety: Variety | None = None,
        budget: int = BUDGET,
    ) -> None:
        """Prepare to make composites.

        Args:
          photos: what they are made from.
          seed: with a step's number and a place in the batch it decides a composite.
          device: where they are made; random numbers are always drawn on the CPU.
          variety: how they vary.
          budget: bytes of photographs that are kept on the device.
        """
        self.photos, self.seed, self.device = photos, seed, device or torch.device("cpu")
        # Apple's cards know neither eigenvectors nor tables of three axes.
        self._workshop = torch.device("cpu") if self.device.type == "mps" else self.device
        self._photographs = Photographs(photos, self._workshop, budget)
        self._planner = Planner(self._photographs, variety or Variety())

    def __len__(self) -> int:
        """Photographs in an epoch."""
        return len(self.photos)

    def batch(
        self, step: int, count: int, size: tuple[int, int], augmentation: Augmentation = VARIED, shard: Shard = ALL
    ) -> Composites:
        """A shard of the `count` composites of `size` (height, width) of an optimizer step; see `CompositeSource`."""
        return self.members(step, shard.members(count), count, size, augmentation)

    @torch.no_grad()
    def members(
        self, step: int, members: Sequence[int], _: int, size: tuple[int, int], augmentation: Augmentation
    ) -> Composites:
        """The composites at some places of a step's batch."""
        together = (
            max(1, CACHED_PIXELS // (size[0] * size[1])) if self._workshop.type == "cpu" else max(1, len(members))
        )
        groups = [members[start : start + together] for start in range(0, max(1, len(members)), together)]
        parts = [self._make(step, group, size, augmentation) for group in groups]
        return Composites.joined(parts).to(self.device)

    def _make(self, step: int, members: Sequence[int], size: tuple[int, int], augmentation: Augmentation) -> Composites:
        plans = [self._planner.plan(stream(self.seed, step, member), size, augmentation) for member in members]
        real, stack = self._photographs_of([plan.view for plan in plans], size), Stack(plans)
        masks = soften(self._shapes(stack, real), [plans[owner].edge for owner in stack.owners])
        masks, mask, spared = self._usable(stack, masks)
        plans = [replace(plan, backdrop=None) if owner in spared else plan for owner, plan in enumerate(plans)]
        composite = self._recoloured(real, stack, masks)
        self._paste(plans, mask, composite, real)
        return Composites(composite, mask, real, [plan.family for plan in plans])

    # ---- photographs and shapes ----

    def _photographs_of(self, views: Sequence[View], size: tuple[int, int]) -> Tensor:
        """B x 3 x H x W in 0..1."""
        result = torch.empty((len(views), 3, *size), device=self._workshop)
        for index, view in enumerate(views):
            result[index] = cut(self._photographs[view.photo].pixels, view.window, size, flip=view.flip)
        return result.div_(255).clamp_(0, 1)  # sums of weights may round up

    def _shapes(self, stack: Stack, real: Tensor) -> Tensor:
        """The shapes of each layer together, not softened yet: L x 1 x H x W in 0..1."""
        size = (real.shape[2], real.shape[3])
        result = torch.zeros((len(stack.layers), 1, *size), device=real.device)
        drawn: list[tuple[int, DrawnShape]] = []
        selected: list[tuple[int, WandShape]] = []
        for number, (owner, layer) in enumerate(zip(stack.owners, stack.layers, strict=True)):
            for shape in layer.shapes:
                if isinstance(shape, DrawnShape):
                    drawn.append((number, shape))
                elif isinstance(shape, WandShape):
                    selected.append((number, shape))
                else:
                    mask = self._region(stack.plans[owner], shape, size)
                    torch.maximum(result[number, 0], mask, out=result[number, 0])
        if drawn:
            _add(result, drawn, shapes.draw([shape for _, shape in drawn], size, real.device))
        if selected:
            pictures = real[indices([stack.owners[number] for number, _ in selected], real.device)]
            _add(result, selected, shapes.select([shape for _, shape in selected], pictures))
        return result

    def _region(self, plan: Plan, shape: OwnShape | BorrowedShape, size: tuple[int, int]) -> Tensor:
        """The shape of a region of this photograph or another one: H x W in 0..1."""
        if isinstance(shape, OwnShape):
            view = plan.view
            own = self._photographs[view.photo].shape_of(shape.label, view.window, size, flip=view.flip)
            return own.to(self._workshop)
        photo, target = self._photographs[shape.photo], shape.target
        canvas = torch.zeros(size, device=self._workshop)
        part = photo.shape_of(shape.label, photo.box(shape.label), (target.height, target.width), flip=shape.flip)
        place(part.to(self._workshop), target, canvas)
        return canvas

    def _usable(self, stack: Stack, masks: Tensor) -> tuple[Tensor, Tensor, list[int]]:
        """The layers' masks and their union, B x 1 x H x W, where it has no usable size with a spare shape instead.

        Also returns the places in the batch of those that have one.
        """
        mask = stack.union(masks)
        shares = mask.mean(dim=(1, 2, 3)).tolist()
        bad = [owner for owner, share in enumerate(shares) if not LEAST_SHARE <= share <= MOST_SHARE]
        if not bad:
            return masks, mask, bad
        plans = [stack.plans[owner] for owner in bad]
        spare = shapes.draw([plan.spare for plan in plans], (masks.shape[2], masks.shape[3]), self._workshop)
        layers = [number for number, owner in enumerate(stack.owners) if owner in bad]
        masks[indices(layers, masks.device)] = 0
        lowest = indices([stack.heights[0][owner] for owner in bad], masks.device)
        masks[lowest] = soften(spare, [plan.edge for plan in plans])
        return masks, stack.union(masks), bad

    def _paste(self, plans: Sequence[Plan], mask: Tensor, composite: Tensor, real: Tensor) -> None:
        """Lay foregrounds that are pasted over their backdrops, in place; there is no other picture that were right."""
        backdrops = {number: plan.backdrop for number, plan in enumerate(plans) if plan.backdrop is not None}
        if not backdrops:
            return
        chosen = indices(list(backdrops), composite.device)
        size = (composite.shape[2], composite.shape[3])
        below = self._photographs_of(list(backdrops.values()), size)
        composite[chosen] = real[chosen] = torch.lerp(below, composite[chosen], mask[chosen])

    # ---- recolouring ----

    def _recoloured(self, real: Tensor, stack: Stack, masks: Tensor) -> Tensor:
        """Each layer's foreground recoloured and laid over what is below it: B x 3 x H x W in 0..1."""
        composite = real.clone()
        for height in stack.heights:
            numbers = [number for number in height if stack.layers[number].looks]
            if not numbers:
                continue
            chosen = [stack.layers[number] for number in numbers]
            owners = indices([stack.owners[number] for number in numbers], real.device)
            source = Region(composite[owners], masks[indices(numbers, real.device)])
            changed = limited(source, self._looks(source, chosen), [layer.limit for layer in chosen])
            composite[owners] = torch.lerp(source.picture, changed, source.weight)
        return composite

    def _looks(self, source: Region, layers: Sequence[Layer]) -> Tensor:
        """All looks of each layer, one after the other."""
        reference = self._references([layer.reference for layer in layers])
        result = recolour(source, reference, [layer.looks[0] for layer in layers])
        more = [index for index, layer in enumerate(layers) if len(layer.looks) > 1]
        if more:
            chosen = indices(more, self._workshop)
            again = Region(result[chosen], source.weight[chosen])
            result[chosen] = recolour(again, reference.select(chosen), [layers[index].looks[1] for index in more])
        return result

    def _references(self, references: Sequence[Reference | None]) -> Region:
        """The colours of each reference; nothing for those that need none."""
        region = torch.zeros((len(references), 4, *REFERENCE_SIZE), device=self._workshop)
        for index, reference in enumerate(references):
            if reference is None:
                continue
            photo, window = self._photographs[reference.photo], reference.window
            region[index, :3] = cut(photo.pixels, window, REFERENCE_SIZE, flip=False) / 255
            region[index, 3] = 1
            if reference.label is not None:
                region[index, 3] = photo.shape_of(reference.label, window, REFERENCE_SIZE, flip=False)
        return Region(region[:, :3], region[:, 3:])


def _add(result: Tensor, numbered: Sequence[tuple[int, object]], masks: Tensor) -> None:
    """Join masks to those of the layers with these numbers."""
    for (number, _), mask in zip(numbered, masks, strict=True):
        torch.maximum(result[number], mask, out=result[number])
