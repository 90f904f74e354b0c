"""How many training composites are made in a second, all families mixed, photographs decoded before.

    python tests/benchmarks/composites.py [--photos FOLDER_OR_ZIP] [--side 256] [--batch 16] [--workers 2]
        [--threads 1] [--seconds 20] [--device cpu] [--json]

Workers make batches side by side, as `samelight train --workers` has them made; each computes with so many threads.
Without --photos, scikit-image's own pictures stand in. Decoding is timed apart: it happens once for every photograph
that fits into memory. The processor's time is what a machine that does nothing else would need.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from skimage import data

from samelight.training.composites import FAMILIES, CompositeMaker, Variety
from samelight.training.photos import PhotoCollection
from samelight.training.recipes import Augmentation

STAND_INS = ("astronaut", "chelsea", "coffee", "rocket")


def stand_ins(folder: Path) -> PhotoCollection:
    """Four photographs with two made-up regions each."""
    for name in STAND_INS:
        picture = Image.fromarray(getattr(data, name)()).resize((384, 288))
        picture.save(folder / f"{name}.jpg", quality=92)
        regions = np.zeros((288, 384), np.uint8)
        regions[40:200, 60:180], regions[120:270, 220:340] = 1, 2
        Image.fromarray(regions).save(folder / f"{name}.png")
    return PhotoCollection(folder)


def decoding(photos: PhotoCollection, most: int = 60) -> float:
    """Median time to decode a photograph and its regions, in milliseconds."""
    times = []
    for index in range(0, len(photos), max(1, len(photos) // most)):
        began = time.perf_counter()
        photos.read(index)
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


def wait(device: torch.device) -> None:
    """Until the device has done everything."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def rate(maker: CompositeMaker, arguments: argparse.Namespace, seconds: float) -> dict[str, float]:
    """Make batches for some seconds, each a second time after its photographs are decoded, and time the second."""
    size, batch, together = (arguments.side, arguments.side), arguments.batch, 4 * arguments.workers

    def make(step: int) -> None:
        maker.batch(step, batch, size, Augmentation())

    def set_threads() -> None:
        torch.set_num_threads(arguments.threads)  # counts for the thread that says it

    times, processor = [], []
    began, step = time.perf_counter(), 0
    with ThreadPoolExecutor(arguments.workers, initializer=set_threads) as workers:
        while not times or time.perf_counter() - began < seconds:
            steps = range(step, step + together)
            list(workers.map(make, steps))
            wait(maker.device)
            start, start_processor = time.perf_counter(), time.process_time()
            list(workers.map(make, steps))
            wait(maker.device)
            times.append(time.perf_counter() - start)
            processor.append(time.process_time() - start_processor)
            step += together
    made = batch * together
    return {
        "per_second": made * len(times) / sum(times),
        "best_per_second": made / min(times),
        "processor_ms": 1000 * sum(processor) / (made * len(times)),
        "composites": made * len(times),
    }


def measure(photos: PhotoCollection, arguments: argparse.Namespace) -> dict[str, object]:
    """Decoding, all families mixed, and each family alone."""
    device = torch.device(arguments.device)
    mixed = rate(CompositeMaker(photos, 1, device), arguments, arguments.seconds)
    alone = {}
    for family in FAMILIES:
        only = Variety(families=(family,), harmonious=0, several=0, light_on_top=0)
        alone[family.name] = rate(CompositeMaker(photos, 1, device, only), arguments, arguments.seconds / 10)
    figures = {"workers": arguments.workers, "threads": arguments.threads, "decode_ms": decoding(photos)}
    return {**figures, "mixed": mixed, "families": alone}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with tempfile.TemporaryDirectory() as folder:
        photos = PhotoCollection(arguments.photos) if arguments.photos else stand_ins(Path(folder))
        report = measure(photos, arguments)
    if arguments.json:
        print(json.dumps(report, indent=1))
        return
    each = f"{report['threads']} thread" + "s" * (report["threads"] != 1)
    print(f"decoding a photograph: {report['decode_ms']:.1f} ms; {report['workers']} workers, {each} each")
    for name, row in {"all families mixed": report["mixed"], **report["families"]}.items():  # type: ignore[dict-item]
        print(
            f"{name:20} {row['per_second']:7.1f} composites a second, best {row['best_per_second']:7.1f}, "
            f"processor {row['processor_ms']:5.1f} ms each ({row['composites']})"
        )


if __name__ == "__main__":
    main()
