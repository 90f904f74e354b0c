"""The networks in memory on one device: loaded on first use, kept warm, unloaded after an idle time."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from samelight import harmonizers, weights
from samelight.devices import release_cached
from samelight.instances import Instances
from samelight_wire.errors import WeightsCorruptError

__all__ = ["ModelPool", "WarmNetwork", "load_network"]

# The size of the pictures that networks get in daily use: what is computed for this size first is reused later.
WARM_UP_SIZE = 256

logger = logging.getLogger(__name__)


def load_network(name: str, device: torch.device) -> nn.Module:
    """The network with its weights, on the device and ready to run.

    Raises:
        UnknownModelError: there is no network of this name.
        WeightsMissingError: its weights are not installed.
        WeightsCorruptError: its weights are damaged, or belong to another network.
    """
    network = harmonizers.create(name)
    try:
        network.load_state_dict(weights.load(name))
    except RuntimeError as error:
        raise WeightsCorruptError(f'The weights of "{name}" do not fit this network.') from error
    return network.eval().requires_grad_(False).to(device)


@dataclass
class WarmNetwork:
    """A network in memory, called as a ``samelight.pipeline.Harmonizer``."""

    network: nn.Module
    """The network, on the device."""
    device: torch.device
    """Where it runs."""
    last_used: float
    """When, as ``time.monotonic()`` counts."""
    sha256: str = ""
    """The hash of its weights; "" where no manifest lists them."""

    def __call__(self, picture: Tensor, mask: Tensor, instances: Instances | None = None) -> Tensor:
        """Runs the network, which works on -1..1; tensors come from the CPU and go back there.

        Args:
            picture: 1 x 3 x H x W in 0..1 (sRGB).
            mask: 1 x 1 x H x W in 0..1.
            instances: of the picture; None for networks that need none, or where none were looked for.

        Returns: the harmonized picture, 1 x 3 x H x W in 0..1.
        """
        self.last_used = time.monotonic()
        with torch.inference_mode():
            composite = picture.to(self.device) * 2.0 - 1.0
            there = None if instances is None else instances.to(self.device)
            harmonized: Tensor = self.network(composite, mask.to(self.device), there)
            return ((harmonized + 1.0) / 2.0).clamp(0.0, 1.0).to(picture.device)


class ModelPool:
    """The warm networks of one device. ``get`` and ``unload_idle`` belong to one thread, ``warm`` to any.

    Args:
        device: where the networks run.
        idle_seconds: after how long without use a network is unloaded.
    """

    def __init__(self, device: torch.device, idle_seconds: float) -> None:
        self._device = device
        self._idle_seconds = idle_seconds
        self._warm: dict[str, WarmNetwork] = {}

    @property
    def warm(self) -> list[str]:
        """The names of the networks in memory, in the order in which they were loaded."""
        return list(self._warm)

    def get(self, name: str) -> WarmNetwork:
        """The network of this name, loaded if it is not in memory or has other weights than the installed ones.

        What the manifest says of the weights, such as their calibration, so holds for the network that is given.

        Raises:
            UnknownModelError, WeightsMissingError, WeightsCorruptError: as ``load_network``.
        """
        harmonizers.describe(name)
        sha256 = weights.entry(name)[1].sha256
        if name in self._warm and self._warm[name].sha256 != sha256:
            del self._warm[name]  # before the other one is loaded, so that both never take memory at once
            logger.info("Unloaded %s, other weights of it are installed now", name)
        if name not in self._warm:
            began = time.monotonic()
            self._warm[name] = WarmNetwork(load_network(name, self._device), self._device, began, sha256)
            logger.info("Loaded %s in %.2f s", name, time.monotonic() - began)
        self._warm[name].last_used = time.monotonic()
        return self._warm[name]

    def warm_up(self, name: str) -> None:
        """Loads a network and runs it once on an empty picture, so that the first request finds everything prepared.

        Raises:
            UnknownModelError, WeightsMissingError, WeightsCorruptError: as ``load_network``.
        """
        picture = torch.full((1, 3, WARM_UP_SIZE, WARM_UP_SIZE), 0.5)
        mask = torch.zeros(1, 1, WARM_UP_SIZE, WARM_UP_SIZE)
        mask[..., WARM_UP_SIZE // 4 : WARM_UP_SIZE // 2, WARM_UP_SIZE // 4 : WARM_UP_SIZE // 2] = 1.0
        self.get(name)(picture, mask)

    def unload_idle(self, now: float) -> list[str]:
        """Unloads what was idle for long; ``now`` as ``time.monotonic()`` counts. Gives the names unloaded."""
        idle = [name for name, warm in self._warm.items() if now - warm.last_used >= self._idle_seconds]
        for name in idle:
            del self._warm[name]
            logger.info("Unloaded %s, unused for %.0f s", name, self._idle_seconds)
        if idle:
            release_cached(self._device)
        return idle
