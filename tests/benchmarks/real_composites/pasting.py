"""Putting a cut-out subject into another photograph, as an artist would before harmonizing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from cutting import Cut, mask_of
from numpy.typing import NDArray
from photographs import read
from PIL import Image

__all__ = ["Composite", "Recipe", "make"]

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in parts of a photograph's width and height."""
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
_BLUR_OF_SHADOW = 0.03
"""Of the subject's width: a soft contact shadow, for light that comes from the whole sky."""


@dataclass(frozen=True)
class Recipe:
    """One composite: which subject goes where in which backdrop."""

    name: str
    subject: str
    """Photographs are named as in photographs.PHOTOGRAPHS."""
    backdrop: str
    width: float
    """The subject's photograph, as wide as this part of the composite."""
    x: float
    """Its middle, in parts of the composite's width."""
    bottom: float
    """Its lower edge, in parts of the composite's height; beyond 1 the frame cuts it off."""
    cut: Cut = field(default_factory=Cut)
    crop: Box = WHOLE
    """The part of the subject's photograph that is used."""
    frame: Box = WHOLE
    """The part of the backdrop that is used."""
    side: int = 1400
    """The composite's longer side in pixels."""
    mirror: bool = False
    shadow: float = 0.0
    """How dark the contact shadow is that is painted on the backdrop, 0..1; it is not part of the mask."""


@dataclass(frozen=True)
class Composite:
    """A made composite."""

    picture: NDArray[np.uint8]
    """H x W x 3."""
    mask: NDArray[np.float32]
    """H x W, 0..1."""


def make(recipe: Recipe, sources: Path) -> Composite:
    """Cut, scale and paste; the same picture every time."""
    backdrop = _backdrop(recipe, sources)
    height, width = backdrop.shape[:2]
    subject = _subject(recipe, sources, round(recipe.width * width))
    mask = mask_of(subject, recipe.cut)
    left, top = round(recipe.x * width - subject.shape[1] / 2), round(recipe.bottom * height - subject.shape[0])
    layer = _moved(subject[..., :3].astype(np.float32), (height, width), left, top)
    alpha = _moved(mask, (height, width), left, top)
    shaded = backdrop * (1 - _shadow(alpha, recipe.shadow)[..., None])
    pasted = layer * alpha[..., None] + shaded * (1 - alpha[..., None])
    return Composite(np.rint(pasted).astype(np.uint8), alpha)


def _backdrop(recipe: Recipe, sources: Path) -> NDArray[np.float32]:
    cropped = _cropped(read(recipe.backdrop, sources)[..., :3], recipe.frame)
    scale = recipe.side / max(cropped.shape[:2])
    return _scaled(cropped, round(cropped.shape[1] * scale)).astype(np.float32)


def _subject(recipe: Recipe, sources: Path, width: int) -> NDArray[np.uint8]:
    cropped = _scaled(_cropped(read(recipe.subject, sources), recipe.crop), width)
    return np.ascontiguousarray(cropped[:, ::-1]) if recipe.mirror else cropped


def _cropped(picture: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    left, top, right, bottom = box
    return picture[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]


def _scaled(picture: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    height = round(picture.shape[0] * width / picture.shape[1])
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS))


def _moved(picture: NDArray[np.float32], size: tuple[int, int], left: int, top: int) -> NDArray[np.float32]:
    """The picture on an empty canvas of a size; what lies beyond is cut off."""
    canvas = np.zeros(size + picture.shape[2:], np.float32)
    height, width = picture.shape[:2]
    rows, columns = slice(max(top, 0), min(top + height, size[0])), slice(max(left, 0), min(left + width, size[1]))
    canvas[rows, columns] = picture[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    return canvas


def _shadow(alpha: NDArray[np.float32], darkness: float) -> NDArray[np.float32]:
    """A flat, blurred imprint of the subject at its lower edge, 0..darkness."""
    rows, columns = np.nonzero(alpha > 0.5)
    width, bottom = int(np.ptp(columns)), int(rows.max())
    centre, axes = (int(columns.mean()), bottom - round(0.02 * width)), (round(0.45 * width), round(0.07 * width))
    imprint = cv2.ellipse(np.zeros_like(alpha), centre, axes, 0, 0, 360, 1.0, -1)
    return np.asarray(cv2.GaussianBlur(imprint, (0, 0), max(_BLUR_OF_SHADOW * width, 1.0)) * darkness, np.float32)
