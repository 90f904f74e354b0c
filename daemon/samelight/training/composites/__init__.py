"""Composites to learn from: photographs whose foregrounds were recoloured, or iHarmony4's, always in batches.

`CompositeMaker` and `IHarmony4Source` are sources of composites (`samelight.training.source`). In `plan` each composite
of a batch is decided by random numbers of its own; in `maker` the pixels of the whole batch follow on the device.
"""

from samelight.training.composites.batch import Composites
from samelight.training.composites.from_iharmony4 import IHarmony4Source
from samelight.training.composites.maker import CompositeMaker
from samelight.training.composites.mixed import MixedSource, Share
from samelight.training.composites.variety import FAMILIES, HARMONIOUS, PASTED, Variety

__all__ = [
    "FAMILIES",
    "HARMONIOUS",
    "PASTED",
    "CompositeMaker",
    "Composites",
    "IHarmony4Source",
    "MixedSource",
    "Share",
    "Variety",
]
