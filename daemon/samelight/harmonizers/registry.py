"""The networks by name: what the command line, the daemon and the training recipes choose from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import nn

from samelight.harmonizers.frih import FRIH
from samelight.harmonizers.hdnet import HDNet
from samelight.harmonizers.rcl import RCL
from samelight.harmonizers.srih import SRIH
from samelight.harmonizers.srin import SRIN
from samelight_wire.errors import UnknownModelError

__all__ = ["DEFAULT", "HarmonizerInfo", "create", "describe", "names"]

DEFAULT = "srin-lite"
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


_HDNET = partial(
    HarmonizerInfo,
    title="Hierarchical Dynamic Image Harmonization",
    authors="Chen et al., ACM Multimedia",
    year=2023,
    needs_instances=False,
)
_SRIN = partial(
    HarmonizerInfo,
    title="Segment Anything Model Meets Image Harmonization",
    authors="Chen et al., ICASSP",
    year=2024,
    needs_instances=True,
)
_SRIH = partial(
    HarmonizerInfo,
    title="Who Looks like Me: Semantic Routed Image Harmonization",
    authors="Sun et al., IJCAI",
    year=2024,
    needs_instances=True,
)
_FRIH = partial(
    HarmonizerInfo,
    title="FRIH: Fine-Grained Region-Aware Image Harmonization",
    authors="Peng et al., AAAI",
    year=2024,
    needs_instances=False,
)
_RCL = partial(
    HarmonizerInfo,
    title="Image Harmonization with Region-wise Contrastive Learning",
    authors="Liang and Pun, arXiv",
    year=2022,
    needs_instances=False,
)

_REGISTRY = {
    info.name: info
    for info in (
        _HDNET(name="hdnet", build=lambda: HDNet(32)),
        _HDNET(name="hdnet-lite", build=lambda: HDNet(8)),
        _SRIN(name="srin", build=lambda: SRIN(32)),
        _SRIN(name="srin-lite", build=lambda: SRIN(16)),
        _SRIH(name="srih", build=lambda: SRIH(48, (2, 2, 4))),
        _SRIH(name="srih-lite", build=lambda: SRIH(12, (1, 1, 2))),
        _FRIH(name="frih", build=lambda: FRIH(32, 32)),
        _FRIH(name="frih-lite", build=lambda: FRIH(16, 8)),
        _RCL(name="rcl", build=lambda: RCL(32)),
        _RCL(name="rcl-lite", build=lambda: RCL(8)),
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
