"""Measuring the averaged weights during a training: the same few pictures each time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import fmean

import torch
from torch import nn

from samelight.evaluation.benchmark import BenchmarkSample
from samelight.evaluation.metrics import compare
from samelight.evaluation.sets import IHarmony4Set, PhotoSet, PictureSet
from samelight.evaluation.sizes import resized
from samelight.instances import Instances
from samelight.training.iharmony4 import SUBSETS
from samelight.training.supply import Segment

__all__ = ["Validation", "open_set"]

SIDE = 256
"""Of the pictures, in pixels: what papers measure at."""


def open_set(source: Path) -> PictureSet:
    """The project's benchmark on photographs, or the test split of iHarmony4.

    Raises: InvalidOptionError where neither is there.
    """
    return IHarmony4Set(source) if any((source / subset).is_dir() for subset in SUBSETS) else PhotoSet(source)


class Validation:
    """Some pictures of a set at 256 x 256, made once and kept."""

    def __init__(self, pictures: PictureSet, limit: int, device: torch.device, segment: Segment | None) -> None:
        """Prepare to measure.

        Args:
          pictures: to measure on.
          limit: how many of them.
          device: where the networks are.
          segment: finds the instances that they read.
        """
        self._pictures, self._limit, self._device, self._segment = pictures, limit, device, segment
        self._made: list[tuple[BenchmarkSample, Instances | None, float]] = []

    def __call__(self, network: nn.Module) -> Mapping[str, float]:
        """Means over the pictures.

        Args:
          network: in evaluation mode, on the device.

        Returns: `fmse_ratio` (mean fMSE by the composites' mean fMSE), `fmse`, `psnr`, and the share of pictures that
          are `better` than their composite.
        """
        if not self._made:
            self._made = [self._make(index) for index in self._pictures.chosen(self._limit)]
        found = [
            compare(self._run(network, sample, shown), sample.real, sample.mask) for sample, shown, _ in self._made
        ]
        untouched = [fmse for _, _, fmse in self._made]
        fmse = fmean(each.fmse for each in found)
        better = fmean(float(each.fmse < before) for each, before in zip(found, untouched, strict=True))
        psnr = fmean(each.psnr for each in found)
        return {"fmse_ratio": fmse / max(fmean(untouched), 1e-12), "fmse": fmse, "psnr": psnr, "better": better}

    def _make(self, index: int) -> tuple[BenchmarkSample, Instances | None, float]:
        sample = resized(self._pictures.read(index), (SIDE, SIDE))
        shown = self._segment(sample.composite[None], sample.mask[None]) if self._segment else None
        return sample, shown and shown.to(self._device), compare(sample.composite, sample.real, sample.mask).fmse

    @torch.inference_mode()
    def _run(self, network: nn.Module, sample: BenchmarkSample, shown: Instances | None) -> torch.Tensor:
        composite, mask = sample.composite[None].to(self._device), sample.mask[None].to(self._device)
        result: torch.Tensor = network(composite * 2 - 1, mask, shown)
        return ((result[0] + 1) / 2).cpu()
