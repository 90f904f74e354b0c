"""Two processes that share a training learn what one process learns."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from training_helpers import SHARED_STEPS, SMALL, Course, Stopper, learned

from samelight.training.composites import Composites
from samelight.training.draws import plan_step
from samelight.training.history import History
from samelight.training.supply import Maker
from samelight_wire.errors import InvalidOptionError

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
MODELS = tuple(SHARED_STEPS)


@pytest.fixture(scope="module")
def shared(photo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the checkpoints of all models after their steps in two processes, stopped and resumed halfway."""
    folder = tmp_path_factory.mktemp("shared")
    path = os.pathsep.join(str(each) for each in (ROOT / "daemon", ROOT / "shared", HERE))
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*torchrun, HERE / "two_processes.py", photo_folder, folder, *MODELS]
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As the two processes have: more threads add up in another order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_two_processes_learn_what_one_learns_in_two_portions(
    model: str, shared: Path, photo_folder: Path, tmp_path: Path
) -> None:
    alone = Course(model, photo_folder, tmp_path, SHARED_STEPS[model])
    alone.trainer(portions=2).run()
    one, two = learned(tmp_path), learned(shared / model)
    furthest = max(float((one[name] - two[name]).abs().max()) for name in one)
    assert furthest <= 1e-5
    assert max(float((one[name] - first).abs().max()) for name, first in first_weights(alone).items()) > 1e-3
    losses = [[step.loss for step in read_history(folder)] for folder in (tmp_path, shared / model)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    assert len(losses[0]) == SHARED_STEPS[model]


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_a_batch_as_a_whole_begins_the_same_way(model: str, shared: Path, photo_folder: Path, tmp_path: Path) -> None:
    # Later rounding shows: an optimizer that divides by a gradient's size makes much of one that is nearly zero.
    trainer = Course(model, photo_folder, tmp_path, SHARED_STEPS[model]).trainer(watcher=Stopper(3))
    trainer.run()
    alone, together = ([step.loss for step in history] for history in (trainer.history, read_history(shared / model)))
    assert alone[0] == pytest.approx(together[0], rel=1e-6)
    assert alone[:3] == pytest.approx(together[:3], rel=1e-3)


def first_weights(course: Course) -> dict[str, torch.Tensor]:
    return {f"network.{name}": tensor for name, tensor in course.trainer().network.state_dict().items()}


def read_history(folder: Path) -> History:
    history = History(folder / "steps.csv")
    history.resume(1000)
    return history


@pytest.mark.parametrize("model", MODELS)
def test_portions_add_up_to_the_batch(model: str, photo_folder: Path, tmp_path: Path) -> None:
    """Figures and gradient of a batch are the same however it is divided, for every loss: in float64."""
    course = Course(model, photo_folder, tmp_path, 1)
    plan = replace(plan_step(SMALL, 5, 0, 0.0), hidden=False)
    found = []
    for portions in (1, 3):
        trainer = course.trainer(portions=portions)
        trainer.network.double()
        trainer.stepper.loss.double()
        make = Maker(trainer.source, SMALL.augmentation, trainer.segment, trainer.team.shards(portions))
        batch = make(plan)
        exact = tuple(replace(each, composites=in_float64(each.composites)) for each in batch.portions)
        figures = trainer.stepper.gradients(replace(batch, portions=exact))
        assert len(exact) == portions
        found.append([figures, *(parameter.grad for parameter in trainer.stepper.learner.parameters())])
    for one, other in zip(*found, strict=True):
        assert (one is None) is (other is None)
        if one is not None and other is not None:
            assert torch.allclose(one, other, rtol=1e-6, atol=1e-15 + 1e-6 * float(one.abs().max()))


def in_float64(made: Composites) -> Composites:
    return replace(made, composite=made.composite.double(), mask=made.mask.double(), real=made.real.double())


def test_a_batch_smaller_than_the_processes_is_refused(photo_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidOptionError, match="Batches of 3 pictures cannot be shared by 6"):
        Course("hdnet-lite", photo_folder, tmp_path, 1).trainer(portions=6)
