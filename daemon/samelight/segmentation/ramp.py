"""A colour ramp on which more is always lighter: from dark violet over blue and green to light yellow.

Made in Oklab, where equal steps look equal: lightness rises in a straight line while the hue turns the short way from
violet to yellow, so the order can be read in gray and by those who do not tell red from green.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from samelight import srgb

__all__ = ["ramp"]

LIGHTNESS = (0.28, 0.93)
HUE = (312.0, 100.0)  # degrees; 312 is violet, 264 blue, 145 green, 100 yellow
CHROMA = (0.13, 0.17)  # at the ends; less where sRGB has no such colour


def ramp(values: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Colours of values.

    Args:
        values: any shape, 0..1 (clipped); not-a-number is not allowed.

    Returns: that shape x 3, sRGB.
    """
    part = np.clip(values, 0, 1)[..., None].astype(np.float64)
    lightness, hue, chroma = (low + (high - low) * part for low, high in (LIGHTNESS, HUE, CHROMA))
    turn = np.deg2rad(hue)
    for _ in range(60):  # towards gray, until the colour exists
        light = _linear(np.concatenate([lightness, chroma * np.cos(turn), chroma * np.sin(turn)], axis=-1))
        outside = ((light < 0) | (light > 1)).any(axis=-1, keepdims=True)
        chroma = np.where(outside, chroma * 0.98, chroma)
    return np.rint(np.clip(srgb.encode(np.clip(light, 0, 1)), 0, 1) * 255).astype(np.uint8)


# Oklab (Ottosson, 2020): to the cube roots of cone responses, and from those cubed to linear sRGB.
_TO_CONES = np.array(
    [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.291485548]]
)
_TO_SRGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.707614701],
    ]
)


def _linear(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    light: NDArray[np.float64] = (lab @ _TO_CONES.T) ** 3 @ _TO_SRGB.T
    return light
