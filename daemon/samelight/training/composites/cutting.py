"""Parts of photographs, cut out, perhaps mirrored, and brought to size."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

__all__ = ["Window", "cut", "place", "thinned"]


LARGEST_REDUCTION = 40
"""Of a side by a card's interpolation, at most twice this: it fails from about a hundred on."""


@dataclass(frozen=True)
class Window:
    """A rectangle of a picture, in its pixels."""

    top: int
    """First row; may lie outside where something is placed."""
    left: int
    """First column."""
    height: int
    """Rows, at least 1."""
    width: int
    """Columns, at least 1."""

    def of(self, picture: Tensor) -> Tensor:
        """The view of ... x H x W that lies in the window."""
        return picture[..., self.top : self.top + self.height, self.left : self.left + self.width]


def cut(picture: Tensor, window: Window, size: tuple[int, int], *, flip: bool) -> Tensor:
    """The part of a picture (C x H x W, any type) in a window at `size` (height, width): C x h x w, float.

    Averages over the pixels that each new pixel covers, so that nothing aliases.
    """
    part = window.of(picture)
    part = (part.flip(-1) if flip else part).float()
    if part.device.type == "cuda":
        part = thinned(part, size)
    if part.shape[-2:] == size:
        return part
    return functional.interpolate(part[None], size, mode="bilinear", antialias=True, align_corners=False)[0]


def thinned(part: Tensor, size: tuple[int, int]) -> Tensor:
    """Every n-th pixel of C x H x W where it is far larger than `size`: a card has no room for that many weights."""
    down, across = (
        max(1, side // (wanted * LARGEST_REDUCTION)) for side, wanted in zip(part.shape[1:], size, strict=True)
    )
    return part[:, ::down, ::across]


def place(part: Tensor, window: Window, canvas: Tensor) -> None:
    """Write h x w of the window's size onto a canvas H x W; what lies outside the canvas is lost."""
    top, left = max(0, window.top), max(0, window.left)
    bottom, right = min(canvas.shape[0], window.top + window.height), min(canvas.shape[1], window.left + window.width)
    if bottom > top and right > left:
        canvas[top:bottom, left:right] = part[
            top - window.top : bottom - window.top, left - window.left : right - window.left
        ]
