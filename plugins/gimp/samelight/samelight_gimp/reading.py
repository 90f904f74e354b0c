"""What a request needs of a layer: its pixels as it shows them, its mask, the selection, what is below."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gi.repository import Gimp

from samelight_wire import HarmonizeRequest, Raster, Rect, new_job
from samelight_wire.errors import EmptyMaskError, NoBackdropError

from .backdrop import Backdrop, duplicated, read_backdrop
from .bounds import intersect, occupied
from .choices import Choices
from .colour import PixelFormat, layer_format, mask_format
from .pixels import read

__all__ = ["Source", "make_request", "read_surroundings"]


@dataclass(frozen=True)
class Source:
    """A layer and what has been read of it.

    layer: the layer in the artist's image; it is never written to.
    kind: with or without an alpha channel.
    rect: where its pixels lie on the canvas.
    form: the format of its pixels.
    pixels: its pixels, if they had to be read early; else they are read for the request.
    mask: its layer mask, None without one or where it is switched off.
    backdrop: what is visible below; None if there is no layer below.
    selection, selection_rect: where the effect is wanted; None without limits.
    """

    layer: Gimp.Layer
    kind: Gimp.ImageType
    rect: Rect
    form: PixelFormat
    pixels: Raster | None = None
    mask: Raster | None = None
    backdrop: Backdrop | None = None
    selection: Raster | None = None
    selection_rect: Rect | None = None

    @property
    def name(self) -> str:
        """The layer's name."""
        name: str = self.layer.get_name()
        return name


def read_surroundings(image: Gimp.Image, layer: Gimp.Layer, choices: Choices) -> Source:
    """All that is read before anything is awaited: of a duplicate, and what is small.

    Raises:
        NoBackdropError: there is nothing that the layer's light could come from.
        EmptyMaskError: the selection does not touch the layer.
    """
    with duplicated(image) as duplicate:
        twin = _twin(image, duplicate, layer)
        source = _read_layer(duplicate, layer, twin)
        selected = _selected(image, source)
        foreground = _foreground(twin, source.rect)
        if selected is not None and choices.limit_to_selection:
            foreground = intersect(foreground, selected) or selected
        source = replace(source, backdrop=read_backdrop(duplicate, twin, foreground))
    if selected is None and source.backdrop is None:
        raise NoBackdropError(
            f"There is nothing below the layer “{source.name}”, and nothing is selected.",
            "Select the pasted object, or choose a layer that lies above the picture it belongs to.",
        )
    if selected is None or (source.backdrop is not None and not choices.limit_to_selection):
        return source
    return replace(source, selection=_read_selection(image, selected), selection_rect=selected)


def make_request(source: Source, choices: Choices) -> HarmonizeRequest:
    """The request for a layer; reads its pixels, if that was not done before."""
    pixels = source.pixels
    if pixels is None:
        pixels = read(source.layer, source.form, _whole(source.layer))
    backdrop = source.backdrop
    return HarmonizeRequest(
        job=new_job(),
        layer=pixels,
        layer_rect=source.rect,
        backdrop=None if backdrop is None else backdrop.raster,
        backdrop_rect=None if backdrop is None else backdrop.rect,
        selection=source.selection,
        selection_rect=source.selection_rect,
        layer_mask=source.mask,
        options=choices.options,
    )


def _read_layer(duplicate: Gimp.Image, layer: Gimp.Layer, twin: Gimp.Layer) -> Source:
    """The layer's format, place and mask. Filters on the layer are part of what it shows: with them, its pixels are
    those of its twin with the filters merged.
    """
    filtered = bool(twin.get_filters())
    if filtered:
        if twin.is_group():
            twin = twin.merge()
        twin.merge_filters()
    form, rect = layer_format(duplicate, twin), _rect(twin)
    pixels = read(twin, form, _whole(twin)) if filtered else None
    return Source(layer, twin.type(), rect, form, pixels, _read_mask(twin))


def _twin(image: Gimp.Image, duplicate: Gimp.Image, layer: Gimp.Layer) -> Gimp.Layer:
    """The layer that stands in a duplicate where this one stands in the image."""
    parent = layer.get_parent()
    siblings = duplicate.get_layers() if parent is None else _twin(image, duplicate, parent).get_children()
    return siblings[image.get_item_position(layer)]


def _rect(layer: Gimp.Layer) -> Rect:
    offsets = layer.get_offsets()
    return Rect(offsets.offset_x, offsets.offset_y, layer.get_width(), layer.get_height())


def _whole(drawable: Gimp.Drawable) -> Rect:
    """All of a drawable, in its own coordinates."""
    return Rect(0, 0, drawable.get_width(), drawable.get_height())


def _read_mask(layer: Gimp.Layer) -> Raster | None:
    mask = layer.get_mask()
    if mask is None or not layer.get_apply_mask():
        return None
    return read(mask, mask_format(mask), _whole(mask))


def _foreground(layer: Gimp.Layer, rect: Rect) -> Rect:
    """About the part of the canvas in which the layer shows anything."""
    found = occupied(layer, rect) if layer.has_alpha() else rect
    mask = layer.get_mask()
    if found is not None and mask is not None and layer.get_apply_mask():
        masked = occupied(mask, rect)
        found = None if masked is None else intersect(found, masked)
    return found or rect


def _selected(image: Gimp.Image, source: Source) -> Rect | None:
    """The part of the layer's rectangle in which something is selected; None without a selection."""
    _, non_empty, left, top, right, bottom = Gimp.Selection.bounds(image)
    if not non_empty:
        return None
    common = intersect(Rect(left, top, right - left, bottom - top), source.rect)
    if common is None:
        raise EmptyMaskError(
            f"The selection does not touch the layer “{source.name}”.", "Select a part of the layer, or nothing."
        )
    return common


def _read_selection(image: Gimp.Image, rect: Rect) -> Raster:
    selection = image.get_selection()
    return read(selection, mask_format(selection), rect)
