"""Masks that name things by number, as data sets have them, are no masks of opacity: 1 of 255 is next to nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from samelight_wire.errors import EmptyMaskError

__all__ = ["refuse_labels"]


def refuse_labels(mask: NDArray[Any]) -> None:
    """Looks whether a mask would have an effect that one could see.

    Args:
        mask: H x W of any type; integers span their whole range.

    Raises:
        EmptyMaskError: its integers are 0 and 1 alone.
    """
    if mask.dtype.kind == "u" and mask.size and mask.max() == 1:
        whole = np.iinfo(mask.dtype).max
        raise EmptyMaskError(
            f"The mask holds 0 and 1 only, and 1 of {whole} is no object but a trace of one.",
            f"Multiply it by {whole}: the pasted object has to be white.",
        )
