"""A training that was killed, stopped or went wrong goes on as if nothing had happened, or says why it cannot."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from training_helpers import ALWAYS, SMALL, Course, Stopper, Tint, different, learned

from samelight.training.composites import CompositeMaker, Composites
from samelight.training.history import History, Step
from samelight.training.photos import PhotoCollection
from samelight.training.recipes import Augmentation
from samelight.training.source import ALL, Shard
from samelight.training.trainer import Budget, Pace, Trainer
from samelight_wire.errors import InvalidOptionError, OutputError, TrainingError, UnreadablePictureError

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("model", ["rcl-lite", "srin-lite"])
def test_a_training_killed_again_and_again_ends_with_the_same_bits(
    model: str, photo_folder: Path, tmp_path: Path
) -> None:
    seed = random.randrange(10**6)  # noqa: S311
    path = os.pathsep.join(str(each) for each in (ROOT / "daemon", ROOT / "shared", HERE))
    arguments = [sys.executable, HERE / "killed_training.py", model, photo_folder, tmp_path, str(seed)]
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(list(map(str, arguments)), env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (seed, done.stderr)
    assert int(done.stdout) > 0, "no kill hit the writing of a checkpoint"
    whole, parts = (tmp_path / name for name in ("whole", "parts"))
    assert different(learned(whole), learned(parts)) == [], seed
    figures = [History(folder / "steps.csv") for folder in (whole, parts)]
    for history in figures:
        history.resume(1000)
    first, second = ([(step.number, step.loss, step.gain) for step in history] for history in figures)
    assert first == second
    assert len(first) == 14


@pytest.mark.parametrize(("number", "paper"), [(signal.SIGTERM, True), (signal.SIGINT, False)])
def test_a_signal_finishes_the_step_saves_and_the_rest_follows(
    number: int, paper: bool, photo_folder: Path, tmp_path: Path
) -> None:
    before = signal.getsignal(signal.SIGINT)
    whole, parts = (Course("hdnet-lite", photo_folder, tmp_path / name, 6, paper) for name in ("whole", "parts"))
    whole.trainer().run()
    stopped = parts.trainer(watcher=Stopper(2, number))
    stopped.run()
    assert stopped.stopped_by == number
    assert 2 <= stopped.step < 6
    assert torch.load(parts.folder / "checkpoint.pt", weights_only=True)["step"] == stopped.step
    torch.manual_seed(99)  # whatever was drawn since
    resumed = parts.trainer(workers=0, watcher=(heard := Stopper(0)))
    resumed.run()
    assert resumed.stopped_by == 0
    assert [step.number for step in resumed.history] == [1, 2, 3, 4, 5, 6]
    assert different(learned(whole.folder), learned(parts.folder)) == []
    assert heard.heard == [f"Goes on after step {stopped.step}."]
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"model": "rcl-lite"}, "model is hdnet-lite, not rcl-lite"),
        ({"seed": 6}, "seed is 5, not 6"),
        ({"recipe": replace(SMALL, learning_rate=0.5)}, "recipe learning_rate is 0.001, not 0.5"),
    ],
)
def test_another_trainings_checkpoint_is_refused_with_what_differs(
    change: dict[str, object], named: str, photos: PhotoCollection, tmp_path: Path
) -> None:
    def training(**changed: object) -> Trainer:
        given = {"model": "hdnet-lite", "seed": 5, "recipe": SMALL, **changed}
        recipe = given.pop("recipe")
        source = CompositeMaker(photos, 5)
        return Trainer(Tint(), source, recipe, Budget(steps=2), tmp_path, **given)  # type: ignore[arg-type]

    training().run()
    with pytest.raises(InvalidOptionError, match=named):
        training(**change).run()


def small(photos: PhotoCollection, folder: Path, budget: Budget, **options: object) -> Trainer:
    source = options.pop("source", None) or CompositeMaker(photos, 5)
    return Trainer(Tint(), source, SMALL, budget, folder, **options)  # type: ignore[arg-type]


def test_what_may_differ_is_told(photos: PhotoCollection, tmp_path: Path) -> None:
    small(photos, tmp_path, Budget(steps=2)).run()
    heard = Stopper(0)
    training = small(photos, tmp_path, Budget(steps=3), portions=2, watcher=heard)
    training.run()
    assert training.step == 3
    assert any("portions is 1, not 2" in sentence for sentence in heard.heard)
    assert any("budget steps is 2, not 3" in sentence for sentence in heard.heard)


def test_minutes_count_earlier_runs_in(photos: PhotoCollection, tmp_path: Path) -> None:
    budget = Budget(minutes=1.5 / 60)
    first = small(photos, tmp_path, budget, watcher=Stopper(3))
    first.run()
    assert first.stopped_by
    second = small(photos, tmp_path, budget)
    second.run()
    assert 0 < first.seconds < second.seconds
    assert second.seconds >= 1.5
    assert [step.number for step in second.history] == list(range(1, second.step + 1))
    progress = [step.progress for step in second.history]
    assert progress == sorted(progress)


class Spoiled(CompositeMaker):
    """A source of which one step's composites are no numbers."""

    def batch(
        self, step: int, count: int, size: tuple[int, int], augmentation: Augmentation, shard: Shard = ALL
    ) -> Composites:
        made = super().batch(step, count, size, augmentation, shard)
        return replace(made, real=made.real * float("nan")) if step == 4 else made


@pytest.mark.parametrize("read_every", [1, 3, 100])
def test_a_loss_that_is_no_number_ends_it_before_the_next_checkpoint(
    read_every: int, photos: PhotoCollection, tmp_path: Path
) -> None:
    pace = Pace(checkpoint_every=0 if read_every == 1 else 1e9, read_every=read_every)
    training = small(photos, tmp_path, Budget(steps=8), source=Spoiled(photos, 5), pace=pace)
    with pytest.raises(TrainingError, match="loss at step 5 is nan"):
        training.run()
    kept = tmp_path / "checkpoint.pt"
    assert kept.exists() is (read_every == 1)
    if kept.exists():
        state = torch.load(kept, weights_only=True)
        assert state["step"] == 4
        assert bool(state["network"]["brightness"].isfinite())


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """Writing more into a file fails, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_the_checkpoint_before(photo_folder: Path, tmp_path: Path) -> None:
    course = Course("hdnet-lite", photo_folder, tmp_path, 2)
    course.trainer().run()
    before = learned(tmp_path)
    longer = replace(course, steps=4)
    with no_file_above(500_000), pytest.raises(OutputError, match="one before it is still there"):
        longer.trainer().run()
    assert different(before, learned(tmp_path)) == []
    assert not list(tmp_path.glob("*.part"))
    longer.trainer().run()
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == 4


class Damaged(CompositeMaker):
    """A source whose files cannot be read any more from some step on."""

    def batch(
        self, step: int, count: int, size: tuple[int, int], augmentation: Augmentation, shard: Shard = ALL
    ) -> Composites:
        if step >= 3:
            raise UnreadablePictureError("photo3.webp cannot be read.", "Export it again.")
        return super().batch(step, count, size, augmentation, shard)


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_an_unreadable_picture_ends_it_with_a_checkpoint(workers: int, photos: PhotoCollection, tmp_path: Path) -> None:
    training = small(photos, tmp_path, Budget(steps=8), source=Damaged(photos, 5), workers=workers)
    with pytest.raises(UnreadablePictureError, match=r"photo3\.webp.*stopped at step 3 and saved"):
        training.run()
    repaired = small(photos, tmp_path, Budget(steps=8))
    repaired.run()
    assert [step.number for step in repaired.history] == list(range(1, 9))


def test_steps_of_a_later_moment_than_the_checkpoint_are_done_again(photos: PhotoCollection, tmp_path: Path) -> None:
    small(photos, tmp_path, Budget(steps=3)).run()
    file = tmp_path / "steps.csv"
    whole = file.read_text()
    file.write_text(whole + "4,0.9,1.0,1.0,5,9.0\n5,0.95,1.0,1.")  # a kill left this behind
    training = small(photos, tmp_path, Budget(steps=4), pace=ALWAYS)
    training.run()
    assert [step.number for step in training.history] == [1, 2, 3, 4]
    assert file.read_text().startswith(whole)
    assert file.read_text().count("\n") == 5


def test_history_keeps_every_digit(tmp_path: Path) -> None:
    history = History(tmp_path / "steps.csv")
    steps = [Step(n, n / 7, 1 / (n + 3), 2.5e-17 * n, 8, n * 0.1) for n in range(1, 6)]
    for step in steps:
        history.append(step)
        history.flush()
    again = History(tmp_path / "steps.csv")
    again.resume(4)
    assert list(again) == steps[:4]
    assert again[-1] == steps[3]
    assert again[1:3] == steps[1:3]
