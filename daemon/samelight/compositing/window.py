"""Which part of the canvas the network sees, and at what size."""

from __future__ import annotations

from samelight.compositing.coverage import intersect
from samelight_wire.errors import NoBackdropError
from samelight_wire.formats import Rect

__all__ = ["choose_window", "working_size"]

# Context on every side: this part of the foreground's mean extent, and never less than so many canvas pixels.
CONTEXT = 0.75
LEAST_CONTEXT = 64

LONGEST_SIDE = 1024
"""No side of a working picture is longer, however narrow the picture is."""

# Networks halve their pictures three times; a side that is a multiple of 8 needs no padding.
MULTIPLE = 8


def choose_window(foreground: Rect, visible: Rect) -> Rect:
    """The foreground's bounds with context around, as far as the picture goes.

    Args:
        foreground: the bounds of what is to be harmonized; may lie partly outside.
        visible: the part of the canvas of which a picture was sent.

    Raises:
        NoBackdropError: the foreground lies wholly outside the picture.
    """
    margin = max(LEAST_CONTEXT, round(CONTEXT * (foreground.width * foreground.height) ** 0.5))
    grown = Rect(
        foreground.x - margin, foreground.y - margin, foreground.width + 2 * margin, foreground.height + 2 * margin
    )
    window = intersect(grown, visible)
    if window is None or intersect(foreground, visible) is None:
        raise NoBackdropError(
            "The layer lies outside of the picture below it, so there is no backdrop to take the light from.",
            "Move the layer onto the picture.",
        )
    return window


def working_size(window: Rect, side: int) -> tuple[int, int]:
    """(height, width) of the working picture: about side x side pixels, the window's aspect ratio, never enlarged."""
    scale = min(1.0, side / (window.width * window.height) ** 0.5, LONGEST_SIDE / max(window.width, window.height))
    return _round_side(window.height * scale), _round_side(window.width * scale)


def _round_side(length: float) -> int:
    if length < 4 * MULTIPLE:
        return max(1, round(length))
    return round(length / MULTIPLE) * MULTIPLE
