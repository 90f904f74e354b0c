"""How much of a change an artist wants: of all of it, and of its shift of colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samelight import srgb
from samelight.lifting.gamut import clip_keeping_hue

__all__ = ["Blend"]

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Blend:
    """What is applied of a change; by itself all."""

    strength: float = 1.0
    """0..1, a blend from before to after."""
    colour: float = 1.0
    """0..1, how much of the shift of colour is applied. At 0 every pixel only gets lighter or darker, its luma as with
    all of the shift: darker in proportion, so that strong colours do not glow in the dark, lighter by as much in each
    channel, so that dark places do not take on colour."""

    @property
    def is_whole(self) -> bool:
        """Whether the change is applied as it is."""
        return self.strength == 1.0 and self.colour == 1.0

    def needs_plain(self, channels: int) -> bool:
        """Whether the colours of before are needed beside those of after; gray has no colour to be lessened."""
        return self.strength != 1.0 or (self.colour != 1.0 and channels > 1)

    def lessen_colour(self, changed: Array, plain: Array, order: tuple[int, ...]) -> None:
        """Take the rest of the shift of colour back, in place; luma (Rec. 709's weights of code values) stays.

        In layers of other primaries than sRGB's the weights are not quite theirs: what is taken for brightness then
        differs by a few levels where colours shift far.

        Args:
            changed: C x ..., code values after the change.
            plain: the same before.
            order: which of R, G, B (or gray) stands at each of the C places.
        """
        if self.colour == 1.0 or len(order) == 1:
            return
        before = _luma(plain, order)
        shift = _luma(changed, order)
        shift -= before
        darker = np.divide(np.minimum(shift, 0), before, out=np.zeros_like(before), where=before > 0)
        np.maximum(darker, -1, out=darker)
        kept, rest = np.float32(self.colour), np.float32(1 - self.colour)
        share, lighter, term = rest * (1 + darker), rest * np.maximum(shift, 0), before
        for after, own in zip(changed, plain, strict=True):
            after *= kept
            after += np.multiply(own, share, out=term)
            after += lighter

    def between(self, before: Array, after: Array) -> Array:
        """The blend of two pictures, H x W x 3 in 0..1, on the sRGB curve."""
        if self.is_whole:
            return after
        plain, changed = np.moveaxis(before, -1, 0), np.moveaxis(after, -1, 0).copy()
        self.lessen_colour(changed, plain, (0, 1, 2))
        clip_keeping_hue(changed, 1.0)
        blended: Array = before + np.float32(self.strength) * (np.moveaxis(changed, 0, -1) - before)
        return blended


def _luma(planes: Array, order: tuple[int, ...]) -> Array:
    """The luma of code values, added up one by one, so that a pixel's value does not depend on its tile."""
    luma: Array = planes[0] * srgb.LUMINANCE[order[0]]
    term = np.empty_like(luma)
    for plane, channel in zip(planes[1:], order[1:], strict=True):
        luma += np.multiply(plane, srgb.LUMINANCE[channel], out=term)
    return luma
