"""A request, decoded: whose pixels they are, what is foreground, what is visible below, where the effect may show."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from samelight.compositing.buffers import alpha_channel, as_array, check_finite
from samelight.compositing.coverage import Coverage, trim
from samelight.compositing.spaces import ColourSpace, colour_space
from samelight_wire.errors import EmptyMaskError, NoBackdropError, TransparentLayerError
from samelight_wire.formats import Raster, Rect
from samelight_wire.messages import HarmonizeRequest

__all__ = ["Scene", "decode", "nothing_visible_marked"]


@dataclass(frozen=True)
class Scene:
    """A request with everything read off its formats; pixels are still the editor's own bytes."""

    layer: Raster
    """The layer; of a flattened picture all of it."""
    layer_rect: Rect
    """Where the layer lies on the canvas."""
    space: ColourSpace
    """What the layer's colours mean."""
    backdrop: Raster | None
    """What is visible below; None for a flattened picture."""
    backdrop_rect: Rect
    """The part of the canvas of which a picture is there."""
    shown: Coverage
    """Where the layer shows: its mask. Its alpha comes on top."""
    foreground: Coverage
    """Where the layer is to be harmonized: its mask and the selection. Its alpha comes on top."""
    effect: Coverage
    """Where, and how strongly, pixels may change: the selection."""
    bounds: Rect
    """The part of the canvas outside which no foreground is."""

    @property
    def pixels(self) -> NDArray[Any]:
        """The layer's samples, H x W x C, as the editor sent them."""
        return as_array(self.layer)

    @property
    def byte_length(self) -> int:
        """Bytes of the rasters that are kept."""
        masks = {id(raster): raster for raster, _ in (*self.foreground.masks, *self.effect.masks)}
        kept = [self.layer, *masks.values(), *([self.backdrop] if self.backdrop else [])]
        return sum(raster.octets.nbytes for raster in kept)

    def without_backdrop(self) -> Scene:
        """What another blend needs: pixels and masks, but not the backdrop's memory."""
        return replace(self, backdrop=None)


def decode(request: HarmonizeRequest) -> Scene:
    """Read a request.

    Raises:
        InputError: (its subclasses) rasters that do not go together, a profile that cannot be read, NaN or infinity,
            a layer or a selection with nothing in it.
    """
    _check(request)
    rect = request.layer_rect
    masks = [] if request.layer_mask is None else [(request.layer_mask, rect)]
    limits = _selection(request)
    space = colour_space(request.layer)
    return Scene(
        layer=request.layer,
        layer_rect=rect,
        space=space,
        backdrop=request.backdrop,
        backdrop_rect=rect if request.backdrop_rect is None else request.backdrop_rect,
        shown=Coverage(rect, tuple(masks)),
        foreground=Coverage(rect, (*masks, *limits)),
        effect=Coverage(rect, tuple(limits)),
        bounds=_bounds(request, masks, limits),
    )


def _check(request: HarmonizeRequest) -> None:
    """Raise what is wrong with the rasters, each by itself and together."""
    request.validate()
    named = {
        "layer": request.layer,
        "backdrop": request.backdrop,
        "selection": request.selection,
        "layer mask": request.layer_mask,
    }
    for name, raster in named.items():
        if raster is not None:
            raster.validate()
            check_finite(name, raster)


def _selection(request: HarmonizeRequest) -> list[tuple[Raster, Rect]]:
    """The selection, where it counts: always in a flattened picture, else if the artist wants it to."""
    if request.selection is None or request.selection_rect is None:
        if request.backdrop is None:
            raise NoBackdropError(
                "There is nothing below the layer and nothing is selected.", "Select the pasted object."
            )
        return []
    wanted = request.backdrop is None or request.options.limit_to_selection
    return [(request.selection, request.selection_rect)] if wanted else []


def _bounds(request: HarmonizeRequest, masks: list[tuple[Raster, Rect]], limits: list[tuple[Raster, Rect]]) -> Rect:
    """Where foreground can be: bounds of the layer's alpha and mask, then of the selection."""
    bounds: Rect | None = request.layer_rect
    alpha = alpha_channel(request.layer.format.layout)
    if alpha is not None:
        bounds = trim(request.layer, request.layer_rect, alpha, request.layer_rect)
    for mask, rect in masks:
        bounds = None if bounds is None else trim(mask, rect, 0, bounds)
    if bounds is None:
        raise TransparentLayerError()
    for selection, rect in limits:
        selected = trim(selection, rect, 0, bounds)
        if selected is None:
            raise EmptyMaskError() if trim(selection, rect, 0, rect) is None else nothing_visible_marked()
        bounds = selected
    return bounds


def nothing_visible_marked() -> EmptyMaskError:
    """The error for a selection that marks something, but nothing that can be seen."""
    return EmptyMaskError(
        "All that the mask marks is fully transparent, so there is nothing to harmonize.",
        "Mark the pasted object, or choose the layer that holds it.",
    )
