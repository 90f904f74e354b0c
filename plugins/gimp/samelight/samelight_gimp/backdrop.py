"""What is visible below a layer: a window around it with enough context, scaled down by GIMP.

GIMP shows what is below a layer only in an image without the layer and what is above. Hiding them in the artist's image
would leave traces (a changed image, undo steps), so a duplicate is taken apart instead. It shares its pixels with the
original and lives for some hundredths of a second.

A duplicate is an image that nobody sees. Should the plug-in be killed just then, it would stay in GIMP's memory: so it
is deleted before anything is awaited and before there is a Cancel button, and it carries a mark with the time, by
which the next call finds and deletes what an earlier one left behind.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gi.repository import Gimp

from samelight_wire import Raster, Rect

from .colour import backdrop_format
from .pixels import read_scaled

__all__ = ["Backdrop", "delete_left_behind", "duplicated", "read_backdrop"]

LONGEST_SIDE = 1024

# The daemon looks at this part of the foreground's mean extent on every side, and at no less than so many pixels.
CONTEXT = 0.75
LEAST_CONTEXT = 64

COMPONENTS = (Gimp.ChannelType.RED, Gimp.ChannelType.GREEN, Gimp.ChannelType.BLUE, Gimp.ChannelType.ALPHA)

MARK = "samelight-duplicate"
LEFT_BEHIND_SECONDS = 120.0


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
    _show_all_components(duplicate)
    # Filters may depend on the place or on what is around: with them, the cut comes after.
    filtered = _has_filters(duplicate.get_layers())
    if not filtered:
        _crop(duplicate, window)
    shown = Gimp.Layer.new_from_visible(duplicate, duplicate, "below")
    duplicate.insert_layer(shown, None, 0)  # so that it goes with the duplicate
    if filtered:
        _crop(duplicate, window)
    return Backdrop(read_scaled(shown, backdrop_format(duplicate, shown), LONGEST_SIDE), window)


@contextmanager
def duplicated(image: Gimp.Image) -> Iterator[Gimp.Image]:
    """A duplicate of an image, for as long as the context lasts."""
    duplicate = image.duplicate()
    try:
        mark = Gimp.Parasite.new(MARK, 0, str(time.time()).encode())
        duplicate.attach_parasite(mark)
        yield duplicate
    finally:
        duplicate.delete()


def delete_left_behind() -> None:
    """Delete the duplicates of calls that were killed."""
    for image in Gimp.get_images():
        mark = image.get_parasite(MARK)
        if mark is not None and time.time() - float(bytes(mark.get_data())) > LEFT_BEHIND_SECONDS:
            image.delete()


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


def _show_all_components(image: Gimp.Image) -> None:
    """Take away what colours the view but not the picture: the quick mask and other channels, hidden components."""
    for channel in image.get_channels():
        image.remove_channel(channel)
    for component in COMPONENTS:
        image.set_component_visible(component, True)


def _crop(image: Gimp.Image, window: Rect) -> None:
    if (window.width, window.height) != (image.get_width(), image.get_height()):
        image.crop(window.width, window.height, window.x, window.y)


def _has_filters(layers: list[Gimp.Layer]) -> bool:
    """Whether any of these layers, or of those in them, has a non-destructive filter."""
    return any(layer.get_filters() or (layer.is_group() and _has_filters(layer.get_children())) for layer in layers)
