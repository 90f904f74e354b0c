"""Between a layer's own samples and the code values on which a colour change is defined, piece by piece."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from samelight import srgb
from samelight.lifting.curve import ToneCurves
from samelight.lifting.gamut import clip_keeping_hue, raise_keeping_hue
from samelight_wire.formats import Alpha, Depth, Layout, RasterFormat

__all__ = ["LEAST_ALPHA", "SampleCodec"]

Array = NDArray[np.float32]

CHANNEL_ORDER = {Layout.RGBA: (0, 1, 2), Layout.BGRA: (2, 1, 0), Layout.RGB: (0, 1, 2), Layout.GRAYA: (0,)}


LEAST_ALPHA = np.float32(1e-30)
"""Premultiplied colours are not divided by this alpha or less: there would be no number for what comes out."""


class SampleCodec:
    """Reads and writes the samples of one format.

    Code values are 0..1, or 0..255 and 0..65535 for integer depths, so that nothing is scaled needlessly.

    Args:
        form: the layer's format.
        linear: samples are proportional to light; code values are then on the sRGB curve.
        curves: the tone curves that are applied while reading.
    """

    def __init__(self, form: RasterFormat, linear: bool, curves: ToneCurves) -> None:
        self.order = CHANNEL_ORDER[form.layout]
        """Which of R, G, B (or gray) stands at each place of a pixel."""
        self.scale = {Depth.U8: 255.0, Depth.U16: 65535.0}.get(form.depth, 1.0)
        """The code value of 1."""
        self.integer = form.depth in (Depth.U8, Depth.U16)
        self._linear = linear
        self._premultiplied = form.alpha is Alpha.PREMULTIPLIED
        self._curves = curves
        self._largest = float(np.finfo(np.float16).max) if form.depth is Depth.F16 else float("inf")
        # An integer depth has few values: curve and encoding of all of them are computed once.
        self._tables = self._make_tables() if self.integer and not self._premultiplied else None

    def read(self, pixels: NDArray[Any], plain: Array, curved: Array, alpha: Array | None) -> None:
        """Code values of one piece.

        Args:
            pixels: rows x columns x channels, the samples.
            plain: C x rows x columns, receives the code values; where they are not needed, the same array as `curved`.
            curved: C x rows x columns, receives the code values after the tone curves.
            alpha: rows x columns in 0..1, given if and only if samples are premultiplied.
        """
        for place, channel in enumerate(self.order):
            samples = pixels[..., place]
            if self._tables is not None:
                if plain is not curved and self._linear:
                    self._tables[0].take(samples, out=plain[place], mode="clip")
                elif plain is not curved:
                    plain[place] = samples
                self._tables[1 + channel].take(samples, out=curved[place], mode="clip")
            else:
                code = self._code(samples, alpha)
                plain[place] = code
                curved[place] = self._curve(code, channel)

    def clip(self, planes: Array, plain: Array) -> None:
        """Bring changed code values into the depth's range, in place: that of an integer depth, or for a float depth
        what is not below 0 where nothing was before.

        Args:
            planes: C x rows x columns.
            plain: the same before the change; an integer depth does not look at it.
        """
        if self.integer:
            clip_keeping_hue(planes, self.scale)
        else:
            raise_keeping_hue(planes, plain)

    def write(self, planes: Array, pixels: NDArray[Any], alpha: Array | None) -> None:
        """Put code values (C x rows x columns, within range) into the colour samples of a piece."""
        for place in range(len(self.order)):
            plane = planes[place]
            if self._linear:
                plane = srgb.decode(plane * np.float32(1 / self.scale)) * np.float32(self.scale)
            if alpha is not None:
                plane = plane * alpha
            if self.integer:
                np.rint(plane, out=plane)
            elif np.isfinite(self._largest):
                np.clip(plane, -self._largest, self._largest, out=plane)
            np.copyto(pixels[..., place], plane, casting="unsafe")

    def _code(self, samples: NDArray[Any], alpha: Array | None) -> Array:
        values = samples.astype(np.float32)
        if alpha is not None:
            values = np.divide(values, alpha, out=np.zeros_like(values), where=alpha > LEAST_ALPHA)
        return srgb.encode(values / np.float32(self.scale)) * np.float32(self.scale) if self._linear else values

    def _curve(self, code: Array, channel: int) -> Array:
        scale = np.float32(self.scale)
        return self._curves(code / scale, channel) * scale if self.integer else self._curves(code, channel)

    def _make_tables(self) -> Array:
        """(1 + C) x values: the code value of each sample, then after each channel's curve."""
        code = self._code(np.arange(int(self.scale) + 1), None)
        curved = [self._curve(code, channel) for channel in range(len(self.order))]
        return np.stack([code, *curved])
