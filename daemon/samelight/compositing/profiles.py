"""ICC profiles of working spaces: three tone curves and a matrix (or one gray curve), unbounded in both directions.

A colour management library would clip wide-gamut colours on the way to sRGB; these formulas do not, so a change that is
found in sRGB can be carried back into any such space.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["MatrixProfile", "ToneCurve", "parse_matrix_profile"]

Array = NDArray[np.float64]

# Linear sRGB to XYZ under D50, the colorants of every sRGB profile.
SRGB_TO_XYZ_D50 = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
CURVE_SAMPLES = 4097

# Where a curve stands still at its end its inverse is all but upright; no working space's curve is steeper than this.
STEEPEST_END = 8.0

# Number of parameters of each function type of a parametricCurveType.
PARAMETERS = (1, 3, 4, 5, 7)


@dataclass(frozen=True)
class ToneCurve:
    """A rising tone curve, odd around 0 and continued in a straight line beyond 1."""

    light: Array
    """Linear light at evenly spaced code values from 0 to 1."""

    def decode(self, code: Array) -> Array:
        """Code values to linear light, any shape."""
        return _odd(code, self._codes, self.light)

    def encode(self, light: Array) -> Array:
        """Linear light to code values; undoes `decode` where the curve rises."""
        return _odd(light, self.light, self._codes)

    @property
    def _codes(self) -> Array:
        return np.linspace(0.0, 1.0, self.light.size)


@dataclass(frozen=True)
class MatrixProfile:
    """A colour space of C channels (3, or 1 for gray)."""

    curves: tuple[ToneCurve, ...]
    """A curve for each channel."""
    to_srgb: Array
    """3 x C: linear light of the channels to linear sRGB."""
    from_srgb: Array
    """C x 3: linear sRGB to linear light of the channels."""

    @property
    def linear(self) -> bool:
        """Whether code values are nearly proportional to light."""
        return float(np.mean([curve.decode(np.array(0.5)) for curve in self.curves])) > 0.4

    def decode(self, values: Array) -> Array:
        """... x C code values to ... x 3 linear sRGB, which may lie outside 0..1."""
        light = np.stack([curve.decode(values[..., i]) for i, curve in enumerate(self.curves)], axis=-1)
        return light @ self.to_srgb.T

    def encode(self, light: Array) -> Array:
        """... x 3 linear sRGB to ... x C code values."""
        own = light @ self.from_srgb.T
        return np.stack([curve.encode(own[..., i]) for i, curve in enumerate(self.curves)], axis=-1)


def parse_matrix_profile(data: bytes) -> MatrixProfile | None:
    """Read the curves and the matrix of an ICC profile.

    Returns: None if the profile is of another kind (with lookup tables, CMYK) or cannot be read.
    """
    try:
        space, tags = data[16:20], _tags(data)
        if space == b"GRAY":
            weights = np.array([[0.2126, 0.7152, 0.0722]])
            return MatrixProfile((_curve(tags[b"kTRC"]),), np.ones((3, 1)), weights)
        if space != b"RGB " or data[20:24] != b"XYZ ":
            return None
        curves = tuple(_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC"))
        colorants = np.stack([_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")], axis=1)
        to_srgb = np.linalg.solve(SRGB_TO_XYZ_D50, colorants)
        return MatrixProfile(curves, to_srgb, np.linalg.inv(to_srgb))
    except (LookupError, ValueError, ArithmeticError, struct.error, np.linalg.LinAlgError):
        return None


def _tags(data: bytes) -> dict[bytes, bytes]:
    """The profile's elements by signature."""
    (count,) = struct.unpack_from(">I", data, 128)
    entries = (struct.unpack_from(">4sII", data, 132 + 12 * index) for index in range(min(count, 100)))
    return {name: data[offset : offset + length] for name, offset, length in entries}


def _xyz(element: bytes) -> Array:
    """An XYZType element: 3."""
    return np.array(struct.unpack_from(">3i", element, 8)) / 65536


def _curve(element: bytes) -> ToneCurve:
    """A curveType or parametricCurveType element.

    Raises:
        ValueError: it is of another type, or the curve does not rise.
        FloatingPointError: the curve has no value somewhere.
    """
    codes = np.linspace(0.0, 1.0, CURVE_SAMPLES)
    with np.errstate(divide="raise", over="raise", invalid="raise"):
        if element[:4] == b"curv":
            light = _sampled(element, codes)
        elif element[:4] == b"para":
            light = _parametric(element, codes)
        else:
            raise ValueError("not a tone curve")
    # A curve may stand still at either end, but its inverse needs it to rise: by less than any sample can show.
    rising = np.maximum.accumulate(light) + codes * 1e-9
    if not rising[-1] - rising[0] > 0.01:
        raise ValueError("a tone curve that does not rise")
    return ToneCurve(rising - rising[0])


def _sampled(element: bytes, codes: Array) -> Array:
    (count,) = struct.unpack_from(">I", element, 8)
    if count == 0:
        return codes
    samples = np.frombuffer(element, ">u2", count, 12).astype(np.float64)
    if count == 1:
        power: Array = np.power(codes, samples[0] / 256)
        return power
    return np.interp(codes, np.linspace(0.0, 1.0, count), samples / 65535)


def _parametric(element: bytes, codes: Array) -> Array:
    """ICC.1:2010, table 65: (a x + b)^g + e above d, c x + f below."""
    (kind,) = struct.unpack_from(">H", element, 8)
    values = [value / 65536 for value in struct.unpack_from(f">{PARAMETERS[kind]}i", element, 12)]
    gamma, a, b, c, d, e, f = values[0], 1.0, 0.0, 0.0, 0.0, 0.0, 0.0
    if kind in (1, 2):
        a, b = values[1:3]
        d = -b / a
        e = f = values[3] if kind == 2 else 0.0
    elif kind in (3, 4):
        a, b, c, d = values[1:5]
        e, f = values[5:7] if kind == 4 else (0.0, 0.0)
    power = np.power(np.maximum(a * codes + b, 0.0), gamma) + e
    return np.where(codes >= d, power, c * codes + f)


def _odd(values: Array, points: Array, results: Array) -> Array:
    """Interpolate between rising points, straight on beyond the last, mirrored below 0."""
    size = np.abs(values)
    slope = min((results[-1] - results[-17]) / (points[-1] - points[-17]), STEEPEST_END)
    inside = np.interp(size, points, results)
    return np.copysign(np.where(size > points[-1], results[-1] + (size - points[-1]) * slope, inside), values)
