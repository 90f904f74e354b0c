"""Masks that are not white: where they name things by number, as data sets have them, they are no masks of opacity."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from samelight_wire.errors import EmptyMaskError

__all__ = ["describe_faint_mask", "refuse_labels"]

LABELS_AT_MOST = 0.2
"""Share of white. Data sets number up to some fifty things as gray values of 255, or as dark colours; an object that is
meant to take part by less than a fifth would hardly change."""
WHITE_AT_LEAST = 0.9
"""Share of white. The range of video ends at 235 of 255, and edges of small objects are soft: that is white enough."""


def refuse_labels(mask: NDArray[Any]) -> None:
    """Looks whether a mask would have an effect that one could see.

    Args:
        mask: H x W of any type; integers span their whole range.

    Raises:
        EmptyMaskError: its integers are so low that they number things, such as 0 and 1 alone.
    """
    if mask.dtype.kind != "u" or not mask.size:
        return
    most, whole = int(mask.max()), int(np.iinfo(mask.dtype).max)
    if most == 1:
        raise EmptyMaskError(
            f"The mask holds 0 and 1 only, and 1 of {whole} is no object but a trace of one.",
            f"Multiply it by {whole}: the pasted object has to be white.",
        )
    if 0 < most < LABELS_AT_MOST * whole:
        raise EmptyMaskError(
            f"{_brightest(most, whole)} It looks like a map of labels, not like a mask.",
            f"Make the pasted object white ({whole}) in the mask and all else black.",
        )


def describe_faint_mask(mask: NDArray[Any]) -> str | None:
    """What to tell of a mask whose object is gray all over, so that only a part of the effect can be seen.

    Args:
        mask: H x W of any type; integers span their whole range, floats 0..1.

    Returns: a sentence; None where the mask is white somewhere, or black everywhere (which is refused elsewhere).
    """
    if mask.dtype.kind not in "uf" or not mask.size:
        return None
    whole = int(np.iinfo(mask.dtype).max) if mask.dtype.kind == "u" else 1
    most = mask.max().item()
    if not 0 < most < WHITE_AT_LEAST * whole:
        return None
    return f"{_brightest(most, whole)} For all of it the pasted object has to be white."


def _brightest(most: float, whole: int) -> str:
    return f"The mask's brightest value is {most:g} of {whole}: at most {100 * most / whole:.0f} % of the effect."
