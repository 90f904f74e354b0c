"""The sRGB transfer curve, extended: negative light keeps its sign, light above 1 goes on along the same power law."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["LUMINANCE", "decode", "encode"]

LUMINANCE = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
"""Rec. 709 weights of linear R, G, B."""


def decode(code: NDArray[np.float32]) -> NDArray[np.float32]:
    """Code values (0..1 in gamut) to linear light, any shape."""
    size = np.abs(code)
    power = np.power((size + np.float32(0.055)) / np.float32(1.055), np.float32(2.4))
    return np.copysign(np.where(size <= 0.04045, size / np.float32(12.92), power), code)


def encode(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Linear light to code values, any shape; undoes `decode`."""
    size = np.abs(light)
    power = np.float32(1.055) * np.power(size, np.float32(1 / 2.4)) - np.float32(0.055)
    return np.copysign(np.where(size <= 0.0031308, size * np.float32(12.92), power), light)
