"""What the explaining drawings share: the composite enlarged, label maps with smooth borders, outlines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import binary_dilation, distance_transform_edt

__all__ = ["BLACK", "PAPER", "WHITE", "Canvas", "smooth_labels", "tinted", "with_margin", "write_in_place"]

Array = NDArray[np.float32]
Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]

LONGEST_SIDE = 1024  # pixels of the drawing, the margin beside it not counted

COLOURED = 0.85  # how much of an instance's place is its colour; the rest is the picture, in gray and dimmed
DIMMED = 0.55
SHADED = 0.45  # how much darker the colour is where the picture is black, so that its texture shows

LEAST_LABELLED = 0.012  # part of the picture: smaller places get no text
COARSE = 8  # pixels: where a text goes need not be known better
MARGIN = 150  # pixels beside the picture
LEAST_HEIGHT = 220

Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
PAPER: Colour = (24, 24, 24)


@dataclass(frozen=True)
class Canvas:
    """A composite at the size of the drawing."""

    colours: Pixels
    """H x W x 3."""
    inside: NDArray[np.bool_]
    """H x W: where the foreground is."""

    @classmethod
    def of(cls, picture: Array, mask: Array) -> Canvas:
        """From a picture (H x W x 3, sRGB code values 0..1) and its mask (H x W)."""
        scale = LONGEST_SIDE / max(mask.shape)
        size = max(1, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * scale))
        codes = Image.fromarray((np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8))
        cover = Image.fromarray(mask.astype(np.float32)).resize(size, Image.Resampling.BILINEAR)
        return cls(np.asarray(codes.resize(size, Image.Resampling.BICUBIC)), np.asarray(cover) > 0.5)

    @property
    def gray(self) -> Array:
        """H x W x 1, lightness in 0..1."""
        light = (self.colours @ np.array([0.3, 0.59, 0.11], np.float32))[..., None] / 255
        return light.astype(np.float32)

    def outlined(self, drawn: Pixels) -> Pixels:
        """A white line with a dark one beside it, just outside of the foreground."""
        if not self.inside.any() or self.inside.all():
            return drawn
        width = max(2, round(max(self.inside.shape) / 340))
        near = _grown(self.inside, width)
        drawn = drawn.copy()
        drawn[_grown(near, width) & ~near] = BLACK
        drawn[near & ~self.inside] = WHITE
        return drawn


def _grown(inside: NDArray[np.bool_], steps: int) -> NDArray[np.bool_]:
    """What lies inside or no more than so many pixels beside it."""
    grown: NDArray[np.bool_] = binary_dilation(inside, iterations=steps)
    return grown


def smooth_labels(labels: Labels, count: int, height: int, width: int) -> Labels:
    """The labels (0..count) at height x width with smooth borders: each pixel goes to who covers most of it."""
    best = np.zeros((height, width), np.float32)
    enlarged = np.zeros((height, width), np.int64)
    for label in range(count + 1):
        cover = Image.fromarray((labels == label).astype(np.float32))
        share = np.asarray(cover.resize((width, height), Image.Resampling.BILINEAR))
        enlarged[share > best] = label
        np.maximum(best, share, out=best)
    return enlarged


def tinted(canvas: Canvas, labels: Labels, palette: Pixels) -> Pixels:
    """The gray, dimmed picture with each label's place in its colour, and dark lines between them.

    Args:
        canvas: the composite.
        labels: H x W, 0 where the picture stays gray.
        palette: N x 3, the colours of the labels 1..N.

    Returns: H x W x 3.
    """
    light = canvas.gray
    colours = np.concatenate([np.zeros((1, 3), np.float32), palette.astype(np.float32)])[labels]
    tint = np.where(labels[..., None] > 0, COLOURED, 0.0)
    drawn = tint * colours * (1 - SHADED + SHADED * light) + (1 - tint) * 255 * DIMMED * light
    border = np.zeros(labels.shape, np.bool_)
    border[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    border[1:] |= labels[1:] != labels[:-1]
    drawn[border] /= 3
    codes: Pixels = (drawn + 0.5).astype(np.uint8)
    return codes


def write_in_place(image: Image.Image, place: NDArray[np.bool_], text: str) -> None:
    """Writes a short text where a place (H x W) has most room, if it is not very small."""
    coarse = place[::COARSE, ::COARSE]
    if coarse.mean() < LEAST_LABELLED:
        return
    room = distance_transform_edt(np.pad(coarse, 1))[1:-1, 1:-1]
    y, x = np.unravel_index(int(room.argmax()), room.shape)
    font = ImageFont.load_default(min(30, max(14, round(0.7 * COARSE * float(room[y, x])))))
    draw = ImageDraw.Draw(image)
    draw.text((COARSE * int(x), COARSE * int(y)), text, WHITE, font, anchor="mm", stroke_width=2, stroke_fill=BLACK)


def with_margin(image: Image.Image) -> tuple[Image.Image, ImageDraw.ImageDraw, int]:
    """The picture on a sheet with room at its right; a pen for the sheet, and the column where the room begins."""
    sheet = Image.new("RGB", (image.width + MARGIN, max(image.height, LEAST_HEIGHT)), PAPER)
    sheet.paste(image, (0, 0))
    return sheet, ImageDraw.Draw(sheet), image.width + 16
