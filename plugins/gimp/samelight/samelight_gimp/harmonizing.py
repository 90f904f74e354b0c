"""The whole way of a call, from the selected layers to the new ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gi.repository import Gimp

from samelight_wire import EventLoopClient, Progress
from samelight_wire.errors import SamelightError

from .changes import check_present
from .choices import Choices
from .duplicates import delete_left_behind
from .inserting import Harmonized, insert
from .reading import Source, make_request, read_pixels, read_surroundings
from .subjects import layers_to_harmonize
from .waiting import STAGES, connect, harmonize

__all__ = ["harmonize_layers"]


def harmonize_layers(image: Gimp.Image, drawables: Sequence[Gimp.Drawable], choices: Choices) -> list[Gimp.Layer]:
    """Harmonize the layers meant by the selected drawables; the new layers.

    Nothing in the image changes before all results are here, and there is a Cancel button, which kills this process,
    only while the daemon is looked for and between the first and the last request: never while a duplicate exists or
    layers are being inserted.

    Raises:
        SamelightError: with a sentence for the artist; the image is as it was.
    """
    delete_left_behind()
    layers = layers_to_harmonize(image, drawables)
    with connect() as client:
        alone = len(layers) == 1
        sources = [read_surroundings(image, layer, choices, early=alone) for layer in layers]
        Gimp.progress_init("Harmonizing")
        harmonized = []
        for index, source in enumerate(sources):
            check_present(image, [source])  # the artist goes on working while the one before is waited for
            report = _Report(source.name, index, len(sources))
            try:
                harmonized.append(_harmonize_layer(client, source, choices, report))
            except SamelightError as error:
                raise _naming(error, source, len(sources)) from error
        Gimp.progress_end()
    return insert(image, harmonized, choices.hide_original)


def _harmonize_layer(client: EventLoopClient, source: Source, choices: Choices, report: _Report) -> Harmonized:
    """Have one layer harmonized. Its own pixels are not kept: of several layers they would take much memory."""
    pixels, own = read_pixels(source)
    result = harmonize(client, make_request(source, pixels, choices), report)
    return Harmonized(replace(source, pixels=None, checksum=own), result.layer)


class _Report:
    """Shows the daemon's progress with one of several layers in GIMP's status bar."""

    def __init__(self, name: str, index: int, count: int) -> None:
        self._title = f"Harmonizing “{name}”" + (f" ({index + 1} of {count})" if count > 1 else "")
        self._index, self._count = index, count
        Gimp.progress_set_text(self._title)

    def __call__(self, progress: Progress) -> None:
        stage = STAGES.get(progress.stage, progress.stage)
        Gimp.progress_set_text(f"{self._title}: {stage}")
        Gimp.progress_update((self._index + progress.fraction) / self._count)


def _naming(error: SamelightError, source: Source, count: int) -> SamelightError:
    """The error with the name of the layer it is about, where there are several."""
    if count == 1:
        return error
    named = type(error)(f"“{source.name}”: {error.message} No layer was changed.", error.hint)
    named.code = error.code
    return named
