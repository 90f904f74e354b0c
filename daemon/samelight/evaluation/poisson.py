"""Poisson blending (Perez, Gangnet and Blake, 2003) by OpenCV: the foreground keeps its gradients and meets the
background's colours at its outline.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["poisson_blend"]

Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]

PURE = 0.01
"""A mask value this close to 0 or 1 is all background or all foreground."""
MARGIN = 8
"""Pixels that are added around the picture: OpenCV keeps the border's colours, and a foreground may touch it."""
EROSION = np.ones((3, 3), np.uint8)
ERODED = 3
"""How often OpenCV erodes the mask; it is dilated as often before."""


def poisson_blend(composite: Bytes, mask: NDArray[np.float32]) -> Bytes:
    """Blend the foreground into the background.

    OpenCV takes gradients on both sides of the outline. In a composite both pictures are one, so that each side is
    first continued over the other by its nearest pixels: otherwise the jump at the outline would be a gradient to keep.

    Args:
        composite: H x W x 3, 8-bit.
        mask: H x W in 0..1.

    Returns: H x W x 3, of which only the foreground is meant to be used; the composite itself where the mask has no
      background.
    """
    import cv2

    foreground, background = mask >= min(1 - PURE, float(mask.max())), mask <= PURE
    if not background.any() or not foreground.any():
        return composite
    source, target = _with_margin(_spread(composite, foreground)), _with_margin(_spread(composite, background))
    inside = np.pad((mask >= min(0.5, float(mask.max()))).astype(np.uint8) * 255, MARGIN)
    dilated = cv2.dilate(inside, EROSION, iterations=ERODED)
    left, top, width, height = cv2.boundingRect(dilated)
    place = (left + width // 2, top + height // 2)
    blended = cv2.seamlessClone(source, target, dilated, place, cv2.NORMAL_CLONE)
    return np.asarray(blended[MARGIN:-MARGIN, MARGIN:-MARGIN], np.uint8)


def _with_margin(picture: Bytes) -> Bytes:
    return np.pad(picture, ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)), mode="edge")


def _spread(values: Bytes, known: Flags) -> Bytes:
    """Each pixel's value from the nearest known one."""
    from scipy.ndimage import distance_transform_edt

    rows, columns = distance_transform_edt(~known, return_distances=False, return_indices=True)
    return np.asarray(values[rows, columns], np.uint8)
