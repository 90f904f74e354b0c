"""How long FRIH's clustering takes on a picture that is all foreground, on one thread.

    python tests/benchmarks/clustering.py [--side 256] [--runs 15] [--json]

Natural pictures, and the hard cases: noise (as many different colours as there can be), every colour equally often
(densities tie everywhere), a plateau (half of all colours equally often, and a denser one far away), one colour, a
smooth ramp. Times are in milliseconds, from picture and mask to labels; the processor's time is what a machine that
does nothing else would need.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import numpy as np
import torch
from PIL import Image
from skimage import data
from torch import Tensor

from samelight.harmonizers.blocks.clustering import colour_codes
from samelight.harmonizers.blocks.submasks import submask_labels


def natural(name: str, side: int) -> Tensor:
    picture = np.array(Image.fromarray(getattr(data, name)()).resize((side, side), Image.Resampling.LANCZOS))
    return torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1


def coloured(code: Tensor) -> Tensor:
    """Colours of the clustering's grid by their codes: 1 x H x W in 0..32767 to 1 x 3 x H x W in -1..1."""
    return torch.stack([code // 1024, code // 32 % 32, code % 32], dim=1) / 31 * 2 - 1


def pictures(side: int) -> dict[str, Tensor]:
    code = (torch.arange(side * side) % 32768).view(1, side, side)
    plateau = torch.where(torch.arange(side) < side * 3 // 4, (code % 16384).mT, torch.tensor(32767)).mT
    line = torch.linspace(-1, 1, side)
    rows, columns = line[:, None].expand(side, side), line.expand(side, side)
    return {
        **{name: natural(name, side) for name in ("astronaut", "coffee", "cat", "rocket")},
        "noise": torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1,
        "every colour": coloured(code),
        "plateau": coloured(plateau),
        "one colour": torch.zeros(1, 3, side, side),
        "ramp": torch.stack([rows, columns, (rows + columns) / 2])[None],
    }


def measure(picture: Tensor, runs: int) -> dict[str, float]:
    mask = torch.ones_like(picture[:, :1])
    labels = submask_labels(picture, mask)
    times, processor = [], []
    for _ in range(runs):
        began, began_processor = time.perf_counter(), time.thread_time()
        submask_labels(picture, mask)
        times.append(1000 * (time.perf_counter() - began))
        processor.append(1000 * (time.thread_time() - began_processor))
    return {
        "median_ms": statistics.median(times),
        "least_ms": min(times),
        "processor_ms": statistics.median(processor),
        "colours": len(colour_codes(picture).unique()),
        "submasks": int(labels.amax()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    report = {name: measure(picture, arguments.runs) for name, picture in pictures(arguments.side).items()}
    if arguments.json:
        print(json.dumps(report, indent=1))
        return
    for name, row in report.items():
        print(
            f"{name:13} median {row['median_ms']:6.1f} ms  least {row['least_ms']:6.1f} ms  "
            f"processor {row['processor_ms']:6.1f} ms  "
            f"{row['colours']:5} colours  {row['submasks']:2} submasks"
        )


if __name__ == "__main__":
    main()
