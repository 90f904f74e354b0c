"""Duplicates of the artist's image, in which things can be taken apart without leaving a trace.

A duplicate shares its pixels with the original and lives for some hundredths of a second. It is an image that nobody
sees: should the plug-in be killed just then, it would stay in GIMP's memory. So every duplicate is deleted before
anything is awaited and before there is a Cancel button, and it carries a mark with the time, by which the next call
finds and deletes what an earlier one left behind.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gi.repository import Gimp

__all__ = ["delete_left_behind", "duplicated", "has_filters", "show_plainly", "twin_of"]

MARK = "samelight-duplicate"
LEFT_BEHIND_SECONDS = 120.0

COMPONENTS = (Gimp.ChannelType.RED, Gimp.ChannelType.GREEN, Gimp.ChannelType.BLUE, Gimp.ChannelType.ALPHA)


@contextmanager
def duplicated(image: Gimp.Image) -> Iterator[Gimp.Image]:
    """A duplicate of an image, for as long as the context lasts."""
    duplicate = image.duplicate()
    try:
        duplicate.attach_parasite(Gimp.Parasite.new(MARK, 0, str(time.time()).encode()))
        yield duplicate
    finally:
        duplicate.delete()


def delete_left_behind() -> None:
    """Delete the duplicates of calls that were killed."""
    for image in Gimp.get_images():
        mark = image.get_parasite(MARK)
        if mark is not None and time.time() - float(bytes(mark.get_data())) > LEFT_BEHIND_SECONDS:
            image.delete()


def twin_of(image: Gimp.Image, duplicate: Gimp.Image, layer: Gimp.Layer) -> Gimp.Layer:
    """The layer that stands in a duplicate where this one stands in the image."""
    parent = layer.get_parent()
    siblings = duplicate.get_layers() if parent is None else twin_of(image, duplicate, parent).get_children()
    return siblings[image.get_item_position(layer)]


def show_plainly(duplicate: Gimp.Image) -> None:
    """Take away what colours the view but not the picture: the quick mask and other channels, hidden components."""
    for channel in duplicate.get_channels():
        duplicate.remove_channel(channel)
    for component in COMPONENTS:
        duplicate.set_component_visible(component, True)


def has_filters(layers: Sequence[Gimp.Layer]) -> bool:
    """Whether any of these layers, or of those in them, has a non-destructive filter."""
    return any(layer.get_filters() or (layer.is_group() and has_filters(layer.get_children())) for layer in layers)
