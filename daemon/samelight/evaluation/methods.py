"""What is measured: our networks (alone or in the pipeline) and classical baselines; other programs: `results`.

A specification is plain data, so that worker processes can be told what to open; `open` gives the method itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from samelight import harmonizers, weights
from samelight.calibration import Calibration
from samelight.evaluation.baselines import BASELINES
from samelight.evaluation.benchmark import BenchmarkSample
from samelight.evaluation.evaluation import MethodFacts
from samelight.evaluation.sizes import Size
from samelight.instances import Instances
from samelight.pool import WarmNetwork, load_network
from samelight.weights.manifest import sha256_of
from samelight_wire.errors import InvalidOptionError, WeightsCorruptError

__all__ = [
    "BaselineSpec",
    "Finder",
    "Method",
    "MethodSpec",
    "NetworkSpec",
    "Segment",
    "model_of",
    "network_from",
    "network_method",
]

Method = Callable[[BenchmarkSample], Tensor]
"""Harmonizes a sample's composite: 3 x H x W in 0..1, at the sample's size."""
Segment = Callable[[Tensor, Tensor], Instances]
"""Finds the instances of composites B x 3 x H x W in 0..1 with masks B x 1 x H x W in 0..1."""

IDLE_SECONDS = 1e9
OWN_FILES = (
    "Only .safetensors files that Samelight trained can be loaded. Other networks (.pth) are measured by the pictures "
    "that they made: `samelight evaluate --results NAME=FOLDER`."
)


class MethodSpec(Protocol):
    """What worker processes are told of a method."""

    def open(self, size: Size, finder: Finder) -> Method:
        """The method, ready to run.

        Raises:
            WeightsError: (its subclasses) a network's weights are missing or damaged.
            InputError: (its subclasses) anything else is missing.
        """

    def identity(self) -> str:
        """The same for what gives the same results; names the weights by their hash.

        Raises:
            WeightsError: as `open`.
        """

    def facts(self) -> MethodFacts:
        """What is known of it beside its figures, but for its costs."""

    @property
    def is_measured_on_harmonious_pictures(self) -> bool:
        """Whether it can be given the real picture as a composite."""

    @property
    def reads_instances(self) -> bool:
        """Whether it needs a picture's instances where it runs alone."""


class Finder:
    """A picture's instances; several networks that ask for the same picture's get the same."""

    def __init__(self, segmenter: str, device: torch.device) -> None:
        """`segmenter` is one of the segmentation's names: auto, sam, regions or none."""
        self.segmenter, self.device = segmenter, device
        self._segment: Segment | None = None
        self._last: tuple[BenchmarkSample, Instances] | None = None

    def __call__(self, sample: BenchmarkSample) -> Instances | None:
        """The instances of a sample's composite; None where the segmenter is "none".

        Raises: WeightsError where SAM is asked for and not there.
        """
        if self._segment is None:
            self._segment = open_segment(self.segmenter, self.device)
        if self._segment is None:
            return None
        if self._last is None or self._last[0] is not sample:
            self._last = sample, self._segment(sample.composite[None], sample.mask[None])
        return self._last[1]


def open_segment(segmenter: str, device: torch.device) -> Segment | None:
    """What finds the instances of composites; None for "none".

    Raises: WeightsError where SAM is asked for and not there.
    """
    from samelight.segmentation import choose_segmenter, find_in_batch

    choice = choose_segmenter(segmenter, device)
    return None if choice is None else partial(find_in_batch, choice.open())


@dataclass(frozen=True)
class NetworkSpec:
    """One of our networks, with the installed weights or those of a file."""

    model: str
    """Its name in the registry."""
    weights_file: Path | None = None
    """A .safetensors file; None for the installed weights."""
    device: str = "cpu"
    """Where it runs, as torch names it."""
    colour: float = 1.0
    """How much of the shift of colour is applied in the pipeline, 0..1."""

    is_measured_on_harmonious_pictures = True

    @property
    def reads_instances(self) -> bool:
        """Whether it needs a picture's instances."""
        return harmonizers.describe(self.model).needs_instances

    def open(self, size: Size, finder: Finder) -> Method:
        """The network alone, or in the pipeline."""
        device = torch.device(self.device)
        network = _load(self.model, self.weights_file, self._sha256(), device)
        if not size.alone:
            return pipeline_method(self.model, network, finder, self.calibration(), self.colour)
        instances = finder if self.reads_instances else None
        return _alone(network, device, instances)

    def identity(self) -> str:
        """Model, weights, and the share of colour where it is not all."""
        return f"{self.model} {self._sha256()}" + (f" colour {self.colour}" if self.colour != 1.0 else "")

    def facts(self) -> MethodFacts:
        """The paper, the weights' hash, and their calibration.

        Raises:
            WeightsError: as `open`.
        """
        info = harmonizers.describe(self.model)
        return MethodFacts(
            "network",
            f"{info.title} ({info.authors}, {info.year})",
            weights=self._sha256(),
            calibration=self.calibration(),
            calibration_from=self._calibration_from(),
        )

    def calibration(self) -> Calibration:
        """What the manifest says of the weights.

        Raises:
            WeightsError: as `open`.
        """
        return weights.calibration_of(self.weights_file) if self.weights_file else weights.calibration(self.model)

    def _calibration_from(self) -> str:
        if self.weights_file is None:
            return "installed"
        folder = self.weights_file.parent
        place = f"{folder.name}/{weights.MANIFEST}"
        sha256 = self._sha256()
        listed = any(each.sha256 == sha256 for each in weights.read_manifest(folder).values())
        return place if listed else f"none: not in {place}"

    def _sha256(self) -> str:
        return sha256_of(self.weights_file) if self.weights_file else weights.entry(self.model)[1].sha256


@lru_cache(maxsize=32)
def _load(model: str, weights_file: Path | None, sha256: str, device: torch.device) -> nn.Module:
    """A network with its weights, once for all sizes; the hash tells weights of the same name apart."""
    if weights_file is None:
        return load_network(model, device)
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    network = harmonizers.create(model)
    try:
        tensors = {name: tensor.float() for name, tensor in load_file(weights_file).items()}
        network.load_state_dict(tensors)
    except (SafetensorError, OSError) as error:
        raise WeightsCorruptError(f"The weights {weights_file} cannot be read ({error}).", OWN_FILES) from error
    except RuntimeError as error:
        raise WeightsCorruptError(f'The weights {weights_file} do not fit the network "{model}".', OWN_FILES) from error
    return network.eval().requires_grad_(False).to(device)


def network_from(weights_file: Path, device: torch.device) -> nn.Module:
    """A network with a file's weights, all of them and no others; ready to run, not to learn.

    Raises:
        InvalidOptionError: there is no such file, or it says nothing of a network that there is.
        WeightsCorruptError: it cannot be read, or does not fit the network.
    """
    return _load(model_of(weights_file), weights_file, sha256_of(weights_file), device)


def model_of(weights_file: Path) -> str:
    """Which network a .safetensors file belongs to: what the trainer wrote into it, or else the file's name.

    Raises:
        InvalidOptionError: there is no such file, or it says nothing of a network that there is.
        WeightsCorruptError: it cannot be read.
    """
    from safetensors import SafetensorError, safe_open

    if not weights_file.is_file():
        raise InvalidOptionError(f'There is no file "{weights_file}".', "Name a .safetensors file with weights.")
    try:
        with safe_open(weights_file, framework="pt") as opened:
            stated = (opened.metadata() or {}).get("model", weights_file.stem)
    except (SafetensorError, OSError) as error:
        message = f"The weights {weights_file} cannot be read ({error})."
        raise WeightsCorruptError(message, OWN_FILES) from error
    if stated not in harmonizers.names():
        raise InvalidOptionError(
            f'"{weights_file}" does not say which network it belongs to.',
            f"Name the file after one of them: {', '.join(harmonizers.names())}.",
        )
    return str(stated)


def network_method(network: nn.Module, segment: Segment | None = None) -> Method:
    """A network on its own, at the sample's size: what the papers measure.

    Args:
        network: in evaluation mode, on its device.
        segment: finds the instances that the network reads; None for a network that reads none.
    """

    def instances(sample: BenchmarkSample) -> Instances | None:
        return segment(sample.composite[None], sample.mask[None]) if segment else None

    return _alone(network, _device_of(network), instances)


def _device_of(network: nn.Module) -> torch.device:
    return next((parameter.device for parameter in network.parameters()), torch.device("cpu"))


def _alone(
    network: nn.Module, device: torch.device, instances_of: Callable[[BenchmarkSample], Instances | None] | None
) -> Method:
    def harmonize(sample: BenchmarkSample) -> Tensor:
        instances = instances_of(sample) if instances_of else None
        with torch.inference_mode():
            composite, mask = sample.composite[None].to(device), sample.mask[None].to(device)
            result: Tensor = network(composite * 2 - 1, mask, None if instances is None else instances.to(device))
            return ((result[0] + 1) / 2).cpu()

    return harmonize


def pipeline_method(model: str, network: nn.Module, finder: Finder, calibration: Calibration, colour: float) -> Method:
    """What an artist gets who chooses this share of colour: 8-bit pictures through the whole pipeline, with the lift.

    Args:
      model: the network's name.
      network: in evaluation mode, on its device.
      finder: tells with what instances are found.
      calibration: how much of the network's change is kept.
      colour: how much of its shift of colour is applied, 0..1.

    The pipeline raises InputError for what it cannot work on, such as a mask that covers everything.
    """
    from samelight.api import request_for
    from samelight.pipeline import Pipeline
    from samelight.segmentation import InstanceFinder, choose_segmenter

    device = _device_of(network)
    choose = partial(choose_segmenter, finder.segmenter, finder.device)
    warm = WarmNetwork(network, device, 0.0)
    instances = InstanceFinder(choose, idle_seconds=IDLE_SECONDS)
    pipeline = Pipeline(lambda name: warm, finder=instances, calibration=calibration)

    def harmonize(sample: BenchmarkSample) -> Tensor:
        composite = sample.composite.permute(1, 2, 0).mul(255).round().byte().numpy()
        mask = sample.mask[0].numpy()
        outcome = pipeline.run(request_for(np.ascontiguousarray(composite), mask, model=model, colour=colour))
        result = torch.frombuffer(bytearray(outcome.layer.data), dtype=torch.uint8).view(*composite.shape)
        return result.permute(2, 0, 1).float().div(255)

    return harmonize


@dataclass(frozen=True)
class BaselineSpec:
    """A classical method."""

    name: str
    """One of `BASELINES`."""

    is_measured_on_harmonious_pictures = True
    reads_instances = False

    def open(self, size: Size, finder: Finder) -> Method:
        """The method itself; it works at every size."""
        return BASELINES[self.name].harmonize

    def identity(self) -> str:
        """Its name."""
        return self.name

    def facts(self) -> MethodFacts:
        """What it does."""
        return MethodFacts("baseline", BASELINES[self.name].title)
