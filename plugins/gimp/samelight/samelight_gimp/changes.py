"""What the artist did to layers while they were being harmonized.

A layer that was moved is followed. Where pixels, mask or filters are other ones now, the new layer would hide what the
artist has just done, so it is not inserted: harmonizing again takes seconds, and nothing that was painted is lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gi.repository import Gimp

from samelight_wire import Rect
from samelight_wire.errors import InputError

from .bounds import extent, whole
from .pixels import checksum, checksum_of
from .reading import Source, filters_of, read_mask

__all__ = ["all_layers", "check_present", "check_unchanged", "moved"]

AGAIN = "Harmonize it again."


def check_present(image: Gimp.Image, sources: Sequence[Source]) -> None:
    """Make sure that layers which have been read are still there, in their size.

    Raises:
        InputError: the image was closed, or a layer deleted or scaled.
    """
    if not image.is_valid():
        raise InputError("The image was closed while its layer was being harmonized.", "Open it and try again.")
    present = {layer.get_id() for layer in all_layers(image.get_layers())}
    for source in sources:
        if source.layer.get_id() not in present:
            raise InputError(
                "A layer was deleted while it was being harmonized, so nothing was changed.",
                "Undo the deletion and harmonize again, if you want it back.",
            )
        now = extent(source.layer)
        if (now.width, now.height) != (source.extent.width, source.extent.height):
            raise InputError(
                f"The layer “{source.name}” got another size while it was being harmonized, so nothing was changed.",
                AGAIN,
            )


def check_unchanged(sources: Sequence[Source]) -> None:
    """Make sure that layers which are still there, and their masks, look as they did when they were read: the new
    layers would hide what is new.

    Raises:
        InputError: there are other pixels, in a layer, a mask or a layer of a group, or other filters.
    """
    for source in sources:
        what = "layer" if _looks_new(source) else "mask of the layer" if _is_masked_anew(source) else None
        if what is not None:
            raise InputError(
                f"The {what} “{source.name}” was changed while it was being harmonized. So that nothing new is hidden, "
                "no layer was inserted.",
                AGAIN,
            )


def moved(source: Source) -> Rect:
    """Where the harmonized pixels belong: if the artist has moved the layer since, they have moved too."""
    now, then, rect = extent(source.layer), source.extent, source.rect
    return Rect(rect.x + now.x - then.x, rect.y + now.y - then.y, rect.width, rect.height)


def all_layers(layers: Sequence[Gimp.Layer]) -> Iterator[Gimp.Layer]:
    """These layers and all that are in them."""
    for layer in layers:
        yield layer
        if layer.is_group():
            yield from all_layers(layer.get_children())


def _looks_new(source: Source) -> bool:
    if filters_of(source.layer) != source.filters:
        return True
    return checksum(source.layer, source.own_form, whole(source.layer)) != source.checksum


def _is_masked_anew(source: Source) -> bool:
    now = read_mask(source.layer, moved(source))
    if now is None or source.mask is None:
        return now is not source.mask
    return checksum_of(now) != checksum_of(source.mask)
