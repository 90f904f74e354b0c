"""One layer read with what goes with it: the request for the daemon."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from samelight_wire import HarmonizeRequest, Options, Raster, Rect, new_job
from samelight_wire.errors import InternalError, NoBackdropError

from .backdrop import hide_from, is_empty, read_window, window_around
from .pixels import is_plain, own_pixels, shown_pixels
from .selecting import mask_coverage, read_selection, shown_masks

__all__ = ["Reading", "read_layer"]


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
    seconds: float
    """How long reading took."""


@dataclass(frozen=True)
class _Pixels:
    """Pixels of a layer, where they lie, and what its masks leave of them."""

    raster: Raster
    rect: Rect
    mask: Raster | None


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
        raster, rect = own_pixels(node) if is_plain(node) else shown_pixels(twin, copy)
        mask = mask_coverage(shown_masks(twin), copy, rect)
        request = _request(document, copy, twin, _Pixels(raster, rect, mask), options)
    finally:
        copy.close()
    return Reading(document, node, node.name(), request, time.monotonic() - began)


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
