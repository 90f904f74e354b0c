"""What a request needs of a layer: its pixels as it shows them, its mask, the selection, what is below."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gi.repository import Gimp

from samelight_wire import Depth, HarmonizeRequest, Layout, Raster, Rect, new_job
from samelight_wire.errors import EmptyMaskError, NoBackdropError

from .backdrop import Backdrop, read_backdrop
from .bounds import extent, intersect, occupied, occupied_in, whole
from .choices import Choices
from .colour import PixelFormat, layer_format, mask_format
from .duplicates import duplicated, has_filters, twin_of
from .filtered import read_filtered
from .pixels import checksum, checksum_of, read

__all__ = ["Source", "filters_of", "make_request", "read_mask", "read_pixels", "read_surroundings"]


@dataclass(frozen=True)
class Source:
    """A layer and what has been read of it.

    layer: the layer in the artist's image; it is never written to.
    extent: where it lay on the canvas then.
    rect: where the pixels lie that are harmonized; other than the extent only if filters made the layer larger.
    form: the format of the pixels.
    own_form: the format of the layer's own pixels, without its filters.
    pixels: the pixels, if they were read early; else they are read for the request.
    checksum: of the layer's own pixels, for comparison later; None as long as nobody has asked for it.
    filters: which filters the layer had, and whether they were switched on.
    trimmed: whether the pixels' edges are where they begin to show something.
    mask: its layer mask; None without one.
    backdrop: what is visible below; None if there is no layer below.
    selection: where the effect is wanted; None without limits.
    selection_rect: the part of the canvas that the selection covers.
    """

    layer: Gimp.Layer
    extent: Rect
    rect: Rect
    form: PixelFormat
    own_form: PixelFormat
    filters: tuple[tuple[int, bool], ...]
    pixels: Raster | None = None
    checksum: int | None = None
    mask: Raster | None = None
    backdrop: Backdrop | None = None
    selection: Raster | None = None
    selection_rect: Rect | None = None
    trimmed: bool = False

    @property
    def name(self) -> str:
        """The layer's name."""
        name: str = self.layer.get_name()
        return name

    @property
    def kind(self) -> Gimp.ImageType:
        """The kind of layer that takes such pixels."""
        return Gimp.ImageType.RGBA_IMAGE if self.form.layout is Layout.RGBA else Gimp.ImageType.RGB_IMAGE


def read_surroundings(image: Gimp.Image, layer: Gimp.Layer, choices: Choices, *, early: bool) -> Source:
    """All that is read before anything is awaited: what takes a duplicate, and what is small.

    Args:
        image: the artist's image.
        layer: one of its layers.
        choices: what the artist chose.
        early: whether the layer's pixels are read too; of several layers that would take much memory.

    Raises:
        NoBackdropError: there is nothing that the layer's light could come from.
        EmptyMaskError: the selection does not touch the layer.
    """
    source = _read_layer(image, layer, early)
    selected = _selected(image, source)
    foreground = _foreground(source)
    if selected is not None and choices.limit_to_selection:
        foreground = intersect(foreground, selected) or selected
    with duplicated(image) as duplicate:
        backdrop = read_backdrop(duplicate, twin_of(image, duplicate, layer), foreground)
    if backdrop is None and selected is None:
        raise _no_backdrop(image, source)
    source = replace(source, backdrop=backdrop)
    if selected is None or (backdrop is not None and not choices.limit_to_selection):
        return source
    return replace(source, selection=_read_selection(image, selected), selection_rect=selected)


def read_pixels(source: Source) -> tuple[Raster, int]:
    """The pixels that are harmonized, read now if that was not done before, and the checksum of the layer's own."""
    pixels = source.pixels or read(source.layer, source.form, whole(source.layer))
    return pixels, checksum_of(pixels) if source.checksum is None else source.checksum


def make_request(source: Source, pixels: Raster, choices: Choices) -> HarmonizeRequest:
    """The request for a layer with these pixels."""
    backdrop = source.backdrop
    return HarmonizeRequest(
        job=new_job(),
        layer=pixels,
        layer_rect=source.rect,
        backdrop=None if backdrop is None else backdrop.raster,
        backdrop_rect=None if backdrop is None else backdrop.rect,
        selection=source.selection,
        selection_rect=source.selection_rect,
        layer_mask=source.mask if source.layer.get_apply_mask() else None,
        options=choices.options,
    )


def _read_layer(image: Gimp.Image, layer: Gimp.Layer, early: bool) -> Source:
    """The layer's place, format and mask; its pixels too if they are wanted, or where filters are part of them."""
    place, own_form = extent(layer), layer_format(image, layer)
    if has_filters([layer]):
        own, filters = checksum(layer, own_form, whole(layer)), filters_of(layer)
        pixels, form, rect = read_filtered(image, layer)
        mask = read_mask(layer, rect)
        return Source(layer, place, rect, form, own_form, filters, pixels, own, mask, trimmed=True)
    read_now = read(layer, own_form, whole(layer)) if early else None
    return Source(layer, place, place, own_form, own_form, (), read_now, mask=read_mask(layer, place))


def filters_of(layer: Gimp.Layer) -> tuple[tuple[int, bool], ...]:
    """Which filters a layer has, and whether they are switched on.

    Their settings are left out: with some of them (curves) GIMP 3.0 crashes.
    """
    return tuple((each.get_id(), each.get_visible()) for each in layer.get_filters())


def read_mask(layer: Gimp.Layer, rect: Rect) -> Raster | None:
    """The layer's mask over a part of the canvas; black outside of the layer."""
    mask = layer.get_mask()
    if mask is None:
        return None
    place = extent(layer)
    return read(mask, mask_format(mask), Rect(rect.x - place.x, rect.y - place.y, rect.width, rect.height))


def _foreground(source: Source) -> Rect:
    """About the part of the canvas in which the layer shows anything."""
    layer, rect = source.layer, source.rect
    if source.trimmed:
        return rect
    found = _shown(source) if layer.has_alpha() else rect
    if found is not None and source.mask is not None and layer.get_apply_mask():
        masked = occupied(layer.get_mask(), rect)
        found = None if masked is None else intersect(found, masked)
    return found or rect


def _shown(source: Source) -> Rect | None:
    """About where the layer's alpha channel lets something show."""
    if source.pixels is not None and (source.form.layout, source.form.depth) == (Layout.RGBA, Depth.U8):
        return occupied_in(source.pixels, source.rect)
    return occupied(source.layer, source.rect)


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


def _no_backdrop(image: Gimp.Image, source: Source) -> NoBackdropError:
    canvas = Rect(0, 0, image.get_width(), image.get_height())
    if intersect(source.rect, canvas) is None:
        return NoBackdropError(
            f"The layer “{source.name}” lies outside of the image, so there is nothing to take the light from.",
            "Move the layer onto the picture.",
        )
    return NoBackdropError(
        f"There is nothing below the layer “{source.name}”, and nothing is selected.",
        "Select the pasted object, or choose a layer that lies above the picture it belongs to.",
    )
