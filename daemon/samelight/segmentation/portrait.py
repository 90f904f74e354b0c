"""The picture that shows who looks like whom: instances coloured by their similarity to the foreground."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import distance_transform_edt

from samelight.instances import Instances
from samelight.segmentation.ramp import ramp

__all__ = ["draw_similarity"]

Array = NDArray[np.float32]
Pixels = NDArray[np.uint8]

LONGEST_SIDE = 1024  # pixels of the drawing, the scale beside it not counted

COLOURED = 0.85  # how much of an instance's place is its colour; the rest is the picture, in gray and dimmed
DIMMED = 0.55
SHADED = 0.45  # how much darker the colour is where the picture is black, so that its texture shows

LEAST_LABELLED = 0.012  # part of the picture: smaller instances get no figure

# A range of similarities narrower than this is not spread over the whole scale: the difference would be a pretence.
LEAST_RANGE = 0.1

Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
PAPER: Colour = (24, 24, 24)


def draw_similarity(picture: Array, mask: Array, instances: Instances) -> Pixels:
    """Draw the instances over a composite.

    The foreground keeps its colours and gets a white outline, everything else is gray and dim, tinted on the ramp
    from violet (the least similar instance of this picture) to yellow (the most similar one); what belongs to no
    instance stays gray. A scale beside the picture gives the figures.

    Args:
        picture: H x W x 3, sRGB code values 0..1.
        mask: H x W in 0..1, the foreground.
        instances: of one picture, of any size with the same aspect.

    Returns: H' x W' x 3.
    """
    height, width = _drawing_size(*mask.shape)
    colours = _enlarged(np.asarray(Image.fromarray(_to_codes(picture))), height, width)
    inside = (
        np.asarray(Image.fromarray(mask.astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC)) > 0.5
    )
    similarity = instances.similarity[0].numpy()
    labels = _enlarged_labels(instances.labels[0].numpy(), len(similarity), height, width)
    low, high = _range(similarity)
    canvas = _tinted(colours, labels, similarity, low, high)
    canvas = _with_lines(canvas, labels, inside)
    canvas[inside] = colours[inside]
    image = Image.fromarray(_outlined(canvas, inside))
    _write_figures(image, np.where(inside, 0, labels), similarity)
    return np.asarray(_with_scale(image, low, high, empty=not len(similarity)))


def _drawing_size(height: int, width: int) -> tuple[int, int]:
    scale = LONGEST_SIDE / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def _to_codes(picture: Array) -> Pixels:
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)


def _enlarged(pixels: Pixels, height: int, width: int) -> Pixels:
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC))


def _enlarged_labels(labels: NDArray[np.int64], count: int, height: int, width: int) -> NDArray[np.int64]:
    """The labels (0..count) at height x width with smooth borders: each pixel goes to who covers most of it."""
    best = np.zeros((height, width), np.float32)
    enlarged = np.zeros((height, width), np.int64)
    for label in range(count + 1):
        cover = Image.fromarray((labels == label).astype(np.float32))
        share = np.asarray(cover.resize((width, height), Image.Resampling.BILINEAR))
        enlarged[share > best] = label
        np.maximum(best, share, out=best)
    return enlarged


def _range(similarity: Array) -> tuple[float, float]:
    """The ends of the colour scale."""
    if not len(similarity):
        return 0.0, 1.0
    low, high = float(similarity.min()), float(similarity.max())
    missing = max(0.0, LEAST_RANGE - (high - low)) / 2
    return low - missing, high + missing


def _tinted(colours: Pixels, labels: NDArray[np.int64], similarity: Array, low: float, high: float) -> Pixels:
    """The dimmed gray picture with each instance in its colour."""
    light = (colours @ np.array([0.3, 0.59, 0.11], np.float32))[..., None] / 255
    gray = 255 * DIMMED * light
    tints = ramp((similarity - low) / (high - low)).astype(np.float32)
    palette = np.concatenate([np.zeros((1, 3), np.float32), tints])
    shaded = palette[labels] * (1 - SHADED + SHADED * light)
    tint = np.where(labels[..., None] > 0, COLOURED, 0.0)
    return (tint * shaded + (1 - tint) * gray + 0.5).astype(np.uint8)


def _with_lines(canvas: Pixels, labels: NDArray[np.int64], inside: NDArray[np.bool_]) -> Pixels:
    """Thin dark lines between instances."""
    border = np.zeros(labels.shape, np.bool_)
    border[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    border[1:] |= labels[1:] != labels[:-1]
    drawn = canvas.copy()
    drawn[border & ~inside] = drawn[border & ~inside] // 3
    return drawn


def _outlined(canvas: Pixels, inside: NDArray[np.bool_]) -> Pixels:
    """A white line with a dark one beside it, just outside of the foreground."""
    if not inside.any() or inside.all():
        return canvas
    distance = distance_transform_edt(~inside)
    width = max(2.0, max(inside.shape) / 340)
    drawn = canvas.copy()
    drawn[(distance > 0) & (distance <= 2 * width)] = BLACK
    drawn[(distance > 0) & (distance <= width)] = WHITE
    return drawn


def _write_figures(image: Image.Image, labels: NDArray[np.int64], similarity: Array) -> None:
    """Each larger instance's similarity, where it has most room."""
    draw = ImageDraw.Draw(image)
    for label, value in enumerate(similarity, start=1):
        own = labels == label
        if own.mean() < LEAST_LABELLED:
            continue
        room = distance_transform_edt(np.pad(own, 1))[1:-1, 1:-1]
        y, x = np.unravel_index(int(room.argmax()), room.shape)
        font = ImageFont.load_default(min(30, max(14, round(0.7 * float(room[y, x])))))
        draw.text((int(x), int(y)), f"{value:.2f}", WHITE, font, anchor="mm", stroke_width=2, stroke_fill=BLACK)


def _with_scale(image: Image.Image, low: float, high: float, *, empty: bool) -> Image.Image:
    """The picture with the colour scale at its right."""
    font = ImageFont.load_default(18)
    sheet = Image.new("RGB", (image.width + 150, max(image.height, 200)), PAPER)
    sheet.paste(image, (0, 0))
    draw = ImageDraw.Draw(sheet)
    left, top, bottom = image.width + 24, 70, sheet.height - 60
    if empty:
        draw.text((left - 8, 24), "No instance\nwas found.", WHITE, font)
        return sheet
    draw.text((left - 8, 14), "looks\nlike me", WHITE, font)
    bar = ramp(np.linspace(1, 0, bottom - top, dtype=np.float32))[:, None].repeat(28, axis=1)
    sheet.paste(Image.fromarray(bar), (left, top))
    for part in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = round(bottom - 1 - part * (bottom - 1 - top))
        draw.line([(left + 28, y), (left + 36, y)], WHITE, 2)
        draw.text((left + 42, y), f"{low + part * (high - low):.2f}", WHITE, font, anchor="lm")
    draw.text((left - 8, bottom + 12), "does not", WHITE, font)
    return sheet
