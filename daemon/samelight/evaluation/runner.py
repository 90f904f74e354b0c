"""Running harmonizers over composites and adding up the figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from samelight.evaluation.benchmark import BenchmarkSample, samples
from samelight.evaluation.metrics import compare
from samelight.evaluation.scores import COMPOSITE, Row, Scores
from samelight.training.photos import PhotoCollection
from samelight.training.trainer import Segment

__all__ = ["COMPOSITE", "Method", "Row", "Scores", "benchmark_at", "evaluate", "network_method", "resized"]

Method = Callable[[BenchmarkSample], Tensor]
"""Harmonizes a sample's composite: 3 x H x W in 0..1, at the sample's size."""


def evaluate(
    methods: Mapping[str, Method], pictures: Iterable[BenchmarkSample], on_picture: Callable[[str], None] | None = None
) -> Scores:
    """Run every method on every sample; `on_picture` hears each picture's name when it is done."""
    scores = Scores(figures={COMPOSITE: [], **{name: [] for name in methods}})
    for sample in pictures:
        scores.names.append(sample.name)
        scores.families.append(sample.family)
        scores.shares.append(float(sample.mask.mean()))
        scores.figures[COMPOSITE].append(compare(sample.composite, sample.real, sample.mask))
        for name, method in methods.items():
            scores.figures[name].append(compare(method(sample), sample.real, sample.mask))
        if on_picture:
            on_picture(sample.name)
    return scores


def network_method(network: nn.Module, segment: Segment | None = None) -> Method:
    """A network on its own, at the sample's size: what the papers measure.

    Args:
        network: in evaluation mode, on the CPU.
        segment: finds the instances that the network reads; None for a network that reads none.
    """

    @torch.inference_mode()
    def harmonize(sample: BenchmarkSample) -> Tensor:
        composite, mask = sample.composite[None], sample.mask[None]
        instances = segment(composite, mask) if segment else None
        result: Tensor = network(composite * 2 - 1, mask, instances)
        return (result[0] + 1) / 2

    return harmonize


def resized(sample: BenchmarkSample, size: tuple[int, int]) -> BenchmarkSample:
    """The sample at another size, proportions not kept, as the literature does with 256 x 256."""

    def resize(picture: Tensor) -> Tensor:
        smaller = functional.interpolate(picture[None], size, mode="bilinear", antialias=True, align_corners=False)
        return smaller[0].clamp(0, 1)

    composite, real = (resize(picture).mul(255).round().div(255) for picture in (sample.composite, sample.real))
    return BenchmarkSample(sample.name, sample.family, composite, resize(sample.mask), real)


def benchmark_at(
    side: int,
    networks: Mapping[str, nn.Module],
    photos: PhotoCollection,
    on_picture: Callable[[str], None] | None = None,
    segment: Mapping[str, Segment | None] | None = None,
) -> Scores:
    """The project's benchmark at side x side pixels, the networks on their own.

    Args:
        side: in pixels.
        networks: by name, on the CPU.
        photos: what composites are made from.
        on_picture: hears each picture's name when it is done.
        segment: by the networks' names, for those that read instances.
    """
    finders = segment or {}
    methods = {name: network_method(network.eval(), finders.get(name)) for name, network in networks.items()}
    return evaluate(methods, (resized(sample, (side, side)) for sample in samples(photos)), on_picture)
