"""What became of a layer while the daemon had it: whether the result still fits, and where it belongs.

The original is hidden below the result. What the artist painted on it meanwhile would go with it, unseen; so a layer
that changed gets no result. One that was only moved, or got another opacity, blend mode, name or mask, is followed. (A
group that was moved may count as changed: how Krita rounds what its layers make together depends on where they lie.)
"""

from __future__ import annotations

from typing import Any

from samelight_wire import Raster, Rect
from samelight_wire.errors import InputError, JobError

from .layers import check_still
from .pixels import bytes_of, is_plain, own_pixels, paint_layer_like, shown_pixels
from .reading import Reading

__all__ = ["follow"]


def follow(reading: Reading) -> tuple[Any, Rect]:
    """A layer that is in no document yet and differs from the new one by name and pixels alone, and where these belong.

    Raises:
        JobError: the layer was changed since it was read.
    """
    try:
        check_still(reading.node)
        if is_plain(reading.node):
            raster, rect = own_pixels(reading.node)
            _check_same(reading, raster)
            return reading.node.duplicate(), rect
        return _follow_shown(reading)
    except InputError as error:  # it could not even be read again: it was emptied, say
        raise _changed(reading) from error


def _follow_shown(reading: Reading) -> tuple[Any, Rect]:
    """The same for a layer that is harmonized as what it shows."""
    copy = reading.document.clone()
    try:
        twin = copy.nodeByUniqueID(reading.node.uniqueId())
        raster, rect = shown_pixels(twin, copy)
        _check_same(reading, raster)
        return paint_layer_like(twin, copy), rect
    finally:
        copy.close()


def _check_same(reading: Reading, now: Raster) -> None:
    """Raise JobError unless a layer shows what it showed when it was read, wherever that lies now."""
    then = reading.request.layer
    if (now.format, now.icc) != (then.format, then.icc) or bytes_of(now.octets) != bytes_of(then.octets):
        raise _changed(reading)


def _changed(reading: Reading) -> JobError:
    return JobError(
        f"“{reading.node.name()}” was changed while it was being harmonized, so the result was dropped: "
        "it does not have your changes.",
        "Harmonize the layer again.",
    )
