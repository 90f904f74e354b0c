"""What a network costs for one picture of 256 x 256, found out without running it where that is possible.

The network runs on tensors that have a shape but no content, which takes a moment instead of seconds. A network whose
work depends on the picture's content has to run for real; it gets the bundled sample.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensorMode,
    UnsupportedOperatorException,
)
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter
from torch.utils.flop_counter import FlopCounterMode

from samelight import harmonizers
from samelight.cli.sample import SAMPLE_COMPOSITE, SAMPLE_MASK
from samelight.instances import Instances

__all__ = ["SIDE", "Cost", "PeakMemory", "cost_of", "sample_picture"]

SIDE = 256
"""Both sides of the picture."""

INSTANCES = 8
"""How many instances the picture has, for the networks that read them."""

_CONTENT_MATTERS = (DataDependentOutputException, DynamicOutputShapeException, UnsupportedOperatorException)


@dataclass(frozen=True)
class Cost:
    """What a network costs."""

    parameters: int
    """Numbers that are learned."""
    multiply_adds: int
    """Multiplications with an addition for one picture: torch's flop counter / 2."""
    memory_bytes: int
    """Weights in float32, and the most that all intermediate results of one picture take at once; without the scratch
    space of the machine's libraries."""
    depends_on_picture: bool
    """Whether the two are those of the bundled sample, and others for other pictures."""


def cost_of(name: str) -> Cost:
    """The cost of a network in this registry entry's size.

    Raises:
        UnknownModelError: there is no such network.
    """
    try:
        return _measure(name, shapes_only=True)
    except _CONTENT_MATTERS:
        return _measure(name, shapes_only=False)


@torch.no_grad()
def _measure(name: str, *, shapes_only: bool) -> Cost:
    with FakeTensorMode() if shapes_only else nullcontext():
        network = harmonizers.create(name).eval()
        picture, mask = _empty_picture() if shapes_only else sample_picture()
        with FlopCounterMode(display=False) as operations, PeakMemory() as memory:
            network(picture, mask, _stripes())
    return Cost(
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        multiply_adds=operations.get_total_flops() // 2,
        memory_bytes=_bytes_of(network) + memory.peak,
        depends_on_picture=not shapes_only,
    )


def sample_picture() -> tuple[Tensor, Tensor]:
    """The bundled sample as a network gets it: 1 x 3 x 256 x 256 in -1..1 and 1 x 1 x 256 x 256 in 0..1."""
    with Image.open(SAMPLE_COMPOSITE) as composite, Image.open(SAMPLE_MASK) as mask:
        colours = np.asarray(composite.convert("RGB").resize((SIDE, SIDE)), np.float32) / 127.5 - 1.0
        coverage = np.asarray(mask.convert("L").resize((SIDE, SIDE)), np.float32) / 255.0
    return torch.from_numpy(colours).permute(2, 0, 1)[None].contiguous(), torch.from_numpy(coverage)[None, None]


def _empty_picture() -> tuple[Tensor, Tensor]:
    return torch.zeros(1, 3, SIDE, SIDE), torch.zeros(1, 1, SIDE, SIDE)


def _stripes() -> Instances:
    """Upright stripes: what the instances look like makes no difference to the costs, only how many they are."""
    labels = torch.arange(SIDE) * (INSTANCES + 1) // SIDE
    similarity = torch.linspace(-1, 1, INSTANCES)[None]
    return Instances(labels.expand(1, SIDE, SIDE), similarity, torch.ones(1, INSTANCES, dtype=torch.bool))


def _bytes_of(network: nn.Module) -> int:
    tensors = [*network.parameters(), *network.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


class PeakMemory(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """The most that the results of operations took at once while this was entered, in `peak`, in bytes.

    Tensors without content count as if they had some. What was there before counts as nothing.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak = 0
        self._held = 0
        self._known: set[int] = set()

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Run an operation and note what it made."""
        given = {id(each.untyped_storage()) for each in tree_iter((args, kwargs)) if isinstance(each, Tensor)}
        result = func(*args, **(kwargs or {}))
        for each in tree_iter(result):
            if isinstance(each, Tensor) and id(each.untyped_storage()) not in given:
                self._note(each.untyped_storage())
        return result

    def _note(self, storage: torch.UntypedStorage) -> None:
        """Count a storage until it is given up; results that share one count once."""
        key, size = id(storage), storage.nbytes()
        if key not in self._known:
            self._known.add(key)
            self._held += size
            self.peak = max(self.peak, self._held)
            weakref.finalize(storage, self._give_up, key, size)

    def _give_up(self, key: int, size: int) -> None:
        self._known.discard(key)
        self._held -= size
