"""A layer with non-destructive filters, as it shows itself.

A layer's own pixels are those without its filters. The artist sees the filtered ones, and they are what has to fit to
the backdrop: so they are harmonized, and the new layer has the filters in its pixels. The original keeps its filters.

Filters may make a layer larger (a shadow, a blur). GIMP 3.0 merges such filters into a layer whose first pixels no
plug-in can read, so the layer is shown alone on a canvas with room around it, and that is read.
"""

from __future__ import annotations

from gi.repository import Gimp

from samelight_wire import Raster, Rect

from .bounds import extent, whole
from .colour import PixelFormat, layer_format
from .duplicates import duplicated, show_plainly, twin_of
from .pixels import read

__all__ = ["read_filtered"]


def read_filtered(image: Gimp.Image, layer: Gimp.Layer) -> tuple[Raster, PixelFormat, Rect]:
    """The pixels of a layer with its filters applied, their format, and where they lie on the canvas.

    Opacity, mode and mask of the layer itself are left out.
    """
    with duplicated(image) as duplicate:
        twin = _alone(duplicate, twin_of(image, duplicate, layer))
        place = extent(twin)
        across, down = _growth(duplicate, twin, place)
        width, height = place.width + 2 * across, place.height + 2 * down
        duplicate.resize(width, height, across - place.x, down - place.y)
        shown = Gimp.Layer.new_from_visible(duplicate, duplicate, "filtered")
        duplicate.insert_layer(shown, None, 0)
        duplicate.autocrop_selected_layers(shown)
        left, top = place.x - across, place.y - down
        found = extent(shown)
        form = layer_format(duplicate, shown)
        pixels = read(shown, form, whole(shown))
        return pixels, form, Rect(left + found.x, top + found.y, found.width, found.height)


def _alone(duplicate: Gimp.Image, twin: Gimp.Layer) -> Gimp.Layer:
    """Leave nothing in the duplicate but one layer, shown as if it were opaque and had no mask."""
    duplicate.reorder_item(twin, None, 0)
    for other in duplicate.get_layers()[1:]:
        duplicate.remove_layer(other)
    show_plainly(duplicate)
    if twin.get_mask() is not None:
        twin.remove_mask(Gimp.MaskApplyMode.DISCARD)
    twin.set_lock_visibility(False)
    twin.set_visible(True)
    twin.set_opacity(100.0)
    twin.set_mode(Gimp.LayerMode.NORMAL)
    twin.set_composite_mode(Gimp.LayerCompositeMode.AUTO)
    return twin


def _growth(duplicate: Gimp.Image, twin: Gimp.Layer, place: Rect) -> tuple[int, int]:
    """By how many columns and rows the filters make the layer larger, on whichever side."""
    trial = twin.copy()
    duplicate.insert_layer(trial, None, 0)
    if trial.is_group():
        trial = trial.merge()
    else:
        trial.merge_filters()
    grown = extent(trial)
    duplicate.remove_layer(trial)
    return max(0, grown.width - place.width), max(0, grown.height - place.height)
