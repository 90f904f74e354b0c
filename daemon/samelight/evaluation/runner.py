"""Running harmonizers over composites and adding up the figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from statistics import fmean, median

import torch
from torch import Tensor, nn
from torch.nn import functional

from samelight.evaluation.benchmark import BenchmarkSample, samples
from samelight.evaluation.metrics import PictureFigures, compare
from samelight.training.photos import PhotoCollection
from samelight.training.trainer import Segment

__all__ = ["COMPOSITE", "Method", "Row", "Scores", "benchmark_at", "evaluate", "network_method", "resized"]

COMPOSITE = "composite"
"""The untouched composite: what doing nothing scores."""
FOREGROUND_RANGES = ((0.0, 0.05), (0.05, 0.15), (0.15, 1.0))
"""Foreground shares of the literature's tables."""

Method = Callable[[BenchmarkSample], Tensor]
"""Harmonizes a sample's composite: 3 x H x W in 0..1, at the sample's size."""


@dataclass(frozen=True)
class Row:
    """A method's mean figures over some of the pictures."""

    pictures: int
    """How many."""
    mse: float
    """Mean of the pictures' MSE, 8-bit range."""
    fmse: float
    """Mean of the pictures' fMSE, 8-bit range."""
    psnr: float
    """Mean of the pictures' PSNR in dB."""
    fpsnr: float
    """Mean of the pictures' foreground PSNR in dB."""
    fmse_ratio: float
    """Mean fMSE by the composites' mean fMSE on the same pictures: below 1 is better than doing nothing."""
    better: float
    """Share 0..1 of the pictures whose fMSE is below their composite's."""
    worse_by_3_db: int
    """Pictures whose foreground PSNR is more than 3 dB below their composite's."""


@dataclass
class Scores:
    """Every picture's figures, by method, and the groups that tables are made of."""

    names: list[str] = field(default_factory=list)
    """The pictures, in the order of all other lists."""
    families: list[str] = field(default_factory=list)
    """How each was recoloured."""
    shares: list[float] = field(default_factory=list)
    """Foreground share of each, 0..1."""
    figures: dict[str, list[PictureFigures]] = field(default_factory=dict)
    """By method; `COMPOSITE` is always there."""

    def row(self, method: str, chosen: Iterable[int] | None = None) -> Row:
        """A method's means over the chosen pictures (all by default).

        Raises:
            ValueError: none is chosen.
        """
        indices = list(range(len(self.names)) if chosen is None else chosen)
        if not indices:
            raise ValueError("no picture is chosen")
        own = [self.figures[method][index] for index in indices]
        composite = [self.figures[COMPOSITE][index] for index in indices]
        pairs = list(zip(own, composite, strict=True))
        return Row(
            pictures=len(own),
            mse=fmean(figures.mse for figures in own),
            fmse=fmean(figures.fmse for figures in own),
            psnr=fmean(figures.psnr for figures in own),
            fpsnr=fmean(figures.fpsnr for figures in own),
            fmse_ratio=fmean(f.fmse for f in own) / max(fmean(f.fmse for f in composite), 1e-12),
            better=fmean(float(mine.fmse < untouched.fmse) for mine, untouched in pairs),
            worse_by_3_db=sum(mine.fpsnr < untouched.fpsnr - 3 for mine, untouched in pairs),
        )

    def by_family(self, method: str) -> dict[str, Row]:
        """A method's means for each recolouring family."""
        kinds = dict.fromkeys(self.families)
        return {kind: self.row(method, [i for i, name in enumerate(self.families) if name == kind]) for kind in kinds}

    def by_foreground(self, method: str) -> dict[str, Row]:
        """A method's means for small, middle and large foregrounds; ranges without a picture are left out."""
        rows = {}
        for low, high in FOREGROUND_RANGES:
            chosen = [index for index, share in enumerate(self.shares) if low < share <= high]
            if chosen:
                rows[f"{low:.0%}-{high:.0%}"] = self.row(method, chosen)
        return rows

    def median_ratio(self, method: str) -> float:
        """Median over the pictures of fMSE by the composite's fMSE."""
        pairs = zip(self.figures[method], self.figures[COMPOSITE], strict=True)
        return median(mine.fmse / max(untouched.fmse, 1e-12) for mine, untouched in pairs)


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
