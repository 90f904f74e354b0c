"""The new layers: made completely first, then put into the image in one undo step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gi.repository import Gimp

from samelight_wire import Raster
from samelight_wire.errors import InputError

from .changes import all_layers, check_present, check_unchanged, moved
from .colour import mask_format
from .pixels import write
from .reading import Source

__all__ = ["Harmonized", "insert"]

SUFFIX = " (harmonized)"

# What only groups can have as their mode has no meaning for the layer that takes the group's place.
GROUPS_ONLY = (Gimp.LayerMode.PASS_THROUGH,)


@dataclass(frozen=True)
class Harmonized:
    """A layer and what came of it.

    source: the layer as it was read.
    pixels: its harmonized pixels, in the same format.
    """

    source: Source
    pixels: Raster


def insert(image: Gimp.Image, harmonized: Sequence[Harmonized], hide_original: bool) -> list[Gimp.Layer]:
    """Put each new layer directly above its original, and hide that, all in one undo step.

    Raises:
        InputError: image or layer were closed, deleted, scaled or changed in the meantime; then nothing is inserted.
    """
    check_present(image, [each.source for each in harmonized])
    originals = [each.source.layer for each in harmonized]
    shown = [original.get_visible() for original in originals]
    made = _make_all(image, harmonized)
    image.undo_group_start()
    try:
        for original, layer in zip(originals, made):  # noqa: B905 - strict came with Python 3.10
            _replace(image, original, layer, hide_original)
        image.set_selected_layers(made)
    except BaseException:
        _take_back(image, originals, shown, made)
        raise
    finally:
        image.undo_group_end()
    Gimp.displays_flush()
    return made


def _make_all(image: Gimp.Image, harmonized: Sequence[Harmonized]) -> list[Gimp.Layer]:
    """The new layers, in no image's list yet; if one cannot be made or would hide what is new, none is left."""
    made: list[Gimp.Layer] = []
    try:
        for each in harmonized:
            made.append(_make_layer(image, each))
        # Last of all, since making large layers takes its time and the artist may paint meanwhile.
        check_unchanged([each.source for each in harmonized])
    except BaseException:
        for layer in made:
            layer.delete()
        raise
    return made


def _replace(image: Gimp.Image, original: Gimp.Layer, layer: Gimp.Layer, hide_original: bool) -> None:
    """Put the layer directly above its original, and hide that."""
    if not image.insert_layer(layer, original.get_parent(), image.get_item_position(original)):
        raise InputError(f"GIMP could not insert the layer “{layer.get_name()}”: {Gimp.get_pdb().get_last_error()}.")
    if hide_original:
        _set_visible(original, False)


def _make_layer(image: Gimp.Image, harmonized: Harmonized) -> Gimp.Layer:
    """A new layer that is in no image's list yet: the original's look with new colours."""
    source = harmonized.source
    original, rect = source.layer, source.rect
    mode = Gimp.LayerMode.NORMAL if original.get_mode() in GROUPS_ONLY else original.get_mode()
    name = original.get_name() + SUFFIX
    layer = Gimp.Layer.new(image, name, rect.width, rect.height, source.kind, original.get_opacity(), mode)
    try:
        write(layer, source.form, harmonized.pixels)
        place = moved(source)
        layer.set_offsets(place.x, place.y)
        layer.set_blend_space(original.get_blend_space())
        layer.set_composite_space(original.get_composite_space())
        layer.set_composite_mode(original.get_composite_mode())
        layer.set_color_tag(original.get_color_tag())
        if source.mask is not None:
            _add_mask(layer, source.mask, original.get_apply_mask())
    except BaseException:
        layer.delete()
        raise
    return layer


def _add_mask(layer: Gimp.Layer, raster: Raster, applied: bool) -> None:
    """Give a layer a mask of its own with the samples of another, switched on or off."""
    mask = layer.create_mask(Gimp.AddMaskType.WHITE)
    layer.add_mask(mask)
    write(mask, mask_format(mask), raster)
    layer.set_apply_mask(applied)


def _set_visible(layer: Gimp.Layer, visible: bool) -> None:
    """Show or hide a layer, also one whose visibility is locked, which GIMP would leave as it is without a word."""
    locked = layer.get_lock_visibility()
    if locked:
        layer.set_lock_visibility(False)
    layer.set_visible(visible)
    if locked:
        layer.set_lock_visibility(True)


def _take_back(
    image: Gimp.Image, originals: Sequence[Gimp.Layer], shown: Sequence[bool], made: Sequence[Gimp.Layer]
) -> None:
    """Leave the image as it was, after an insertion that failed."""
    present = {layer.get_id() for layer in all_layers(image.get_layers())}
    for layer in made:
        if layer.get_id() in present:
            image.remove_layer(layer)
        else:
            layer.delete()
    for original, visible in zip(originals, shown):  # noqa: B905
        if original.get_visible() != visible:
            _set_visible(original, visible)
