"""What is visible below a layer: a window around it, scaled down, out of a copy of the document.

Only in a copy can layers be hidden without leaving a trace in the artist's undo history and view. Such a copy costs
little: it shares its pixels with the document.
"""

from __future__ import annotations

from typing import Any

from samelight_wire import Depth, Layout, Raster, Rect
from samelight_wire.errors import NoBackdropError

from .colour import PixelForm, form_of
from .layers import MASKS, same_node
from .qt import QImage, Qt
from .selecting import intersection

__all__ = ["hide_from", "is_empty", "read_window", "window_around"]

LONGEST = 1024
"""The longest side of a backdrop of 8 bits, which is averaged down."""

LONGEST_SAMPLED = 2048
"""The longest side of any other, of which single pixels are taken: the daemon averages these."""

# A little more context than the daemon looks at.
CONTEXT = 0.8
LEAST_CONTEXT = 80

BAND_ROWS = 16
"""Rows of the scaled picture that are made at once."""

LEAST_ROWS = 3
"""At least so many rows go into one of the scaled picture."""

_WORDS = {1: "B", 2: "H", 4: "I", 8: "Q"}


def hide_from(copy: Any, node: Any) -> None:
    """Hide a layer of the copy and everything above it, and compose the rest.

    Where the layer lies in a group, what is below it in the group still goes through the group's own opacity, masks and
    blend mode: that is how the artist sees it.
    """
    root = copy.rootNode()
    node.setVisible(False)
    while not same_node(node, root):
        parent = node.parentNode()
        siblings = parent.childNodes()
        place = [sibling.uniqueId() for sibling in siblings].index(node.uniqueId())
        for above in siblings[place + 1 :]:
            if above.type() not in MASKS:  # a group's masks stand above its layers, but belong to the group
                above.setVisible(False)
        node = parent
    copy.refreshProjection()
    copy.waitForDone()


def window_around(foreground: Rect, canvas: Rect) -> Rect:
    """The foreground with context, as far as the canvas goes.

    Raises:
        NoBackdropError: the foreground lies wholly outside of the canvas.
    """
    if intersection(foreground, canvas) is None:
        raise NoBackdropError(
            "The layer lies outside of the canvas, so there is no backdrop to take the light from.",
            "Move the layer onto the picture.",
        )
    margin = max(LEAST_CONTEXT, round(CONTEXT * (foreground.width * foreground.height) ** 0.5))
    grown = Rect(
        foreground.x - margin, foreground.y - margin, foreground.width + 2 * margin, foreground.height + 2 * margin
    )
    window = intersection(grown, canvas)
    assert window is not None  # noqa: S101 - the foreground meets the canvas
    return window


def read_window(copy: Any, window: Rect) -> tuple[Raster, Rect]:
    """The picture in a window of the copy, and the rectangle it covers: the window, but for less than one pixel of the
    scaled picture.

    Raises:
        UnsupportedFormatError: the document's colour model is not RGB or gray.
    """
    form = form_of(copy)
    averaged = form.layout is Layout.BGRA and form.depth is Depth.U8
    factor = -(-max(window.width, window.height) // (LONGEST if averaged else LONGEST_SAMPLED))
    if factor <= 1 or min(window.width, window.height) < factor:
        pixels = copy.pixelData(window.x, window.y, window.width, window.height)
        return form.raster(window.width, window.height, memoryview(pixels)), window
    columns, rows = window.width // factor, window.height // factor
    covered = Rect(window.x, window.y, columns * factor, rows * factor)
    data = (_averaged if averaged else _sampled)(copy, covered, factor, form)
    return form.raster(columns, rows, data), covered


def is_empty(picture: Raster) -> bool:
    """Whether nothing at all is visible in a picture."""
    shape = picture.format
    size = shape.layout.channels * shape.depth.bytes
    data = bytes(picture.octets)
    alphas = range(size - shape.depth.bytes, size)
    return all(data[byte::size].count(0) == shape.pixels for byte in alphas)


def _averaged(copy: Any, window: Rect, factor: int, _: PixelForm) -> bytes:
    """The window scaled down by Qt, which averages and minds transparency; band by band, to keep memory low."""
    bands = []
    for top in range(0, window.height, BAND_ROWS * factor):
        rows = min(BAND_ROWS * factor, window.height - top)
        pixels = bytes(copy.pixelData(window.x, window.y + top, window.width, rows))
        small = _scaled_band(pixels, window.width, rows, factor)
        bands.append(small.constBits().asstring(4 * small.width() * small.height()))
    return b"".join(bands)


def _scaled_band(pixels: bytes, width: int, rows: int, factor: int) -> QImage:
    """A band scaled down. Of many rows only some are looked at, and opaque pixels need no weighing: both save time."""
    skip = max(step for step in range(1, max(1, factor // LEAST_ROWS) + 1) if factor % step == 0)
    alphas = pixels[3::4]
    opaque = alphas == b"\xff" * len(alphas)
    kind = QImage.Format.Format_RGB32 if opaque else QImage.Format.Format_ARGB32
    band = QImage(pixels, width, rows // skip, 4 * width * skip, kind)
    small = band.scaled(
        width // factor,
        rows // factor,
        Qt.AspectRatioMode.IgnoreAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )
    return small.convertToFormat(QImage.Format.Format_ARGB32)


def _sampled(copy: Any, window: Rect, factor: int, form: PixelForm) -> bytearray:
    """Every so many-th pixel of every so many-th row of the window, bit for bit."""
    words = max(1, form.pixel_bytes // 8)  # a pixel of 16 bytes is two words
    kind: Any = _WORDS[form.pixel_bytes // words]
    columns, rows = window.width // factor, window.height // factor
    result = bytearray(columns * rows * form.pixel_bytes)
    target = memoryview(result).cast(kind)
    middle = factor // 2
    for row in range(rows):
        line = copy.pixelData(window.x, window.y + row * factor + middle, window.width, 1)
        source = memoryview(line).cast("B").cast(kind)
        for word in range(words):
            picked = source[middle * words + word :: factor * words][:columns]
            target[row * columns * words + word : (row + 1) * columns * words : words] = picked
    return result
