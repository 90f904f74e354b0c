"""The pixels of one layer, and the layer that takes their successors.

A paint layer is read as it is: its own pixels, without opacity and masks, off-canvas parts included; the new layer is a
duplicate of it with other pixels. Every other kind of layer (group, vector, text, clone, file, fill), and a paint layer
whose look is changed by filter, transform or colorize masks, is read as what it shows, and the new layer is a paint
layer with those pixels: a filter that stayed on the harmonized layer would change its colours once more. Transparency
masks change no colour; in either case they stay on the new layer as masks that can be edited.
"""

from __future__ import annotations

from typing import Any

from samelight_wire import Raster, Rect
from samelight_wire.errors import TransparentLayerError, UnsupportedFormatError
from samelight_wire.formats import Buffer

from .colour import form_of
from .layers import MASKS
from .qt import QByteArray
from .selecting import shown_masks

__all__ = ["bytes_of", "is_plain", "own_pixels", "paint_layer_like", "shown_pixels"]

EFFECTS = {"filtermask", "transformmask", "colorizemask"}


def bytes_of(pixels: Buffer) -> QByteArray:
    """The pixels as Qt takes them, without a copy where that can be; valid as long as they are there."""
    if hasattr(QByteArray, "fromRawData"):  # which PyQt6 leaves out
        return QByteArray.fromRawData(pixels)
    return QByteArray(bytes(pixels))


def is_plain(node: Any) -> bool:
    """Whether a layer shows its own pixels and nothing else."""
    return node.type() == "paintlayer" and not _has_effects(node)


def _has_effects(node: Any) -> bool:
    """Whether masks change the layer's look."""
    return any(child.type() in EFFECTS and child.visible() for child in node.childNodes())


def own_pixels(node: Any) -> tuple[Raster, Rect]:
    """A paint layer's own pixels, and where they lie.

    Raises:
        InputError: (its subclasses) the layer is empty or has colours that cannot be harmonized.
    """
    form, rect = form_of(node), _bounds(node)
    data = memoryview(node.pixelData(rect.x, rect.y, rect.width, rect.height))
    return form.raster(rect.width, rect.height, data), rect


def shown_pixels(twin: Any, copy: Any) -> tuple[Raster, Rect]:
    """What a layer of the copy shows, before its transparency masks, opacity and blend mode, and where.

    Raises:
        InputError: (its subclasses) the layer is empty, has colours that cannot be harmonized, or shows nothing that
            could stand for it.
    """
    form, masks = form_of(twin), shown_masks(twin)
    for mask in masks:
        mask.setVisible(False)
    if twin.type() == "grouplayer" and twin.passThroughMode():
        _check_passes_alone(twin)
        twin.setPassThroughMode(False)  # which makes Krita compose it by itself
    twin.setVisible(True)
    copy.refreshProjection()
    copy.waitForDone()
    rect = _shown_bounds(twin, copy)
    data = memoryview(twin.projectionPixelData(rect.x, rect.y, rect.width, rect.height))
    for mask in masks:
        mask.setVisible(True)
    return form.raster(rect.width, rect.height, data), rect


def _check_passes_alone(group: Any) -> None:
    """Raise UnsupportedFormatError for a group that passes through and has layers that change what is below it: without
    that it would look different, so there is no picture that could stand for it.
    """
    for layer in group.childNodes():
        if not layer.visible() or layer.type() in MASKS:
            continue
        if layer.type() == "grouplayer" and layer.passThroughMode():
            _check_passes_alone(layer)
        elif layer.type() == "filterlayer" or layer.blendingMode() != "normal":
            does = "is a filter for" if layer.type() == "filterlayer" else "blends with"
            raise UnsupportedFormatError(
                f"The group “{group.name()}” passes through, and “{layer.name()}” in it {does} the picture below.",
                "Select the layers in the group instead, or switch off the group's Pass Through.",
            )


def paint_layer_like(twin: Any, copy: Any) -> Any:
    """A paint layer with a layer's name, colour space, opacity, blend mode and transparency masks. It is made in the
    copy, since setting some of these leaves traces in the undo history.
    """
    layer = copy.createNode(twin.name(), "paintlayer")
    space = (twin.colorModel(), twin.colorDepth(), twin.colorProfile())
    if (layer.colorModel(), layer.colorDepth(), layer.colorProfile()) != space:
        layer.setColorSpace(*space)
    layer.setOpacity(twin.opacity())
    layer.setBlendingMode(twin.blendingMode())
    layer.setInheritAlpha(twin.inheritAlpha())
    layer.setColorLabel(twin.colorLabel())
    layer.setLocked(twin.locked())
    for mask in twin.childNodes():
        if mask.type() == "transparencymask":
            layer.addChildNode(mask.duplicate(), None)
    _copy_style(twin, layer, copy)
    return layer.duplicate()


def _copy_style(twin: Any, layer: Any, copy: Any) -> None:
    """Give a layer of the copy another one's layer style, which Krita draws around what the layer shows."""
    style = twin.layerStyleToAsl()
    if style:
        layer.setLayerStyleFromAsl(style)
        copy.waitForDone()  # it is set in the background


def _bounds(node: Any) -> Rect:
    """Where the layer has pixels. Raises TransparentLayerError if nowhere."""
    box = node.bounds()
    if box.width() < 1 or box.height() < 1:
        raise TransparentLayerError(f"“{node.name()}” is empty, so there is nothing to harmonize.")
    return Rect(box.x(), box.y(), box.width(), box.height())


def _shown_bounds(twin: Any, copy: Any) -> Rect:
    """Where a layer may show something: its bounds and, where masks may have moved it, the canvas too."""
    rect = _bounds(twin)
    if not _has_effects(twin):
        return rect
    right, bottom = max(rect.x + rect.width, copy.width()), max(rect.y + rect.height, copy.height())
    left, top = min(rect.x, 0), min(rect.y, 0)
    return Rect(left, top, right - left, bottom - top)
