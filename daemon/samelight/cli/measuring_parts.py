"""What `samelight bench` measures of the parts on their own: networks, clustering, segmentation; in this process."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from samelight import harmonizers
from samelight.cli.cost_notes import costs_of
from samelight.cli.costs import SIDE, sample_picture
from samelight.cli.sample import SAMPLE_COMPOSITE
from samelight.harmonizers.blocks.submasks import submask_labels
from samelight.instances import Instances
from samelight.pool import load_network
from samelight.segmentation import Choice, Foreground, choose_segmenter, find_in_batch
from samelight.segmentation.regions import RegionSegmenter
from samelight_wire.errors import WeightsMissingError

__all__ = ["measure_clustering", "measure_network", "measure_segmenter", "measured_segmenters"]

PATIENCE = 10.0  # seconds for one figure; what takes longer is measured fewer times


def measure_network(name: str, rounds: int, device: torch.device) -> dict[str, Any]:
    """A network alone on the sample at 256 x 256, its instances found before.

    Returns: "p50_seconds" of so many "rounds", "weights" ("random" where none are installed: they cost the same time),
      and what ``Cost`` says.

    Raises:
        WeightsCorruptError: its weights are damaged.
    """
    network, weights = _network(name, device)
    picture, mask = (each.to(device) for each in sample_picture())
    instances = _instances(name, picture, mask)

    def once() -> None:
        with torch.inference_mode():
            network(picture, mask, instances)
        _wait_for(device)

    cost = costs_of([name])[name]
    return {
        "weights": weights,
        **_timed(once, rounds),
        "side": SIDE,
        "parameters": cost.parameters,
        "multiply_adds": cost.multiply_adds,
        "memory_bytes": cost.memory_bytes,
        "depends_on_picture": cost.depends_on_picture,
    }


def measure_clustering(rounds: int, device: torch.device) -> dict[str, Any]:
    """FRIH's clustering (CFSFDP) with all 256 x 256 pixels of the sample as foreground."""
    picture, mask = (each.to(device) for each in sample_picture())
    everything = torch.ones_like(mask)
    labels = submask_labels(picture, everything)

    def once() -> None:
        submask_labels(picture, everything)
        _wait_for(device)

    return {"pixels": int(everything.sum()), "submasks": int(labels.max()), **_timed(once, rounds)}


def measured_segmenters(device: torch.device) -> list[Choice]:
    """The segmenters that can run here: regions, and SAM where a checkpoint is installed."""
    found = [choose_segmenter("regions", device)]
    with contextlib.suppress(WeightsMissingError):
        found.append(choose_segmenter("sam", device))
    return [choice for choice in found if choice is not None]


def measure_segmenter(choice: Choice, rounds: int, device: torch.device) -> dict[str, Any]:
    """Segmenting the sample as its own backdrop, and describing the foreground in a picture that is segmented.

    Returns: "segment" and "embed", each with "p50_seconds" of so many "rounds", and the number of "instances".

    Raises:
        WeightsCorruptError: its weights are damaged.
    """
    segmenter = choice.open()
    picture = _backdrop(segmenter.side)
    known = torch.ones_like(picture[0])
    colours, mask = sample_picture()
    foreground = Foreground((colours[0] + 1) / 2, mask[0, 0])
    segmentation = segmenter.segment(picture, known, lambda part: None)

    def segment() -> None:
        segmenter.segment(picture, known, lambda part: None)
        _wait_for(device)

    def embed() -> None:
        segmenter.embed(segmentation, foreground)
        _wait_for(device)

    return {"instances": segmentation.count, "segment": _timed(segment, rounds), "embed": _timed(embed, rounds)}


def _timed(once: Callable[[], None], rounds: int) -> dict[str, Any]:
    """The median of some rounds after one that is not counted; of fewer rounds if they take long."""
    began = time.perf_counter()
    once()
    first = time.perf_counter() - began
    seconds: list[float] = []
    while len(seconds) < rounds and (not seconds or sum(seconds) + first < PATIENCE):
        began = time.perf_counter()
        once()
        seconds.append(time.perf_counter() - began)
    return {"p50_seconds": statistics.median(seconds), "rounds": len(seconds)}


def _network(name: str, device: torch.device) -> tuple[nn.Module, str]:
    """The network, and whether its weights are "trained" or "random"."""
    try:
        return load_network(name, device), "trained"
    except WeightsMissingError:
        return harmonizers.create(name).eval().requires_grad_(False).to(device), "random"


def _instances(name: str, picture: Tensor, mask: Tensor) -> Instances | None:
    """What the embedded segmenter finds in the sample, for the networks that read it."""
    if not harmonizers.describe(name).needs_instances:
        return None
    return find_in_batch(RegionSegmenter(), (picture + 1) / 2, mask).to(picture.device)


def _backdrop(side: int) -> Tensor:
    """The sample with about side x side pixels: 3 x H x W in 0..1."""
    with Image.open(SAMPLE_COMPOSITE) as composite:
        scale = side / (composite.width * composite.height) ** 0.5
        size = round(composite.width * scale), round(composite.height * scale)
        pixels = np.asarray(composite.convert("RGB").resize(size), np.float32) / 255.0
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous()


def _wait_for(device: torch.device) -> None:
    """Cards work on while Python goes on: waits until they have done what they were told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
