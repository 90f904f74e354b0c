"""How many training composites are made in a second, all families mixed, photographs decoded before.

    python tests/benchmarks/composites.py [--photos FOLDER_OR_ZIP] [--side 256] [--batch 16] [--threads 2]
        [--seconds 20] [--device cpu] [--json]

Without --photos, scikit-image's own pictures stand in. Decoding is timed apart: it happens once for every photograph
that fits into memory. The processor's time is what a machine that does nothing else would need.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
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


def rate(maker: CompositeMaker, batch: int, side: int, seconds: float) -> dict[str, float]:
    """Make batches for some seconds, each a second time after its photographs are decoded, and time the second."""
    times, processor = [], []
    began, step = time.perf_counter(), 0
    while not times or time.perf_counter() - began < seconds:
        maker.batch(step, batch, (side, side), Augmentation())
        wait(maker.device)
        start, start_processor = time.perf_counter(), time.process_time()
        maker.batch(step, batch, (side, side), Augmentation())
        wait(maker.device)
        times.append(time.perf_counter() - start)
        processor.append(time.process_time() - start_processor)
        step += 1
    return {
        "per_second": batch * len(times) / sum(times),
        "best_per_second": batch / min(times),
        "processor_ms": 1000 * sum(processor) / (batch * len(times)),
        "composites": batch * len(times),
    }


def measure(photos: PhotoCollection, arguments: argparse.Namespace) -> dict[str, object]:
    """Decoding, all families mixed, and each family alone."""
    device = torch.device(arguments.device)
    mixed = rate(CompositeMaker(photos, 1, device), arguments.batch, arguments.side, arguments.seconds)
    alone = {}
    for family in FAMILIES:
        only = Variety(families=(family,), harmonious=0, several=0, light_on_top=0)
        maker = CompositeMaker(photos, 1, device, only)
        alone[family.name] = rate(maker, arguments.batch, arguments.side, arguments.seconds / 10)
    return {"threads": torch.get_num_threads(), "decode_ms": decoding(photos), "mixed": mixed, "families": alone}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
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
    print(f"decoding a photograph: {report['decode_ms']:.1f} ms; {report['threads']} threads")
    for name, row in {"all families mixed": report["mixed"], **report["families"]}.items():  # type: ignore[dict-item]
        print(
            f"{name:20} {row['per_second']:7.1f} composites a second, best batch {row['best_per_second']:7.1f}, "
            f"processor {row['processor_ms']:5.1f} ms each ({row['composites']})"
        )


if __name__ == "__main__":
    main()
