"""Coverage: the selection, and a layer's transparency masks, as one byte a pixel."""

from __future__ import annotations

from typing import Any

from samelight_wire import Depth, Layout, Raster, RasterFormat, Rect
from samelight_wire.errors import EmptyMaskError

__all__ = ["intersection", "mask_coverage", "read_selection", "shown_masks"]


def intersection(one: Rect, other: Rect) -> Rect | None:
    """The part that two rectangles share; None if there is none."""
    left, top = max(one.x, other.x), max(one.y, other.y)
    right = min(one.x + one.width, other.x + other.width)
    bottom = min(one.y + one.height, other.y + other.height)
    return Rect(left, top, right - left, bottom - top) if right > left and bottom > top else None


def read_selection(document: Any, layer: Rect) -> tuple[Raster, Rect] | None:
    """The selection where it meets the layer, soft edge included; None if nothing is selected.

    Raises:
        EmptyMaskError: what is selected does not touch the layer.
    """
    selection = document.selection()
    if selection is None or selection.width() < 1 or selection.height() < 1:
        return None
    bounds = Rect(selection.x(), selection.y(), selection.width(), selection.height())
    part = intersection(bounds, layer)
    if part is None:
        raise EmptyMaskError(
            "The selection does not touch the layer, so there is nothing to harmonize.",
            "Select a part of the layer, select nothing, or let the effect reach beyond the selection.",
        )
    return _coverage(part, memoryview(selection.pixelData(part.x, part.y, part.width, part.height))), part


def shown_masks(node: Any) -> list[Any]:
    """The transparency masks that hide parts of the layer at present."""
    return [child for child in node.childNodes() if child.type() == "transparencymask" and child.visible()]


def mask_coverage(masks: list[Any], copy: Any, rect: Rect) -> Raster | None:
    """What all transparency masks of a layer leave of it; None without a mask.

    Args:
        masks: the layer's visible transparency masks.
        copy: a copy of the document, in which layers may be made; unused for a single mask.
        rect: the part of the canvas that is asked for.
    """
    if not masks:
        return None
    if len(masks) == 1:
        return _coverage(rect, memoryview(masks[0].pixelData(rect.x, rect.y, rect.width, rect.height)))
    white = copy.createNode("coverage", "paintlayer")
    white.setColorSpace("RGBA", "U8", "sRGB-elle-V2-srgbtrc.icc")
    white.setPixelData(b"\xff" * (4 * rect.width * rect.height), rect.x, rect.y, rect.width, rect.height)
    copy.rootNode().addChildNode(white, None)
    for mask in masks:
        white.addChildNode(mask.duplicate(), None)
    copy.refreshProjection()
    copy.waitForDone()
    pixels = memoryview(white.projectionPixelData(rect.x, rect.y, rect.width, rect.height))
    white.remove()
    return _coverage(rect, bytes(pixels)[3::4])


def _coverage(rect: Rect, data: Any) -> Raster:
    return Raster(RasterFormat(rect.width, rect.height, Layout.MASK, Depth.U8), data)
