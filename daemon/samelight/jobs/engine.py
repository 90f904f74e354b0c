"""The engines: for each device its pool of networks and the pipeline that runs on it. Importing this imports torch."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import partial

import torch

from samelight import harmonizers, weights
from samelight.devices import choose_devices, describe_device, release_cached, use_all_cores
from samelight.jobs.memory import give_back
from samelight.jobs.queue import OnStage
from samelight.lifting import Blend
from samelight.pipeline import Outcome, Pipeline
from samelight.pool import ModelPool
from samelight.segmentation import InstanceFinder, choose_segmenter
from samelight.settings import Settings
from samelight_wire.errors import WeightsCorruptError
from samelight_wire.messages import HarmonizeRequest, PreviewRequest

__all__ = ["DeviceEngine", "open_engines"]

logger = logging.getLogger(__name__)


class DeviceEngine:
    """One device at work; see ``samelight.jobs.queue.Engine`` for what the methods promise.

    Args:
        device: where the networks run.
        pool: the networks on that device.
        default_model: what a request that names no network gets.
        finder: what finds the backdrop's instances.
    """

    def __init__(self, device: torch.device, pool: ModelPool, default_model: str, finder: InstanceFinder) -> None:
        self._device = device
        self._pool = pool
        self._default_model = default_model
        self._finder = finder
        self._pipeline = Pipeline(pool.get, finder=finder)

    @property
    def device(self) -> str:
        """The device in words. A card is asked for its name when it is in use anyway: asking takes memory on it."""
        asleep = self._device.type == "cuda" and not torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
        return str(self._device) if asleep else describe_device(self._device)

    @property
    def models(self) -> Sequence[str]:
        """The networks whose weights are installed at this moment."""
        try:
            listed = weights.installed()
        except WeightsCorruptError as error:
            logger.warning("%s", error)
            return []
        return [name for name in harmonizers.names() if name in listed]

    @property
    def warm(self) -> Sequence[str]:
        """The networks in memory."""
        return self._pool.warm

    def warm_up(self) -> None:
        """Loads the default network and runs it once. A card's memory is left to others until the first request: there
        the weights are only read, so that the system has them at hand.
        """
        if self._device.type == "cpu":
            self._pool.warm_up(self._default_model)
        else:
            weights.load(self._default_model)

    def rest(self) -> None:
        """Unloads the networks, and the segmenter, that were idle for long and returns their memory to the system."""
        now = time.monotonic()
        if self._finder.unload_idle(now):
            release_cached(self._device)
            give_back()
        if self._pool.unload_idle(now):
            give_back()

    @torch.inference_mode()
    def harmonize(self, request: HarmonizeRequest, on_stage: OnStage) -> Outcome:
        """Runs the pipeline from decode to encode."""
        return self._pipeline.run(request, on_stage)

    @torch.inference_mode()
    def reblend(self, outcome: Outcome, request: PreviewRequest) -> Outcome:
        """Applies another share of a finished outcome's change."""
        return self._pipeline.reblend(outcome, Blend(request.strength, request.colour))


def open_engines(settings: Settings) -> list[DeviceEngine]:
    """An engine for every device that the settings ask for.

    Raises:
        InvalidOptionError: the machine does not have the device.
    """
    use_all_cores()
    return [_open_engine(device, settings) for device in choose_devices(settings.device)]


def _open_engine(device: torch.device, settings: Settings) -> DeviceEngine:
    finder = InstanceFinder(
        partial(choose_segmenter, settings.segmenter, device),
        max_bytes=settings.max_segmentation_bytes,
        encode_foreground=settings.encode_foreground,
        idle_seconds=settings.idle_unload_seconds,
    )
    return DeviceEngine(device, ModelPool(device, settings.idle_unload_seconds), settings.default_model, finder)
