"""Which segmenter works: the Segment Anything Model where its weights are installed, else regions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from samelight import weights
from samelight.segmentation.base import Segmenter
from samelight_wire.errors import InvalidOptionError, WeightsMissingError

__all__ = ["SEGMENTERS", "Choice", "check_segmenter", "choose_segmenter"]

SEGMENTERS = ("auto", "sam", "regions", "none")
"""What a person can ask for."""


@dataclass(frozen=True)
class Choice:
    """A segmenter that is not loaded yet."""

    name: str
    """Its name, "regions" or a checkpoint's such as "sam-vit-b"."""
    open: Callable[[], Segmenter]
    """Loads it; raises WeightsCorruptError."""


def check_segmenter(wanted: str) -> None:
    """Raises InvalidOptionError where there is no such segmenter to ask for."""
    if wanted not in SEGMENTERS:
        raise InvalidOptionError(f"There is no segmenter '{wanted}'.", f"Choose one of {', '.join(SEGMENTERS)}.")


def choose_segmenter(wanted: str, device: torch.device) -> Choice | None:
    """What is used now; costs no more than a look into the weights folder.

    Args:
        wanted: one of SEGMENTERS.
        device: where a network would run.

    Returns: None where none is wanted.

    Raises:
        InvalidOptionError: it is none of them.
        WeightsMissingError: "sam" is wanted, and no checkpoint is installed.
    """
    check_segmenter(wanted)
    if wanted == "none":
        return None
    checkpoint = None if wanted == "regions" else weights.sam_checkpoint()
    if checkpoint is not None:
        return Choice(checkpoint.name, partial(_open_sam, checkpoint.path, checkpoint.name, device))
    if wanted == "sam":
        raise WeightsMissingError(
            "The settings ask for the segmenter SAM, but none of its checkpoints is installed.",
            "Run `samelight weights install sam-vit-b`, or set segmenter to auto or regions.",
        )
    return Choice("regions", _open_regions)


def _open_sam(path: Path, name: str, device: torch.device) -> Segmenter:
    from samelight.segmentation.sam import SamSegmenter, load_sam

    return SamSegmenter(load_sam(path, device), name)


def _open_regions() -> Segmenter:
    from samelight.segmentation.regions import RegionSegmenter

    return RegionSegmenter()
