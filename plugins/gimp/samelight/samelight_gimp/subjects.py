"""Which of the selected drawables are harmonized, and what is refused: each with a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from gi.repository import Gimp

from samelight_wire.errors import InputError, UnsupportedFormatError

__all__ = ["layers_to_harmonize"]

_MODES = {Gimp.ImageBaseType.GRAY: "grayscale", Gimp.ImageBaseType.INDEXED: "indexed"}

# With these a layer only covers what is below it, so that a group of such layers looks the same composed by itself.
_COVERING_MODES = (Gimp.LayerMode.NORMAL,)
_COVERING_COMPOSITES = (Gimp.LayerCompositeMode.AUTO, Gimp.LayerCompositeMode.UNION)
_COVERING_SPACES = (Gimp.LayerColorSpace.AUTO, Gimp.LayerColorSpace.RGB_LINEAR)

_ALONE = "Select the layers in the group instead, or set the group's mode to Normal."


def layers_to_harmonize(image: Gimp.Image, drawables: Sequence[Gimp.Drawable]) -> list[Gimp.Layer]:
    """The layers meant by the selected drawables, a layer for its mask, in the order of the layer list.

    Raises:
        UnsupportedFormatError: the image is not in RGB mode, or a group passes through and changes what is below it.
        InputError: nothing fit is selected, or the image has a floating selection.
    """
    _check_image(image)
    layers: list[Gimp.Layer] = []
    for drawable in drawables:
        layer = _layer_of(image, drawable)
        if layer not in layers:
            layers.append(layer)
    if not layers:
        raise InputError("No layer is selected.", "Select the layer that was pasted in.")
    return layers


def _check_image(image: Gimp.Image) -> None:
    mode = image.get_base_type()
    if mode in _MODES:
        raise UnsupportedFormatError(
            f"The image is in {_MODES[mode]} mode, but only RGB images can be harmonized.", "Choose Image > Mode > RGB."
        )
    if image.get_floating_sel() is not None:
        raise InputError(
            "The image has a floating selection.", "Make it a layer (Layer > To New Layer) or anchor it first."
        )


def _layer_of(image: Gimp.Image, drawable: Gimp.Drawable) -> Gimp.Layer:
    """The layer that a drawable stands for."""
    if not drawable.is_valid() or drawable.get_image().get_id() != image.get_id():
        raise InputError("The chosen layer is not in this image.", "Select a layer of this image.")
    layer = Gimp.Layer.from_mask(drawable) if drawable.is_layer_mask() else drawable
    if not layer.is_layer():
        raise InputError(f"“{layer.get_name()}” is a channel and no layer.", "Select a layer.")
    if layer.get_width() < 1 or layer.get_height() < 1 or (layer.is_group() and not layer.get_children()):
        raise InputError(f"The layer “{layer.get_name()}” is empty.", "Select the layer that was pasted in.")
    if _passes_through(layer):
        _check_stands_alone(layer)
    return layer


def _passes_through(layer: Gimp.Layer) -> bool:
    passes: bool = layer.is_group() and layer.get_mode() == Gimp.LayerMode.PASS_THROUGH
    return passes


def _check_stands_alone(group: Gimp.GroupLayer) -> None:
    """Raise UnsupportedFormatError for a group that passes through and changes what is below it: by itself it looks
    different, so there are no pixels that could stand for it.
    """
    if any(each.get_visible() for each in group.get_filters()):
        raise UnsupportedFormatError(
            f"The group “{group.get_name()}” passes through and has filters, which change the picture below.", _ALONE
        )
    for layer in group.get_children():
        if not layer.get_visible():
            continue
        if _passes_through(layer):
            _check_stands_alone(layer)
        elif not _only_covers(layer):
            raise UnsupportedFormatError(
                f"The group “{group.get_name()}” passes through, and “{layer.get_name()}” in it blends with the "
                "picture below.",
                _ALONE,
            )


def _only_covers(layer: Gimp.Layer) -> bool:
    """Whether a layer does nothing to what is below it but cover it."""
    return (
        layer.get_mode() in _COVERING_MODES
        and layer.get_composite_mode() in _COVERING_COMPOSITES
        and layer.get_composite_space() in _COVERING_SPACES
    )
