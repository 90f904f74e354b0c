"""Cutting a subject out of its photograph: rough polygons by hand, GrabCut for the edge between them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Cut", "mask_of"]

Polygon = tuple[tuple[float, float], ...]
"""Corners (x, y) in parts of the photograph's width and height."""


@dataclass(frozen=True)
class Cut:
    """What is subject in a photograph.

    With no outline at all the photograph's own alpha says it.
    """

    outline: Polygon = ()
    """What lies outside of it is not the subject."""
    keep: tuple[Polygon, ...] = ()
    """What is the subject for certain."""
    drop: tuple[Polygon, ...] = ()
    """Inside of the outline, and still not the subject."""
    band: float = 0.0
    """The outline was drawn with care: the edge lies within this part of the photograph's width on both sides of it.
    With 0 the outline is rough, and everything inside is open."""
    pieces: int = 1
    """How many separate pieces the subject has; smaller specks go."""
    smoothing: float = 2.0
    """Standard deviation in pixels of what smooths the outline: jags and hairs go, corners become round."""
    softness: float = 0.8
    """Standard deviation of the edge in pixels: about what a sharp lens and a demosaicked sensor leave."""
    shrink: int = 1
    """Pixels taken off along the edge, where they hold a mixture with what was behind."""


def mask_of(picture: NDArray[np.uint8], cut: Cut) -> NDArray[np.float32]:
    """The subject's mask.

    Args:
        picture: H x W x 3 or H x W x 4, in the size in which it will be pasted.
        cut: what is to be cut out.

    Returns: H x W in 0..1.
    """
    if not cut.outline:
        return _shrunk(picture[..., 3], cut.shrink).astype(np.float32) / np.float32(255)
    inside = _whole(_grab_cut(picture[..., :3], cut), cut)
    # What goes beyond the photograph goes beyond the composite too: its border is no edge of the subject.
    padded = np.pad(inside, 8, mode="edge").astype(np.float32)
    return cv2.GaussianBlur(padded, (0, 0), cut.softness)[8:-8, 8:-8].astype(np.float32)


def _grab_cut(picture: NDArray[np.uint8], cut: Cut) -> NDArray[np.uint8]:
    """1 where GrabCut finds the subject."""
    labels = _labels(picture.shape[:2], cut)
    cv2.setRNGSeed(0)  # the same mask every time
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    blue_green_red = np.ascontiguousarray(picture[..., ::-1])
    cv2.grabCut(blue_green_red, labels, (0, 0, 0, 0), background, foreground, 6, cv2.GC_INIT_WITH_MASK)
    return np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)


def _labels(size: tuple[int, ...], cut: Cut) -> NDArray[np.uint8]:
    """What is known before the search, in GrabCut's words."""
    outline = _filled(size, (cut.outline,))
    labels = np.where(outline == 1, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    if cut.band:
        across = 2 * max(round(cut.band * size[1]), 1) + 1
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (across, across))
        # The subject goes on beyond its photograph's border, so erosion does not begin there.
        inner = cv2.erode(outline, disc, borderType=cv2.BORDER_REPLICATE)
        labels[(cv2.dilate(outline, disc) == 1) & (outline == 0)] = cv2.GC_PR_BGD
        labels[inner == 1] = cv2.GC_FGD
    labels[_filled(size, cut.keep) == 1] = cv2.GC_FGD
    labels[_filled(size, cut.drop) == 1] = cv2.GC_BGD
    return labels


def _whole(inside: NDArray[np.uint8], cut: Cut) -> NDArray[np.uint8]:
    """The largest pieces with small gaps closed, a little smaller all round."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    closed = cv2.morphologyEx(cv2.morphologyEx(inside, cv2.MORPH_OPEN, disc), cv2.MORPH_CLOSE, disc)
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(closed)
    largest = sorted(range(1, count), key=lambda label: -int(statistics[label, cv2.CC_STAT_AREA]))[: cut.pieces]
    kept = np.isin(labels, largest).astype(np.float32)
    smooth = cv2.GaussianBlur(kept, (0, 0), cut.smoothing, borderType=cv2.BORDER_REPLICATE) > 0.5
    return _shrunk(smooth.astype(np.uint8), cut.shrink)


def _shrunk(mask: NDArray[np.uint8], by: int) -> NDArray[np.uint8]:
    """Smaller by some pixels all round, but not where the photograph ends."""
    small = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    return np.asarray(cv2.erode(mask, small, iterations=by, borderType=cv2.BORDER_REPLICATE), np.uint8)


def _filled(size: tuple[int, ...], polygons: tuple[Polygon, ...]) -> NDArray[np.uint8]:
    """1 inside of the polygons."""
    height, width = size[:2]
    area = np.zeros((height, width), np.uint8)
    for polygon in polygons:
        corners = np.array([(x * width, y * height) for x, y in polygon], np.float32).round().astype(np.int32)
        cv2.fillPoly(area, [corners], 1)
    return area
