"""One of two processes that share trainings: `torchrun --nproc-per-node 2 two_processes.py PHOTOS FOLDER MODEL...`.

Each training is stopped halfway by a signal to the second process alone, and then goes on.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import torch
from training_helpers import SHARED_STEPS, Course

from samelight.training.distributed import disband, join_team
from samelight.training.source import Shard
from samelight.training.supply import Batch
from samelight.training.trainer import Trainer


class Stopped(Trainer):
    """The second process is asked to stop at half the steps."""

    def _train_step(self, batch: Batch) -> None:
        if self.team.rank == 1 and self.step == SHARED_STEPS[self.model] // 2:
            os.kill(os.getpid(), signal.SIGTERM)
        super()._train_step(batch)


def main() -> None:
    photos, folder, *models = sys.argv[1:]
    torch.set_num_threads(1)
    team = join_team(torch.device("cpu"))
    assert team.size == 2
    for model in models:
        steps = SHARED_STEPS[model]
        course = Course(model, Path(photos), Path(folder) / model, steps)
        first = course.trainer(team=team)
        first.__class__ = Stopped
        first.run()
        assert first.stopped_by == signal.SIGTERM, first.stopped_by
        assert steps // 2 < first.step < steps
        second = course.trainer(team=team)
        second.run()
        assert second.step == steps
        assert (course.folder / "checkpoint.pt").exists()
    assert list(team.shards(1)) == [Shard(team.rank, 2)]
    disband()


if __name__ == "__main__":
    main()
