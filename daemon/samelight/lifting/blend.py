"""How much of a change an artist wants: of all of it, and of its shift of colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samelight import srgb

__all__ = ["Blend"]

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Blend:
    """What is applied of a change; by itself all."""

    strength: float = 1.0
    """0..1, a blend from before to after."""
    colour: float = 1.0
    """0..1, how much of the shift of colour is applied. At 0 every pixel only gets lighter or darker, by as much as
    with all of the shift: what the blending mode Luminosity makes of the harmonized layer over the original."""

    @property
    def is_whole(self) -> bool:
        """Whether the change is applied as it is."""
        return self.strength == 1.0 and self.colour == 1.0

    def lessen_colour(self, changed: Array, plain: Array, order: tuple[int, ...]) -> None:
        """Take the rest of the shift of colour back, in place; luma (Rec. 709's weights of code values) stays.

        Args:
            changed: C x ..., code values after the change.
            plain: the same before.
            order: which of R, G, B (or gray, which has no colour) stands at each of the C places.
        """
        if self.colour == 1.0 or len(order) == 1:
            return
        changed -= plain
        luma, term = np.zeros_like(changed[0]), np.empty_like(changed[0])
        for place, channel in enumerate(order):  # one by one, so that a pixel's value does not depend on its tile
            luma += np.multiply(changed[place], srgb.LUMINANCE[channel] * np.float32(1 - self.colour), out=term)
        changed *= np.float32(self.colour)
        changed += luma
        changed += plain

    def between(self, before: Array, after: Array) -> Array:
        """The blend of two pictures, H x W x 3 in 0..1, on the sRGB curve."""
        if self.is_whole:
            return after
        plain, changed = np.moveaxis(before, -1, 0), np.moveaxis(after, -1, 0).copy()
        self.lessen_colour(changed, plain, (0, 1, 2))
        np.clip(changed, 0, 1, out=changed)
        blended: Array = before + np.float32(self.strength) * (np.moveaxis(changed, 0, -1) - before)
        return blended
