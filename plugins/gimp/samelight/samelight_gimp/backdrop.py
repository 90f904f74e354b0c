"""What is visible below a layer: a window around it with enough context, scaled down by GIMP.

GIMP shows what is below a layer only in an image without the layer and what is above. Hiding them in the artist's image
would leave traces (a changed image, undo steps), so a duplicate is taken apart instead.
"""

from __future__ import annotations

from dataclasses import dataclass

from gi.repository import Gimp

from samelight_wire import Raster, Rect

from .colour import backdrop_format
from .duplicates import has_filters, show_plainly
from .pixels import read_scaled

__all__ = ["Backdrop", "read_backdrop"]

LONGEST_SIDE = 1024

# The daemon looks at this part of the foreground's mean extent on every side, and at no less than so many pixels.
CONTEXT = 0.75
LEAST_CONTEXT = 64


@dataclass(frozen=True)
class Backdrop:
    """What is visible below a layer.

    raster: its pixels, scaled down to at most 1024 on a side.
    rect: the part of the canvas that it shows.
    """

    raster: Raster
    rect: Rect


def read_backdrop(duplicate: Gimp.Image, layer: Gimp.Layer, foreground: Rect) -> Backdrop | None:
    """Take a duplicate apart until it shows what is below a layer, and read that.

    Args:
        duplicate: the duplicate; of no other use afterwards.
        layer: the layer in the duplicate.
        foreground: what is to be harmonized, on the canvas.

    Returns: None if no layer is below, or the layer lies outside of the canvas.
    """
    window = _window(duplicate, foreground)
    _remove_from(duplicate, layer)
    if window is None or not duplicate.get_layers():
        return None
    show_plainly(duplicate)
    # Filters may depend on the place or on what is around: with them, the cut comes after.
    filtered = has_filters(duplicate.get_layers())
    if not filtered:
        _crop(duplicate, window)
    shown = Gimp.Layer.new_from_visible(duplicate, duplicate, "below")
    duplicate.insert_layer(shown, None, 0)  # so that it goes with the duplicate
    if filtered:
        _crop(duplicate, window)
    return Backdrop(read_scaled(shown, backdrop_format(duplicate, shown), LONGEST_SIDE), window)


def _window(image: Gimp.Image, foreground: Rect) -> Rect | None:
    """The foreground with context around, as far as the canvas goes; None if it lies outside of the canvas."""
    margin = max(LEAST_CONTEXT, round(CONTEXT * (foreground.width * foreground.height) ** 0.5))
    left, top = max(0, foreground.x - margin), max(0, foreground.y - margin)
    right = min(image.get_width(), foreground.x + foreground.width + margin)
    bottom = min(image.get_height(), foreground.y + foreground.height + margin)
    inside = foreground.x < image.get_width() and foreground.y < image.get_height()
    inside = inside and foreground.x + foreground.width > 0 and foreground.y + foreground.height > 0
    return Rect(left, top, right - left, bottom - top) if inside else None


def _remove_from(image: Gimp.Image, layer: Gimp.Layer) -> None:
    """Remove a layer, and all that is above it in its group and in the groups around."""
    doomed = [layer]
    item: Gimp.Layer | None = layer
    while item is not None:
        parent = item.get_parent()
        siblings = image.get_layers() if parent is None else parent.get_children()
        doomed += siblings[: image.get_item_position(item)]
        item = parent
    for each in doomed:
        image.remove_layer(each)


def _crop(image: Gimp.Image, window: Rect) -> None:
    if (window.width, window.height) != (image.get_width(), image.get_height()):
        image.crop(window.width, window.height, window.x, window.y)
