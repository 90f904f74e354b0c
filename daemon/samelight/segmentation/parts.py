"""The picture that shows into which parts a network divides the foreground by colour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFont

from samelight import srgb
from samelight.segmentation.canvas import WHITE, Canvas, smooth_labels, tinted, with_margin, write_in_place

__all__ = ["draw_parts"]

Array = NDArray[np.float32]
Pixels = NDArray[np.uint8]

# Ten colours that differ in lightness and in hue: Okabe and Ito's for those who confuse red and green, and three more.
COLOURS = np.array(
    [
        [230, 159, 0], [86, 180, 233], [0, 158, 115], [240, 228, 66], [0, 114, 178],
        [213, 94, 0], [204, 121, 167], [148, 103, 60], [235, 235, 235], [120, 90, 200],
    ],
    np.uint8,
)  # fmt: skip


def draw_parts(picture: Array, mask: Array, labels: NDArray[np.int64]) -> Pixels:
    """Draw the parts of a foreground, each in a colour of its own, numbered, over the dimmed picture.

    Beside the picture stand each part's number, its mean colour in the composite and its share of the foreground.

    Args:
        picture: H x W x 3, sRGB code values 0..1, the composite.
        mask: H x W in 0..1, the foreground.
        labels: h x w (another size with the same aspect will do), 0 outside of the foreground, else 1..K, K up to 10.

    Returns: H' x W' x 3.
    """
    canvas = Canvas.of(picture, mask)
    count = int(labels.max())
    large = smooth_labels(labels, count, *canvas.inside.shape) * canvas.inside
    image = Image.fromarray(canvas.outlined(tinted(canvas, large, COLOURS[:count])))
    for label in range(1, count + 1):
        write_in_place(image, large == label, str(label))
    return np.asarray(_with_legend(image, canvas, large, count))


def _with_legend(image: Image.Image, canvas: Canvas, labels: NDArray[np.int64], count: int) -> Image.Image:
    """The picture with one line for each part at its right."""
    sheet, draw, left = with_margin(image)
    font = ImageFont.load_default(16)
    draw.text((left, 14), "parts by colour", WHITE, ImageFont.load_default(16))
    whole = max(1, int((labels > 0).sum()))
    step = min(44, (sheet.height - 50) // max(1, count))
    for label in range(1, count + 1):
        own, y = labels == label, 44 + (label - 1) * step
        draw.rectangle([left, y, left + 22, y + step - 8], tuple(COLOURS[label - 1].tolist()))
        if own.any():
            draw.rectangle([left + 26, y, left + 62, y + step - 8], _mean_colour(canvas.colours[own]))
        draw.text((left + 70, y + step // 2 - 4), f"{label}  {_percent(own.sum() / whole)}", WHITE, font, anchor="lm")
    return sheet


def _percent(share: float) -> str:
    """A share (0..1) for people: what is there is never nothing, and what is not all is never all."""
    if 0 < share < 0.01:
        return "<1%"
    return ">99%" if 0.99 < share < 1 else f"{share:.0%}"


def _mean_colour(pixels: Pixels) -> tuple[int, ...]:
    """The mean of N x 3 pixels, taken in light."""
    light = srgb.decode(pixels.astype(np.float32) / np.float32(255)).mean(0)
    return tuple(np.rint(srgb.encode(light) * 255).astype(int).tolist())
