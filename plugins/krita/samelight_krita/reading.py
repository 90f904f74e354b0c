"""One layer read: the request for the daemon, and the layer that will take the result.

A paint layer is read as it is: its own pixels, without opacity and masks, off-canvas parts included; the new layer is a
duplicate of it with other pixels. Every other kind of layer (group, vector, text, clone, file, fill), and a paint layer
whose look is changed by filter, transform or colorize masks, is read as what it shows, and the new layer is a paint
layer with those pixels: a filter that stayed on the harmonized layer would change its colours once more. Transparency
masks change no colour; in either case they stay on the new layer as masks that can be edited.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from samelight_wire import HarmonizeRequest, Options, Raster, Rect, new_job
from samelight_wire.errors import InternalError, NoBackdropError, TransparentLayerError, UnsupportedFormatError

from .backdrop import hide_from, is_empty, read_window, window_around
from .colour import form_of
from .layers import MASKS
from .selecting import mask_coverage, read_selection, shown_masks

__all__ = ["Reading", "read_layer"]

EFFECTS = {"filtermask", "transformmask", "colorizemask"}


@dataclass(frozen=True)
class Reading:
    """A layer that was read."""

    document: Any
    """Krita's document."""
    node: Any
    """The layer."""
    name: str
    """The layer's name."""
    request: HarmonizeRequest
    """What the daemon is asked."""
    replacement: Any
    """A layer that is in no document yet and differs from the new one by its pixels alone."""
    seconds: float
    """How long reading took."""


@dataclass(frozen=True)
class _Pixels:
    """Pixels of a layer, and the layer that will take their successors."""

    raster: Raster
    rect: Rect
    mask: Raster | None
    replacement: Any


def read_layer(document: Any, node: Any, options: Options) -> Reading:
    """Read a layer with its backdrop and the selection. The document stays as it is.

    Raises:
        InputError: (its subclasses) the layer is empty, has colours that cannot be harmonized, or nothing is below it.
    """
    began = time.monotonic()
    copy = document.clone()
    try:
        twin = copy.nodeByUniqueID(node.uniqueId())
        if twin is None:
            raise InternalError("Krita's copy of the document lacks the layer.")
        pixels = _own_pixels(node, copy) if _is_plain(node) else _shown_pixels(twin, copy)
        request = _request(document, copy, twin, pixels, options)
    finally:
        copy.close()
    return Reading(document, node, node.name(), request, pixels.replacement, time.monotonic() - began)


def _is_plain(node: Any) -> bool:
    """Whether a layer shows its own pixels and nothing else."""
    return node.type() == "paintlayer" and not _has_effects(node)


def _has_effects(node: Any) -> bool:
    """Whether masks change the layer's look."""
    return any(child.type() in EFFECTS and child.visible() for child in node.childNodes())


# ---- the layer ----


def _own_pixels(node: Any, copy: Any) -> _Pixels:
    """A paint layer's own pixels."""
    form, rect = form_of(node), _bounds(node)
    data = memoryview(node.pixelData(rect.x, rect.y, rect.width, rect.height))
    mask = mask_coverage(shown_masks(node), copy, rect)
    return _Pixels(form.raster(rect.width, rect.height, data), rect, mask, node.duplicate())


def _shown_pixels(twin: Any, copy: Any) -> _Pixels:
    """What a layer of the copy shows, before its transparency masks, opacity and blend mode."""
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
    mask = mask_coverage(masks, copy, rect)
    return _Pixels(form.raster(rect.width, rect.height, data), rect, mask, _paint_layer_like(twin, copy))


def _check_passes_alone(group: Any) -> None:
    """Raise UnsupportedFormatError for a group that passes through and has layers that change what is below it: without
    that it would look different, so there is no picture that could stand for it.
    """
    for layer in group.childNodes():
        if not layer.visible() or layer.type() in MASKS:
            continue
        if layer.type() == "grouplayer" and layer.passThroughMode():
            _check_passes_alone(layer)
        elif layer.blendingMode() != "normal":
            raise UnsupportedFormatError(
                f"The group “{group.name()}” passes through, and “{layer.name()}” in it blends with the picture below.",
                "Select the layers in the group instead, or switch off the group's Pass Through.",
            )


def _paint_layer_like(twin: Any, copy: Any) -> Any:
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


# ---- what goes with it ----


def _request(document: Any, copy: Any, twin: Any, pixels: _Pixels, options: Options) -> HarmonizeRequest:
    """The request for these pixels: with a backdrop or, if nothing is visible below, with the selection alone."""
    canvas = Rect(0, 0, document.width(), document.height())
    limits = read_selection(document, pixels.rect) if options.limit_to_selection else None
    window = window_around(pixels.rect if limits is None else limits[1], canvas)
    hide_from(copy, twin)
    backdrop, covered = read_window(copy, window)
    if not is_empty(backdrop):
        return _make(pixels, options, backdrop=(backdrop, covered), selection=limits)
    limits = limits or read_selection(document, pixels.rect)
    if limits is None:
        raise NoBackdropError(
            f"Nothing is visible below “{twin.name()}”, so there is no backdrop to take the light from.",
            "Show a layer below it; or, in a flattened picture, select the pasted object.",
        )
    return _make(pixels, options, selection=limits)


def _make(
    pixels: _Pixels,
    options: Options,
    backdrop: tuple[Raster, Rect] | None = None,
    selection: tuple[Raster, Rect] | None = None,
) -> HarmonizeRequest:
    return HarmonizeRequest(
        job=new_job(),
        layer=pixels.raster,
        layer_rect=pixels.rect,
        backdrop=backdrop[0] if backdrop else None,
        backdrop_rect=backdrop[1] if backdrop else None,
        selection=selection[0] if selection else None,
        selection_rect=selection[1] if selection else None,
        layer_mask=pixels.mask,
        options=options,
    )
