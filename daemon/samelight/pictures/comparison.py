"""The picture that shows what was done: before and after, side by side."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from samelight.pictures.picture import Picture

__all__ = ["before_and_after"]

LARGEST_SIDE = 1600  # pixels of each half
GAP = 8  # white pixels between the halves


def before_and_after(before: Picture, after: Picture) -> Picture:
    """Both pictures side by side with a caption, opaque 8-bit RGB in the encoding of ``before``, at most 1600 pixels
    a half.
    """
    halves = [_labelled(_opaque(picture), text) for picture, text in ((before, "before"), (after, "after"))]
    width, height = halves[0].size
    sheet = Image.new("RGB", (2 * width + GAP, height), "white")
    sheet.paste(halves[0], (0, 0))
    sheet.paste(halves[1], (width + GAP, 0))
    # A gray profile does not describe RGB samples.
    return Picture(np.asarray(sheet), icc=before.icc if before.channels > 2 else None)


def _opaque(picture: Picture) -> Image.Image:
    """The picture as RGB over white."""
    pixels = picture.to_8_bit()
    image = Image.fromarray(pixels[..., 0] if picture.channels == 1 else pixels).convert("RGBA")
    image.thumbnail((LARGEST_SIDE, LARGEST_SIDE), Image.Resampling.LANCZOS)
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def _labelled(image: Image.Image, text: str) -> Image.Image:
    """The picture with a caption in its lower left corner."""
    size = max(10, image.height // 28)
    draw = ImageDraw.Draw(image)
    font, outline = ImageFont.load_default(size), max(1, size // 10)
    place = (size, image.height - size)
    draw.text(place, text, "white", font, anchor="ls", stroke_width=outline, stroke_fill="black")
    return image
