"""How closely the lift follows a known colour change, at full resolution.

    python tests/benchmarks/lift.py [--side 2048] [--json] [--pictures FOLDER]

A made-up network applies the change to the small picture and adds what real networks add: a checkerboard of four
pixels, noise and a slight blur. The lifted layer is compared with the change itself at full resolution, over the
foreground. `gradient` is the result's mean gradient magnitude as a part of the true one's.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage import data
from torch import Tensor

from samelight import srgb
from samelight.calibration import Calibration
from samelight.pipeline import Pipeline
from samelight_wire.formats import Depth, Layout, Raster, RasterFormat, Rect
from samelight_wire.messages import HarmonizeRequest

Array = NDArray[np.float32]
Recolour = Callable[[Array, Array, Array], Array]


def exposure(colour: Array, x: Array, y: Array) -> Array:
    return srgb.encode(srgb.decode(colour) * np.float32(0.6))


def warm(colour: Array, x: Array, y: Array) -> Array:
    return srgb.encode(srgb.decode(colour) * np.array([1.25, 0.95, 0.65], np.float32))


def affine(colour: Array, x: Array, y: Array) -> Array:
    matrix = np.array([[0.9, 0.05, 0.0], [0.02, 0.85, 0.03], [0.0, 0.1, 0.7]], np.float32)
    return colour @ matrix.T + np.float32(0.03)


def gamma(colour: Array, x: Array, y: Array) -> Array:
    return colour ** np.float32(1.5)


def lifted_gamma(colour: Array, x: Array, y: Array) -> Array:
    return colour ** np.float32(0.7)


def contrast(colour: Array, x: Array, y: Array) -> Array:
    return colour + np.float32(0.5) * (colour * colour * (3 - 2 * colour) - colour)


def desaturated(colour: Array, x: Array, y: Array) -> Array:
    gray = srgb.encode((srgb.decode(colour) @ srgb.LUMINANCE)[..., None])
    return colour + np.float32(0.4) * (gray - colour)


def shaded(colour: Array, x: Array, y: Array) -> Array:
    light = (0.6 + 0.5 * x + 0.2 * np.sin(5 * y))[..., None].astype(np.float32)
    return srgb.encode(srgb.decode(colour) * light * np.array([1.1, 1.0, 0.85], np.float32))


CHANGES: tuple[Recolour, ...] = (exposure, warm, affine, gamma, lifted_gamma, contrast, desaturated, shaded)


def made_up_network(change: Recolour, dirt: float) -> Callable[[Tensor, Tensor], Tensor]:
    """The change with checkerboard, noise (each of `dirt` in amplitude) and blur, blended as the papers do."""

    def run(picture: Tensor, mask: Tensor) -> Tensor:
        before = picture[0].permute(1, 2, 0).numpy()
        height, width = before.shape[:2]
        y, x = np.mgrid[:height, :width].astype(np.float32) + 0.5
        after = change(before, x / width, y / height)
        if dirt:
            after = gaussian_filter(after, (0.7, 0.7, 0))
            board = ((x // 4 + y // 4) % 2 * 2 - 1)[..., None]
            after = after + dirt * (board + np.random.default_rng(0).standard_normal(after.shape))
        soft = mask[0, 0].numpy()[..., None]
        blended = np.clip(after, 0, 1) * soft + before * (1 - soft)
        return torch.from_numpy(blended.astype(np.float32)).permute(2, 0, 1)[None]

    return run


def scenes(side: int) -> dict[str, tuple[NDArray[np.uint8], Array]]:
    """Pictures with fine texture, and their masks: side pixels on the shorter side."""
    found = {}
    for name, centre, radii in (
        ("astronaut", (0.45, 0.42), (0.42, 0.3)),
        ("coffee", (0.5, 0.5), (0.4, 0.35)),
        ("cat", (0.45, 0.55), (0.42, 0.35)),
        ("rocket", (0.4, 0.5), (0.35, 0.3)),
    ):
        picture = getattr(data, name)()
        scale = side / min(picture.shape[:2])
        size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
        large = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC), np.float32)
        large += np.random.default_rng(1).normal(0, 6, large.shape[:2])[..., None]
        height, width = large.shape[:2]
        y, x = np.mgrid[:height, :width].astype(np.float32)
        distance = ((y / height - centre[0]) / radii[0]) ** 2 + ((x / width - centre[1]) / radii[1]) ** 2
        found[name] = np.clip(large, 0, 255).astype(np.uint8), np.clip((1 - distance) * side / 20, 0, 1)
    return found


def measure(picture: NDArray[np.uint8], mask: Array, change: Recolour, dirt: float) -> tuple[dict[str, float], Array]:
    """PSNR over the foreground in dB, largest error in code values, gradient ratio; and the result's pixels."""
    height, width = mask.shape
    frame = Rect(0, 0, width, height)
    request = HarmonizeRequest(
        job="bench",
        layer=Raster(RasterFormat(width, height, Layout.RGB, Depth.U8), memoryview(picture.reshape(-1))),
        layer_rect=frame,
        selection=Raster(RasterFormat(width, height, Layout.MASK, Depth.F32), memoryview(mask.reshape(-1))),
        selection_rect=frame,
    )
    outcome = Pipeline(lambda name: made_up_network(change, dirt), calibration=Calibration(half_at=0.0)).run(request)
    result = np.frombuffer(outcome.layer.data, np.uint8).reshape(picture.shape).astype(np.float32)
    window = Rect(*outcome.reasons["window"])
    y, x = np.mgrid[:height, :width].astype(np.float32) + 0.5
    whole = change(picture.astype(np.float32) / 255, (x - window.x) / window.width, (y - window.y) / window.height)
    true = np.clip(np.rint(whole * 255), 0, 255)
    inside = mask == 1
    error = (result - true)[inside]
    figures = {
        "psnr": 10 * float(np.log10(255**2 / max(float(np.square(error).mean()), 1e-9))),
        "largest": float(np.abs(error).max()),
        "p99": float(np.quantile(np.abs(error), 0.99)),
        "gradient": gradient(result, inside) / gradient(true, inside),
    }
    return figures, result


def gradient(picture: Array, inside: NDArray[np.bool_]) -> float:
    """The mean gradient magnitude of the green channel."""
    down, across = np.gradient(picture[..., 1])
    return float(np.hypot(down, across)[inside].mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=2048)
    parser.add_argument("--dirt", type=float, default=0.02, help="noise and checkerboard, in code values 0..1")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--pictures", type=Path, help="write before and after here")
    arguments = parser.parse_args()
    report = []
    for name, (picture, mask) in scenes(arguments.side).items():
        for change in CHANGES:
            for dirt in (0.0, arguments.dirt):
                figures, result = measure(picture, mask, change, dirt)
                report.append({"picture": name, "change": change.__name__, "dirt": dirt, **figures})
                if arguments.pictures and dirt:
                    arguments.pictures.mkdir(parents=True, exist_ok=True)
                    Image.fromarray(result.astype(np.uint8)).save(arguments.pictures / f"{name}-{change.__name__}.png")
    if arguments.json:
        json.dump(report, sys.stdout, indent=1)
        return
    for row in report:
        print(
            f"{row['picture']:10} {row['change']:13} dirt {row['dirt']:.2f}  {row['psnr']:5.1f} dB  largest "
            f"{row['largest']:3.0f}  99 % under {row['p99']:3.0f}  gradient {row['gradient']:.3f}"
        )


if __name__ == "__main__":
    main()
