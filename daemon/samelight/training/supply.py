"""Batches made ahead in the background, so that the network never waits for its composites."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType

import torch
from torch import Tensor

from samelight.instances import Instances
from samelight.training.composites import Composites
from samelight.training.copying import onto
from samelight.training.draws import Plan
from samelight.training.recipes import Augmentation
from samelight.training.source import CompositeSource, Shard

__all__ = ["Batch", "Maker", "Portion", "Segment", "Supply"]

Segment = Callable[[Tensor, Tensor], Instances]
"""Finds the instances of composites B x 3 x H x W in 0..1 with masks B x 1 x H x W in 0..1."""


@dataclass(frozen=True)
class Portion:
    """Some of a step's composites: those that go through the network together."""

    composites: Composites
    """On the source's device."""
    instances: Instances | None
    """What the network is shown of them, on the same device."""
    members: range
    """Their places in the batch of all processes."""


@dataclass(frozen=True)
class Batch:
    """One step's composites, or this process's part of them."""

    plan: Plan
    """What was asked for."""
    portions: tuple[Portion, ...]
    """In order."""


@dataclass(frozen=True)
class Maker:
    """Turns a plan into a batch."""

    source: CompositeSource
    """Of the composites."""
    augmentation: Augmentation
    """The recipe's."""
    segment: Segment | None
    """Finds the instances; None for a network that reads none."""
    shards: tuple[Shard, ...]
    """Whose parts of the batch to make."""

    @torch.no_grad()
    def __call__(self, plan: Plan) -> Batch:
        """Make it; whatever the source raises goes on."""
        return Batch(plan, tuple(self._portion(plan, shard) for shard in self.shards))

    def _portion(self, plan: Plan, shard: Shard) -> Portion:
        made = self.source.batch(plan.step, plan.count, plan.size, self.augmentation, shard)
        found = None if self.segment is None or plan.hidden else self.segment(made.composite, made.mask)
        return Portion(made, found and _onto(found, self.source.device), shard.members(plan.count))


class Supply:
    """Makes the ordered batches, in order, `workers` at a time and at most one more waiting."""

    def __init__(self, make: Callable[[Plan], Batch], device: torch.device, workers: int) -> None:
        """Get ready.

        Args:
          make: called in the workers' threads.
          device: where the batches lie; on a card each worker has a stream of its own.
          workers: threads; with 0 a batch is made when it is taken.
        """
        self._make, self._device = make, device
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="composites") if workers else None
        self._ordered: deque[Future[tuple[Batch, torch.cuda.Event | None]] | Plan] = deque()
        self._streams = threading.local()
        self.room = workers + 1

    def order(self, plan: Plan) -> None:
        """Have the batch of a plan made after those that are ordered already."""
        self._ordered.append(self._pool.submit(self._work, plan) if self._pool else plan)

    @property
    def full(self) -> bool:
        """Whether enough is ordered for now."""
        return len(self._ordered) >= self.room

    def take(self) -> Batch | None:
        """The next batch, ready for the stream in which the network runs; None where none is ordered.

        Raises: what the source raised for it.
        """
        if not self._ordered:
            return None
        first = self._ordered.popleft()
        if isinstance(first, Plan):
            return self._make(first)
        batch, ready = first.result()
        if ready is not None:
            stream = torch.cuda.current_stream(self._device)
            stream.wait_event(ready)
            for tensor in _tensors(batch):
                tensor.record_stream(stream)
        return batch

    def _work(self, plan: Plan) -> tuple[Batch, torch.cuda.Event | None]:
        if self._device.type != "cuda":
            return self._make(plan), None
        if not hasattr(self._streams, "own"):
            self._streams.own = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
        with torch.cuda.device(self._device), torch.cuda.stream(self._streams.own):
            batch, ready = self._make(plan), torch.cuda.Event()  # type: ignore[no-untyped-call]
            ready.record()
        return batch, ready

    def close(self) -> None:
        """Forget what is ordered and wait for what is being made."""
        self._ordered.clear()
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def __enter__(self) -> Supply:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _onto(found: Instances, device: torch.device) -> Instances:
    return Instances(onto(found.labels, device), onto(found.similarity, device), onto(found.present, device))


def _tensors(batch: Batch) -> Iterator[Tensor]:
    for portion in batch.portions:
        made, found = portion.composites, portion.instances
        yield from (made.composite, made.mask, made.real)
        if found is not None:
            yield from (found.labels, found.similarity, found.present)
