"""How long segmentation takes beside the network's forward passes, and how long regions take.

    python tests/benchmarks/segmentation.py [--grid 16] [--device cpu] [--kind small|vit_b|vit_l|vit_h] [--json]

The "everything" pass is compared with segment-anything's own SamAutomaticMaskGenerator: the same model with random
weights (trained ones are not needed to measure time), the same grid, filters at which at least 30 masks survive.
Forward passes are timed by hooks and taken off on both sides; what is left is the work around them. Medians of several
rounds, one of each in turn. Processor time, on the CPU, so that other programs count little; wall-clock time on a card.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from segment_anything import sam_model_registry
from segment_anything.modeling import Sam

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "segmentation"))

from segmentation_helpers import LENIENT, disc, generator_of_the_package, quarters, small_sam, tensor

from samelight.segmentation import Foreground
from samelight.segmentation.everything import Filter
from samelight.segmentation.regions import RegionSegmenter
from samelight.segmentation.sam import SamSegmenter

ANYTHING = Filter(quality=-1e9, stability=1e-9, overlap=1.0)
"""For random weights of the published sizes, which decide nothing: keeps what is not empty."""


class Stopwatch:
    """Time spent in a model's forward passes, and beside them."""

    def __init__(self, sam: Sam) -> None:
        self._device = sam.device
        self._began: list[float] = []
        self.inside = 0.0
        for part in (sam.image_encoder, sam.prompt_encoder, sam.mask_decoder):
            part.register_forward_pre_hook(lambda *call: self._began.append(self.now()))
            part.register_forward_hook(lambda *call: self._end())

    def now(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize()
            return time.perf_counter()
        return time.process_time()

    def _end(self) -> None:
        self.inside += self.now() - self._began.pop()

    def measure(self, work: Callable[[], Any]) -> tuple[float, float]:
        """Seconds in forward passes, and beside them."""
        self.inside, began = 0.0, self.now()
        work()
        return self.inside, self.now() - began - self.inside


def compare(sam: Sam, grid: int, rounds: int, wanted: Filter) -> dict[str, Any]:
    codes = np.rint(quarters() * 255).astype(np.uint8)
    picture, known = tensor(codes.astype(np.float32) / 255), torch.ones(256, 256)
    segmenter = SamSegmenter(sam, points_per_side=grid, wanted=wanted)
    generator = generator_of_the_package(sam, grid, wanted)
    foreground = Foreground(picture, torch.from_numpy(disc(256, 256)))
    watch = Stopwatch(sam)
    found: dict[str, Any] = {}
    times: dict[str, list[tuple[float, float]]] = {"ours": [], "theirs": [], "next": []}
    for _ in range(rounds):
        times["ours"].append(watch.measure(lambda: found.update(ours=segmenter.segment(picture, known))))
        times["theirs"].append(watch.measure(lambda: found.update(theirs=generator.generate(codes))))
        times["next"].append(watch.measure(lambda: segmenter.embed(found["ours"], foreground)))
    middle = {name: [statistics.median(part) for part in zip(*each, strict=True)] for name, each in times.items()}
    return {
        "grid": grid,
        "masks_of_the_generator": len(found["theirs"]),
        "instances": found["ours"].count,
        "forward_seconds": middle["ours"][0],
        "generator_forward_seconds": middle["theirs"][0],
        "other_seconds": middle["ours"][1],
        "generator_other_seconds": middle["theirs"][1],
        "other_part_of_generators": middle["ours"][1] / middle["theirs"][1],
        "next_layer_seconds": sum(middle["next"]),
    }


def regions(rounds: int) -> dict[str, Any]:
    """Processor seconds of one thread for pictures of 256 x 256."""
    from skimage import data
    from skimage.transform import resize

    torch.set_num_threads(1)
    segmenter, spent, next_layer, counts = RegionSegmenter(), [], [], []
    for name in ("astronaut", "coffee", "cat", "rocket"):
        picture = tensor(resize(getattr(data, name)(), (256, 256), anti_aliasing=True).astype(np.float32))
        foreground = Foreground(picture, torch.from_numpy(disc(256, 256)))
        for _ in range(rounds):
            marks = [time.process_time()]
            segmentation = segmenter.segment(picture, torch.ones(256, 256))
            marks.append(time.process_time())
            segmenter.embed(segmentation, foreground)
            marks.append(time.process_time())
            spent.append(marks[1] - marks[0])
            next_layer.append(marks[2] - marks[1])
        counts.append(segmentation.count)
    return {
        "seconds": statistics.median(spent),
        "next_layer_seconds": statistics.median(next_layer),
        "instances": counts,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grid", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--kind", choices=["small", "vit_b", "vit_l", "vit_h"], default="small")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    sam = small_sam() if arguments.kind == "small" else sam_model_registry[arguments.kind]()
    wanted = LENIENT if arguments.kind == "small" else ANYTHING
    report = {
        "sam": compare(sam.eval().to(arguments.device), arguments.grid, arguments.rounds, wanted),
        "regions": regions(arguments.rounds),
    }
    if arguments.json:
        json.dump(report, sys.stdout, indent=1)
        return
    for part, figures in report.items():
        for name, value in figures.items():
            print(f"{part:8} {name:28} {value:.4g}" if isinstance(value, float) else f"{part:8} {name:28} {value}")


if __name__ == "__main__":
    main()
