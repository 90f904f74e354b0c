"""How fast a network trains, and where the time goes.

    python tests/benchmarks/training.py hdnet-lite --photos train.zip [--side 256] [--batch 12] [--steps 20]
        [--device auto] [--precision auto] [--threads N] [--json]

Two figures: steps and pictures a second of the trainer as it is (composites are made ahead), and the milliseconds of a
step's parts one after the other (medians): composites, instances, forward and loss, backward, optimizer with average.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from samelight import harmonizers
from samelight.devices import choose_devices, describe_device
from samelight.training.average import MovingAverage
from samelight.training.choosing import segment_for
from samelight.training.composites import CompositeMaker
from samelight.training.draws import plan_step
from samelight.training.learner import Learner
from samelight.training.losses import LOSSES, Part
from samelight.training.numerics import choose_numerics
from samelight.training.optimizing import make_optimizer
from samelight.training.photos import PhotoCollection
from samelight.training.recipes import SizePhase, recipe_for
from samelight.training.source import ALL
from samelight.training.supply import Maker
from samelight.training.trainer import Budget, Trainer


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", choices=harmonizers.names())
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def waited(device: torch.device) -> float:
    """The time when the device has done what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


class Parts:
    """Milliseconds of each part, step by step."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.times: dict[str, list[float]] = {}

    def measure(self, name: str, work: Callable[[], Any]) -> Any:
        began = waited(self.device)
        result = work()
        self.times.setdefault(name, []).append(1000 * (waited(self.device) - began))
        return result

    def medians(self) -> dict[str, float]:
        """Without the first step, which warms up."""
        return {name: statistics.median(times[1:] or times) for name, times in self.times.items()}


def main() -> None:
    asked = arguments()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    device = choose_devices(asked.device)[0]
    numerics = choose_numerics(device, asked.precision)
    recipe = recipe_for(asked.model, paper=True)
    recipe = replace(recipe, batch=asked.batch, batch_side=asked.side, phases=(SizePhase(0.0, (asked.side,)),))
    source, segment = CompositeMaker(PhotoCollection(asked.photos), 1, device), segment_for(asked.model)
    with tempfile.TemporaryDirectory() as folder:
        for count in (2, asked.steps):  # the first one warms up
            network, place = harmonizers.create(asked.model), Path(folder) / str(count)
            trainer = Trainer(network, source, recipe, Budget(steps=count), place, segment=segment, numerics=numerics)
            trainer.run()
        steps = asked.steps / trainer.seconds
    learner = Learner(numerics.place(harmonizers.create(asked.model)), LOSSES[recipe.loss]().to(device), numerics)
    optimizer, average = make_optimizer(recipe, learner.parameters()), MovingAverage(learner.network, 0.999)
    parts = Parts(device)
    make = Maker(source, recipe.augmentation, segment, (ALL,))
    for step in range(asked.steps):
        portion = parts.measure("composites and instances", partial(make, plan_step(recipe, 1, step, 0.0))).portions[0]
        made = portion.composites
        forward = partial(learner, made.composite, made.real, made.mask, portion.instances, Part())
        loss, _ = parts.measure("forward and loss", forward)
        optimizer.zero_grad(set_to_none=True)
        parts.measure("backward", loss.backward)
        parts.measure("optimizer", optimizer.step)
        parts.measure("average", partial(average.update, learner.network, step))
    report = {
        "model": asked.model,
        "device": describe_device(device),
        "precision": numerics.name,
        "steps_per_second": steps,
        "pictures_per_second": steps * asked.batch,
        "milliseconds": parts.medians(),
    }
    print(json.dumps(report) if asked.json else told(report))


def told(report: dict[str, Any]) -> str:
    lines = [f"{report['model']} on {report['device']}, {report['precision']}"]
    lines.append(f"{report['steps_per_second']:.2f} steps/s, {report['pictures_per_second']:.1f} pictures/s")
    return "\n".join([*lines, *(f"{name:>26}: {value:8.1f} ms" for name, value in report["milliseconds"].items())])


if __name__ == "__main__":
    main()
