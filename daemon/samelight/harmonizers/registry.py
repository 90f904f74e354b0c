"""The networks by name: what the command line, the daemon and the training recipes choose from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from samelight.harmonizers.frih import FRIH
from samelight.harmonizers.hdnet import HDNet
from samelight.harmonizers.rcl import RCL
from samelight.harmonizers.srih import SRIH
from samelight.harmonizers.srin import SRIN
from samelight_wire.errors import UnknownModelError

__all__ = ["DEFAULT", "HarmonizerInfo", "create", "describe", "names"]

DEFAULT = "hdnet-lite"
"""The network that is used where a request names none."""


@dataclass(frozen=True)
class HarmonizerInfo:
    """A published network in one of its sizes."""

    name: str
    """The name in requests, files and tables."""
    title: str
    """The paper's title."""
    authors: str
    """First author and venue, as a citation would abbreviate them."""
    year: int
    """Year of publication."""
    needs_instances: bool
    """Whether the network reads the backdrop's instances, so that segmentation has to run."""
    build: Callable[[], nn.Module]
    """Makes the network with random weights."""


_HDNET = {"title": "Hierarchical Dynamic Image Harmonization", "authors": "Chen et al., ACM Multimedia", "year": 2023}
_SRIN = {"title": "Segment Anything Model Meets Image Harmonization", "authors": "Chen et al., ICASSP", "year": 2024}
_SRIH = {
    "title": "Who Looks like Me: Semantic Routed Image Harmonization",
    "authors": "Sun et al., IJCAI",
    "year": 2024,
}
_FRIH = {
    "title": "FRIH: Fine-Grained Region-Aware Image Harmonization",
    "authors": "Peng et al., AAAI",
    "year": 2024,
}
_RCL = {
    "title": "Image Harmonization with Region-wise Contrastive Learning",
    "authors": "Liang and Pun, arXiv",
    "year": 2022,
}

_REGISTRY = {
    info.name: info
    for info in (
        HarmonizerInfo(name="hdnet", needs_instances=False, build=lambda: HDNet(32), **_HDNET),  # type: ignore[arg-type]
        HarmonizerInfo(name="hdnet-lite", needs_instances=False, build=lambda: HDNet(8), **_HDNET),  # type: ignore[arg-type]
        HarmonizerInfo(name="srin", needs_instances=True, build=lambda: SRIN(32), **_SRIN),  # type: ignore[arg-type]
        HarmonizerInfo(name="srin-lite", needs_instances=True, build=lambda: SRIN(8), **_SRIN),  # type: ignore[arg-type]
        HarmonizerInfo(name="srih", needs_instances=True, build=lambda: SRIH(48, (2, 2, 4)), **_SRIH),  # type: ignore[arg-type]
        HarmonizerInfo(name="srih-lite", needs_instances=True, build=lambda: SRIH(12, (1, 1, 2)), **_SRIH),  # type: ignore[arg-type]
        HarmonizerInfo(name="frih", needs_instances=False, build=lambda: FRIH(32, 32), **_FRIH),  # type: ignore[arg-type]
        HarmonizerInfo(name="frih-lite", needs_instances=False, build=lambda: FRIH(16, 8), **_FRIH),  # type: ignore[arg-type]
        HarmonizerInfo(name="rcl", needs_instances=False, build=lambda: RCL(32), **_RCL),  # type: ignore[arg-type]
        HarmonizerInfo(name="rcl-lite", needs_instances=False, build=lambda: RCL(8), **_RCL),  # type: ignore[arg-type]
    )
}


def names() -> list[str]:
    """All networks' names, in the order of the tables."""
    return list(_REGISTRY)


def describe(name: str) -> HarmonizerInfo:
    """Look a network up.

    Raises: UnknownModelError with the known names in its hint.
    """
    try:
        return _REGISTRY[name]
    except KeyError:
        known = ", ".join(names())
        raise UnknownModelError(f"There is no model named '{name}'.", f"Choose one of: {known}.") from None


def create(name: str) -> nn.Module:
    """Make a network with random weights: forward(composite, mask, instances=None), see `HarmonizationUNet.forward`.

    Raises: UnknownModelError.
    """
    return describe(name).build()
