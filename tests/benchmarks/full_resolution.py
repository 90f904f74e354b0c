"""What a 4,000 x 3,000 layer keeps of its texture, with the shipped weights.

    python tests/benchmarks/full_resolution.py [--json]

The sample is enlarged and given texture at every pixel, then harmonized. Compared are the gradients of the result with
those of the fitted colour change alone, worked out in float64 pixel by pixel; the result's energy at the checkerboard
frequency with that of the same; and the results of different tile sizes and thread counts with one another.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from samelight import lifting
from samelight.cli.sample import SAMPLE_COMPOSITE, SAMPLE_MASK
from samelight.lifting import Change
from samelight.pipeline import Pipeline
from samelight.pool import ModelPool
from samelight_wire.formats import Alpha, Depth, Layout, Raster, RasterFormat, Rect
from samelight_wire.messages import USUAL_COLOUR, HarmonizeRequest

WIDTH, HEIGHT = 4000, 3000
Array = NDArray[np.float64]


def textured_layer() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The sample at full size with noise of 12 code values, and its mask."""
    picture = np.asarray(Image.open(SAMPLE_COMPOSITE).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), np.float32)
    noise = np.random.default_rng(4).normal(0, 12, (HEIGHT, WIDTH, 1))
    mask = Image.open(SAMPLE_MASK).convert("L").resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    return (picture + noise).clip(0, 255).astype(np.uint8), np.asarray(mask)


def request_for(picture: NDArray[np.uint8], mask: NDArray[np.uint8]) -> HarmonizeRequest:
    """The flattened picture with its mask."""
    frame = Rect(0, 0, WIDTH, HEIGHT)
    layer = RasterFormat(WIDTH, HEIGHT, Layout.RGB, Depth.U8, alpha=Alpha.NONE)
    selection = RasterFormat(WIDTH, HEIGHT, Layout.MASK, Depth.U8, alpha=Alpha.NONE)
    return HarmonizeRequest(
        job="benchmark",
        layer=Raster(layer, picture.tobytes()),
        layer_rect=frame,
        selection=Raster(selection, mask.tobytes()),
        selection_rect=frame,
    )


def change_alone(change: Change, pixels: NDArray[np.uint8], top: int, left: int) -> Array:
    """The fitted change at every pixel of a crop in float64, by its definition; in code values."""
    rows, columns = change.row_positions(top, pixels.shape[0]), change.column_positions(left, pixels.shape[1])

    def spread(nodes: NDArray[np.float32]) -> Array:
        wide = nodes.astype(np.float64)
        down = wide[rows[0]] + (wide[rows[1]] - wide[rows[0]]) * rows[2].reshape(-1, *[1] * (wide.ndim - 1))
        share = columns[2].reshape(1, -1, *[1] * (wide.ndim - 2))
        across: Array = down[:, columns[0]] + (down[:, columns[1]] - down[:, columns[0]]) * share
        return across

    colours = pixels.astype(np.float32) / 255
    curved = np.stack([change.curves(colours[..., c], c) for c in range(3)], axis=-1).astype(np.float64)
    changed: Array = curved + (spread(change.matrix) @ curved[..., None])[..., 0] + spread(change.offset)
    return changed * 255


def gradient(picture: Array, inside: NDArray[np.bool_]) -> float:
    """Mean gradient magnitude of green over the pixels inside."""
    down, across = np.diff(picture[..., 1], axis=0)[:, :-1], np.diff(picture[..., 1], axis=1)[:-1]
    return float(np.hypot(down, across)[inside[:-1, :-1]].mean())


def checkerboard(picture: Array, inside: NDArray[np.bool_]) -> float:
    """Mean magnitude of green's response to a checkerboard of single pixels."""
    green = picture[..., 1]
    response = np.abs(green[:-1, :-1] - green[1:, :-1] - green[:-1, 1:] + green[1:, 1:])
    return float(response[inside[:-1, :-1]].mean())


def measure() -> dict[str, Any]:
    """All figures."""
    picture, mask = textured_layer()
    outcome = Pipeline(ModelPool(torch.device("cpu"), 600).get).run(request_for(picture, mask))
    result = np.frombuffer(outcome.layer.data, np.uint8).reshape(picture.shape)
    crops = [np.s_[y : y + 500, x : x + 500] for y in range(500, 2501, 500) for x in range(1500, 3501, 500)]
    gradients, boards = [], []
    for crop in crops:
        alone = change_alone(outcome.change, picture[crop], crop[0].start, crop[1].start)
        inside = (mask[crop] == 255) & ((alone > 1) & (alone < 254)).all(axis=2)
        if inside.mean() > 0.2:
            own = result[crop].astype(np.float64)
            gradients.append(gradient(own, inside) / gradient(alone, inside))
            boards.append(checkerboard(own, inside) / checkerboard(alone, inside))
    form = RasterFormat(WIDTH, HEIGHT, Layout.RGB, Depth.U8, alpha=Alpha.NONE)
    usual = lifting.Blend(colour=USUAL_COLOUR)
    tiled = [
        lifting.apply_change(
            outcome.change, picture, form, origin=(0, 0), blend=usual, tile_pixels=size, threads=threads
        ).tobytes()
        for size, threads in ((4_000, 1), (64_000, 2), (12_000_000, 1))
    ]
    return {
        "crops": len(gradients),
        "gradient_ratio_least": min(gradients),
        "gradient_ratio_greatest": max(gradients),
        "checkerboard_ratio_greatest": max(boards),
        "tiles_change_no_bit": len(set(tiled)) == 1,
        "outside_of_the_mask_unchanged": bool(np.array_equal(result[mask == 0], picture[mask == 0])),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = measure()
    print(json.dumps(figures) if arguments.json else "\n".join(f"{key}: {value}" for key, value in figures.items()))


if __name__ == "__main__":
    main()
