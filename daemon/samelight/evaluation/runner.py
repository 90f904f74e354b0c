"""Running methods over pictures, at one or several sizes, in one process or several, and adding up the figures."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from samelight.evaluation.benchmark import BenchmarkSample
from samelight.evaluation.cases import KeptPicture
from samelight.evaluation.evaluation import Failure
from samelight.evaluation.methods import Finder, Method, MethodSpec
from samelight.evaluation.metrics import Perceptual, PictureFigures, compare
from samelight.evaluation.perceptual import open_lpips
from samelight.evaluation.saving import save_sample
from samelight.evaluation.scores import COMPOSITE, Scores
from samelight.evaluation.sets import PictureSet
from samelight.evaluation.sizes import Size
from samelight_wire.errors import EmptyMaskError, OutOfMemoryError, OutputError, SamelightError

__all__ = ["Measured", "Measurer", "Plan", "SizeFigures", "collect", "evaluate", "run"]


@dataclass(frozen=True)
class Plan:
    """What is measured, in a form that a worker process can be told."""

    open_set: Callable[[], PictureSet]
    """Lists the pictures; raises InputError."""
    methods: Mapping[str, MethodSpec]
    """By name, in the order of the tables; the composite is always measured and not among them."""
    sizes: Sequence[Size]
    """At least one."""
    harmonious: bool = False
    """Whether every method is also given the real picture as its own composite."""
    segmenter: str = "regions"
    """What finds instances for the networks that read them."""
    device: str = "cpu"
    """Where a segmenter with a network runs."""
    save: Path | None = None
    """Where every picture and result is written, in a folder for each size; None for nowhere."""


@dataclass(frozen=True)
class SizeFigures:
    """One picture's figures at one size."""

    share: float
    """Foreground share 0..1."""
    figures: dict[str, PictureFigures]
    """By method; `COMPOSITE` is there."""
    seconds: dict[str, float] = field(default_factory=dict)
    """By method: how long it took; a network alone without the segmentation."""
    harmonious: dict[str, float] = field(default_factory=dict)
    """By method: fMSE where the real picture was its own composite; empty where that was not asked for."""


@dataclass(frozen=True)
class Measured:
    """One picture's figures."""

    index: int
    """In the picture set."""
    name: str
    """Of the picture."""
    family: str
    """How it was recoloured; "" where nobody knows."""
    subset: str
    """The data set's part; "" where there is none."""
    sizes: dict[str, SizeFigures]
    """By the size's name."""
    outline: str = ""
    """Whose outline the foreground has; "" where nobody knows."""


class Measurer:
    """A plan's pictures and methods, opened; measures one picture after the other."""

    def __init__(self, plan: Plan) -> None:
        """Open the pictures; methods are opened when they are first needed.

        Raises: InputError where there are no pictures.
        """
        self.plan = plan
        self.pictures = plan.open_set()
        self._finder = Finder(plan.segmenter, torch.device(plan.device))
        self._methods: dict[str, dict[str, Method]] = {}
        self._perceptual, self.without_lpips = open_lpips()

    def methods(self, size: Size) -> Mapping[str, Method]:
        """The methods at this size.

        Raises: what `MethodSpec.open` raises.
        """
        if size.name not in self._methods:
            opened = {name: spec.open(size, self._finder) for name, spec in self.plan.methods.items()}
            self._methods[size.name] = opened
        return self._methods[size.name]

    def measure(self, index: int) -> Measured | Failure:
        """A picture's figures at all sizes; a failure where it, or its result by one of the methods, cannot be had.

        Raises: OutputError where pictures are saved and there is no space for them.
        """
        try:
            sample = self.pictures.read(index)
            sizes = {size.name: self._measure(size.apply(sample), size) for size in self.plan.sizes}
        except OutputError:
            raise
        except SamelightError as error:
            return Failure(self.pictures.names[index], error.message, error.hint)
        return Measured(index, sample.name, sample.family, sample.subset, sizes, sample.outline)

    def draw(self, size: Size, index: int) -> KeptPicture:
        """A picture with every method's result, for a report.

        Raises: SamelightError where it cannot be had any more.
        """
        sample = size.apply(self.pictures.read(index))
        results = {name: _to_pixels(method(sample)) for name, method in self.methods(size).items()}
        mask = sample.mask[0].mul(255).round().byte().numpy()
        return KeptPicture(index, _to_pixels(sample.composite), mask, _to_pixels(sample.real), results)

    def _measure(self, sample: BenchmarkSample, size: Size) -> SizeFigures:
        if not bool(sample.mask.any()):
            raise EmptyMaskError(f"The foreground of {sample.name} vanishes at this size.", "It is too small for it.")
        methods, specs = self.methods(size), self.plan.methods
        if size.alone and any(spec.reads_instances for spec in specs.values()):
            self._finder(sample)  # so that no network is charged the time that the first one would spend on it
        keep = partial(save_sample, self.plan.save / size.name, sample) if self.plan.save else None
        measured = measure_sample(sample, methods, structure=True, perceptual=self._perceptual, keep=keep)
        if not self.plan.harmonious:
            return measured
        untouched = replace(sample, composite=sample.real)
        able = [name for name, spec in specs.items() if spec.is_measured_on_harmonious_pictures]
        changes = {name: compare(methods[name](untouched), sample.real, sample.mask).fmse for name in able}
        return replace(measured, harmonious={COMPOSITE: 0.0, **changes})


def measure_sample(
    sample: BenchmarkSample,
    methods: Mapping[str, Method],
    *,
    structure: bool,
    perceptual: Perceptual | None = None,
    keep: Callable[[Mapping[str, Tensor]], None] | None = None,
) -> SizeFigures:
    """A sample's figures by every method and of the untouched composite.

    Args:
        sample: at the size that is measured.
        methods: by name.
        structure: whether the structural similarities are measured.
        perceptual: measures LPIPS, where it is wanted.
        keep: is given the results by method.
    """
    results, seconds = {COMPOSITE: sample.composite}, {}
    for name, method in methods.items():
        began = time.perf_counter()
        results[name] = method(sample)
        seconds[name] = time.perf_counter() - began
    if keep:
        keep({name: result for name, result in results.items() if name != COMPOSITE})
    figures = {
        name: compare(result, sample.real, sample.mask, structure=structure, perceptual=perceptual)
        for name, result in results.items()
    }
    return SizeFigures(float(sample.mask.mean()), figures, seconds)


def _to_pixels(picture: Tensor) -> NDArray[np.uint8]:
    """3 x H x W in 0..1 to H x W x 3, as it would be in a file."""
    return picture.clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).contiguous().numpy()


def run(measurer: Measurer, indices: Sequence[int], workers: int = 1) -> Iterator[Measured | Failure]:
    """Measure the pictures, in the order of the indices whatever the number of processes.

    Every process reads and harmonizes its own pictures; figures are those of one process but for rounding.

    Raises: what `MethodSpec.open` raises; OutputError where pictures are saved and there is no space for them;
        OutOfMemoryError where a process was ended from outside.
    """
    if workers <= 1 or len(indices) <= 1:
        yield from map(measurer.measure, indices)
        return
    threads = max(1, torch.get_num_threads() // workers)
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(measurer.plan, threads))
    try:
        waiting = [pool.submit(_measure, index) for index in indices]
        for future in waiting:
            yield future.result()
    except BrokenProcessPool as error:
        raise OutOfMemoryError(
            "One of the processes that measure was ended from outside, perhaps because memory ran out.",
            "Ask for fewer --workers.",
        ) from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()  # after Ctrl+C nobody waits for the pictures that are half done


_measurer: Measurer | None = None


def _begin(plan: Plan, threads: int) -> None:
    """A worker process begins; Ctrl+C is the first process's to handle."""
    global _measurer
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(threads)
    _measurer = Measurer(plan)


def _measure(index: int) -> Measured | Failure:
    if _measurer is None:
        raise RuntimeError("this worker has not begun")
    return _measurer.measure(index)


def collect(measured: Iterable[Measured], size: str) -> Scores:
    """The scores at one size."""
    scores = Scores()
    for picture in measured:
        scores.names.append(picture.name)
        scores.families.append(picture.family)
        scores.subsets.append(picture.subset)
        scores.outlines.append(picture.outline)
        _add(scores, picture.sizes[size])
    return scores


def _add(scores: Scores, found: SizeFigures) -> None:
    scores.shares.append(found.share)
    for method, figures in found.figures.items():
        scores.figures.setdefault(method, []).append(figures)
    for method, seconds in found.seconds.items():
        scores.seconds.setdefault(method, []).append(seconds)
    for method, fmse in found.harmonious.items():
        scores.harmonious.setdefault(method, []).append(fmse)


def evaluate(
    methods: Mapping[str, Method],
    pictures: Iterable[BenchmarkSample],
    on_picture: Callable[[str], None] | None = None,
    *,
    structure: bool = False,
) -> Scores:
    """Run every method on every sample, all in this process.

    Args:
        methods: by name.
        pictures: what they are run on.
        on_picture: hears each picture's name when it is done.
        structure: whether the structural similarities are measured.
    """
    measured = []
    for index, sample in enumerate(pictures):
        found = measure_sample(sample, methods, structure=structure)
        measured.append(Measured(index, sample.name, sample.family, sample.subset, {"": found}, sample.outline))
        if on_picture:
            on_picture(sample.name)
    return collect(measured, "")
