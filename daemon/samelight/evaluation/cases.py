"""Which pictures a report shows: each method's best, median and worst, made again when they are drawn.

Only figures are kept while thousands of pictures are measured. When all are known, a few pictures are chosen by them,
and those alone are harmonized a second time, one after the other. Every method gives the same result again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from samelight.evaluation.scores import Scores

__all__ = ["KINDS", "Case", "KeptPicture", "Kind", "choose_cases", "difference_map"]

Kind = Literal["best", "median", "worst"]
KINDS: tuple[Kind, ...] = ("best", "median", "worst")

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Case:
    """One picture that is shown, and why."""

    method: str
    """Whose case it is; all methods are shown beside it."""
    kind: Kind
    """Where it stands among the method's pictures."""
    index: int
    """Which picture: the position in the lists of `Scores`."""


@dataclass(frozen=True)
class KeptPicture:
    """Everything that is drawn of one picture, at the size that was measured."""

    index: int
    """The position in the lists of `Scores`."""
    composite: Bytes
    """H x W x 3, sRGB."""
    mask: Bytes
    """H x W, 255 is foreground."""
    real: Bytes
    """H x W x 3, sRGB."""
    results: Mapping[str, Bytes]
    """H x W x 3 by method, in the order of the tables, the composite not among them."""


def choose_cases(scores: Scores, method: str, each: int = 3) -> list[Case]:
    """A method's cases by the ratio of fMSE to the composite's: the lowest, those around the median, the highest.

    Args:
        scores: of all pictures.
        method: whose cases.
        each: how many of each kind; fewer where there are not 3 x `each` pictures. A picture is chosen once.
    """
    ratios = scores.ratios(method)
    order = sorted(range(len(ratios)), key=lambda index: (ratios[index], index))
    each = max(1, min(each, len(order) // 3))
    middle = max(0, (len(order) - each) // 2)
    best, worst = order[:each], order[-each:][::-1]
    kinds = {"best": best, "median": order[middle : middle + each], "worst": worst}
    first: dict[int, Case] = {}
    for kind in KINDS:
        for index in kinds[kind]:
            first.setdefault(index, Case(method, kind, index))
    return list(first.values())


def difference_map(picture: Bytes, real: Bytes) -> NDArray[np.float32]:
    """How far each pixel of H x W x 3 pictures is off: H x W in 0..255, the root of the channels' mean squared error.

    The mean of its squares over the foreground is the picture's fMSE.
    """
    error = picture.astype(np.float32) - real.astype(np.float32)
    return np.asarray(np.sqrt(np.square(error).mean(axis=2)), np.float32)
