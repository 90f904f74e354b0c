"""The segmenter of the commands that run networks on composites by themselves: train and evaluate."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from samelight.training.trainer import Segment

__all__ = ["segment_for"]


def segment_for(model: str) -> Segment | None:
    """What finds the instances of composites for a network that reads them: the embedded segmenter; else None.

    Raises: UnknownModelError.
    """
    from samelight.harmonizers import describe

    if not describe(model).needs_instances:
        return None
    from samelight.segmentation import find_in_batch
    from samelight.segmentation.regions import RegionSegmenter

    return partial(find_in_batch, RegionSegmenter())
