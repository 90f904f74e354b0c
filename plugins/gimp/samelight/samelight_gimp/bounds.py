"""Where a layer shows anything, and rectangles."""

from __future__ import annotations

from gi.repository import Gimp

from samelight_wire import Depth, Layout, Raster, Rect

from .colour import PixelFormat
from .pixels import read_scaled

__all__ = ["extent", "intersect", "occupied", "occupied_in", "whole"]

THUMBNAIL = 256
ALPHA = PixelFormat("A u8", Layout.MASK, Depth.U8)
MASK = PixelFormat("Y u8", Layout.MASK, Depth.U8)


def extent(layer: Gimp.Layer) -> Rect:
    """Where a layer lies on the canvas."""
    offsets = layer.get_offsets()
    return Rect(offsets.offset_x, offsets.offset_y, layer.get_width(), layer.get_height())


def whole(drawable: Gimp.Drawable) -> Rect:
    """All of a drawable, in its own coordinates."""
    return Rect(0, 0, drawable.get_width(), drawable.get_height())


def intersect(one: Rect, other: Rect) -> Rect | None:
    """What two rectangles share; None if that is nothing."""
    left, top = max(one.x, other.x), max(one.y, other.y)
    right = min(one.x + one.width, other.x + other.width)
    bottom = min(one.y + one.height, other.y + other.height)
    return Rect(left, top, right - left, bottom - top) if right > left and bottom > top else None


def occupied(drawable: Gimp.Drawable, rect: Rect) -> Rect | None:
    """About the rectangle outside of which a layer is transparent, or a mask black.

    It is found in a thumbnail, so it may be a little too large, or miss single faint pixels. Only the choice of the
    surroundings that are sent depends on it.

    Args:
        drawable: a layer with alpha channel, or a mask.
        rect: where it lies on the canvas.

    Returns: None if nothing is there.
    """
    thumbnail = read_scaled(drawable, MASK if drawable.is_layer_mask() else ALPHA, THUMBNAIL)
    width, height, data = thumbnail.format.width, thumbnail.format.height, bytes(thumbnail.data)
    step = max(rect.width / width, rect.height / height)
    rows = [y for y in range(height) if any(data[y * width : (y + 1) * width])]
    columns = [x for x in range(width) if any(data[x::width])]
    if not rows:
        return None
    # One step more on each side, for what averaging made too faint to see.
    left, top = int((columns[0] - 1) * step), int((rows[0] - 1) * step)
    right, bottom = int((columns[-1] + 2) * step) + 1, int((rows[-1] + 2) * step) + 1
    return intersect(Rect(rect.x + left, rect.y + top, right - left, bottom - top), rect)


def occupied_in(pixels: Raster, rect: Rect) -> Rect | None:
    """The same of pixels that have been read already, RGBA of 8 bits: quicker than having GIMP read them once more.

    Args:
        pixels: the layer's own.
        rect: where they lie on the canvas.
    """
    width, height, octets = pixels.format.width, pixels.format.height, pixels.octets
    step, row = max(1, height // THUMBNAIL), 4 * width
    seen, columns = [], 0
    for y in range(0, height, step):
        alpha = bytes(octets[y * row : (y + 1) * row])[3::4]
        if alpha.strip(b"\0"):
            seen.append(y)
            columns |= int.from_bytes(alpha, "little")
    if not seen:
        return None
    line = columns.to_bytes(width, "little")
    left, right = width - len(line.lstrip(b"\0")), len(line.rstrip(b"\0"))
    # A step more on each side, for what lies between the rows that were looked at.
    top, bottom = seen[0] - step, seen[-1] + 1 + step
    return intersect(Rect(rect.x + left - step, rect.y + top, right - left + 2 * step, bottom - top), rect)
