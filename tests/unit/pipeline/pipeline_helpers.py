"""Requests made from plain arrays, and made-up networks, for the tests of pipeline, compositing and lifting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from samelight.calibration import Calibration
from samelight.pipeline import Outcome, Pipeline
from samelight_wire.formats import Alpha, Depth, Encoding, Layout, Raster, RasterFormat, Rect
from samelight_wire.messages import HarmonizeRequest

DEPTHS = {"u1": Depth.U8, "u2": Depth.U16, "f2": Depth.F16, "f4": Depth.F32}


def identity(picture: Tensor, mask: Tensor) -> Tensor:
    """A network that changes nothing."""
    return picture


def warm(picture: Tensor, mask: Tensor) -> Tensor:
    """A network that makes the foreground warmer and a little darker, blended as the papers' are."""
    changed = (picture * torch.tensor([1.05, 0.92, 0.75]).view(1, 3, 1, 1) + 0.01).clamp(0, 1)
    return changed * mask + picture * (1 - mask)


def raster(
    samples: NDArray[Any],
    layout: Layout,
    encoding: Encoding = Encoding.SRGB,
    alpha: Alpha | None = None,
    icc: bytes | None = None,
) -> Raster:
    height, width = samples.shape[:2]
    convention = alpha or (Alpha.STRAIGHT if layout.has_alpha else Alpha.NONE)
    form = RasterFormat(width, height, layout, DEPTHS[samples.dtype.str[1:]], encoding, convention)
    return Raster(form, np.ascontiguousarray(samples).tobytes(), icc)


def ramp(height: int, width: int, channels: int, dtype: str, seed: int = 0) -> NDArray[Any]:
    """A smooth picture with grain, in mid tones; integer depths use their whole range, floats 0..1."""
    y, x = np.mgrid[:height, :width]
    planes = [0.5 + 0.25 * np.sin(x / 31 + k) * np.cos(y / 23 - k) for k in range(channels)]
    grain = np.random.default_rng(seed).normal(0, 0.04, (height, width, channels))
    values = np.clip(np.stack(planes, axis=-1) + grain, 0.05, 0.95)
    return values.astype(dtype) if dtype[0] == "f" else np.rint(values * np.iinfo(dtype).max).astype(dtype)


def round_alpha(height: int, width: int, dtype: str) -> NDArray[Any]:
    """A disc with a soft edge: alpha or a mask."""
    y, x = np.mgrid[:height, :width]
    distance = np.hypot((y + 0.5) / height - 0.5, (x + 0.5) / width - 0.5)
    values = np.clip((0.4 - distance) * 10, 0, 1)
    return values.astype(dtype) if dtype[0] == "f" else np.rint(values * np.iinfo(dtype).max).astype(dtype)


def over_backdrop(layer: Raster, rect: Rect | None = None, **fields: Any) -> HarmonizeRequest:
    """A layer in the middle of a larger backdrop."""
    size = layer.format
    rect = rect or Rect(40, 30, size.width, size.height)
    backdrop = ramp(size.height + 60, size.width + 80, 3, "u1", seed=5)
    fields.setdefault("backdrop", raster(backdrop, Layout.RGB))
    fields.setdefault("backdrop_rect", Rect(0, 0, size.width + 80, size.height + 60))
    return HarmonizeRequest(job="test", layer=layer, layer_rect=rect, **fields)


def flattened(picture: Raster, mask: NDArray[Any], **fields: Any) -> HarmonizeRequest:
    """A flattened picture with a selection."""
    rect = Rect(0, 0, picture.format.width, picture.format.height)
    return HarmonizeRequest(
        job="test",
        layer=picture,
        layer_rect=rect,
        selection=raster(mask[..., None], Layout.MASK),
        selection_rect=rect,
        **fields,
    )


def run(request: HarmonizeRequest, network: Callable[[Tensor, Tensor], Tensor] = warm, **options: Any) -> Outcome:
    """The outcome; unless the options say otherwise, all of the network's change is kept."""
    options.setdefault("calibration", Calibration(half_at=0.0))
    return Pipeline(lambda name: network, threads=2, **options).run(request)


def samples(outcome: Outcome) -> NDArray[Any]:
    """The result's samples, H x W x C."""
    form = outcome.layer.format
    dtype = next(name for name, depth in DEPTHS.items() if depth is form.depth)
    return np.frombuffer(outcome.layer.data, "<" + dtype).reshape(form.height, form.width, -1)
