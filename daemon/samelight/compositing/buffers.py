"""An editor's bytes as numpy arrays, without a copy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from samelight_wire.errors import NonFinitePixelsError
from samelight_wire.formats import Depth, Layout, Raster, RasterFormat

__all__ = ["CHUNK_PIXELS", "alpha_channel", "as_array", "check_finite", "colour_channels", "full_scale", "row_chunks"]

CHUNK_PIXELS = 1 << 16
"""Full-resolution work goes through pieces of about this many pixels, so that float copies stay in the cache."""

_TYPES = {Depth.U8: "<u1", Depth.U16: "<u2", Depth.F16: "<f2", Depth.F32: "<f4"}


def as_array(raster: Raster) -> NDArray[Any]:
    """The raster's samples, H x W x C in their own type and memory order; a view on the request's bytes."""
    size = raster.format
    flat = np.frombuffer(raster.octets, dtype=_TYPES[size.depth])
    return flat.reshape(size.height, size.width, size.layout.channels)


def colour_channels(layout: Layout) -> tuple[int, ...]:
    """Where R, G, B (or gray alone) stand in a pixel."""
    return {Layout.BGRA: (2, 1, 0), Layout.GRAYA: (0,), Layout.MASK: (0,)}.get(layout, (0, 1, 2))


def alpha_channel(layout: Layout) -> int | None:
    """Where alpha stands in a pixel, None without one."""
    return layout.channels - 1 if layout.has_alpha else None


def full_scale(form: RasterFormat) -> float:
    """The sample value that stands for 1."""
    return {Depth.U8: 255.0, Depth.U16: 65535.0}.get(form.depth, 1.0)


def row_chunks(rows: int, width: int, multiple: int = 1) -> list[tuple[int, int]]:
    """Row ranges (first, end) of about CHUNK_PIXELS pixels that cover all rows, in multiples of some rows."""
    step = max(multiple, CHUNK_PIXELS // max(width, 1) // multiple * multiple)
    return [(first, min(first + step, rows)) for first in range(0, rows, step)]


def check_finite(name: str, raster: Raster) -> None:
    """Raise NonFinitePixelsError if a float raster, called `name` in the sentence, holds NaN or infinity."""
    if raster.format.depth not in (Depth.F16, Depth.F32):
        return
    samples = as_array(raster)
    for first, end in row_chunks(*samples.shape[:2]):
        if not np.isfinite(samples[first:end]).all():
            raise NonFinitePixelsError(f"The {name} holds pixels that are not numbers (NaN or infinity).")
