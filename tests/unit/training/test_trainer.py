"""The trainer: learns, goes on after an interruption as if there had been none, leaves usable weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from samelight import harmonizers, weights
from samelight.training.composites import CompositeMaker
from samelight.training.export import TrainingRecord, export
from samelight.training.losses import foreground_mse
from samelight.training.photos import PhotoCollection
from samelight.training.recipes import ON_PHOTOS, PAPER, Recipe, SizePhase, recipe_for
from samelight.training.trainer import Budget, Step, Trainer
from samelight_wire.errors import InvalidOptionError, UnknownModelError, WeightsCorruptError

SMALL = Recipe(1e-3, "cosine", (), batch=4, batch_side=32, phases=(SizePhase(0, (24, 32)),), aspects=(1.0, 1.5))


def trainer(photos: PhotoCollection, folder: Path, steps: int) -> Trainer:
    torch.manual_seed(0)
    network = harmonizers.create("hdnet-lite")
    return Trainer(network, CompositeMaker(photos, 5), SMALL, Budget(steps=steps), folder, half_precision=False)


def test_loss_is_equation_1() -> None:
    result, real = torch.zeros(2, 3, 10, 20), torch.zeros(2, 3, 10, 20)
    result[0, :, 0, 0] = 0.5  # 3 * 0.25, over an area of 150
    result[1, 0, 0, 0] = 1.0  # 1, over A_min = 100, since the mask has 2 pixels
    mask = torch.zeros(2, 1, 10, 20)
    mask[0].view(-1)[:150], mask[1].view(-1)[:2] = 1, 1
    assert float(foreground_mse(result, real, mask)) == pytest.approx((0.75 / 150 + 1 / 100) / 2)


def test_an_interrupted_training_ends_as_an_uninterrupted_one(photos: PhotoCollection, tmp_path: Path) -> None:
    whole = trainer(photos, tmp_path / "whole", 6).run(lambda _: None)

    class InterruptionError(Exception):
        pass

    def stop_after_three(step: Step) -> None:
        if step.number == 3:
            raise InterruptionError

    first = trainer(photos, tmp_path / "parts", 6)
    with pytest.raises(InterruptionError):
        first.run(stop_after_three)
    first.save()
    second = trainer(photos, tmp_path / "parts", 6)
    resumed = second.run(lambda _: None)
    assert [step.number for step in second.history] == [1, 2, 3, 4, 5, 6]
    for name, tensor in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], tensor), name


def test_a_damaged_checkpoint_is_told(photos: PhotoCollection, tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(b"nothing of the kind")
    with pytest.raises(WeightsCorruptError, match="does not fit"):
        trainer(photos, tmp_path, 2).run(lambda _: None)


def test_what_it_leaves_can_be_loaded(photos: PhotoCollection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = trainer(photos, tmp_path / "run", 2)
    network = training.run(lambda _: None)
    record = TrainingRecord("hdnet-lite", SMALL, training.history, len(photos), 5, "a test", "Six pictures.", "Free.")
    export(network, record, tmp_path / "out")
    export(network, record, tmp_path / "out")
    monkeypatch.setenv("SAMELIGHT_WEIGHTS", str(tmp_path / "out"))
    restored = harmonizers.create("hdnet-lite")
    restored.load_state_dict(weights.load("hdnet-lite"))
    for name, tensor in network.state_dict().items():
        assert torch.allclose(restored.state_dict()[name], tensor, atol=1e-3), name
    card = (tmp_path / "out" / "hdnet-lite.md").read_text()
    assert "Six pictures." in card
    assert "Free." in card
    assert (tmp_path / "out" / "hdnet-lite-loss.png").stat().st_size > 5000


@pytest.mark.slow
def test_learns_sixteen_composites_by_heart(photos: PhotoCollection) -> None:
    torch.manual_seed(0)
    batch = CompositeMaker(photos, 8).batch(16, (32, 32))
    network = harmonizers.create("hdnet-lite")
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    composite, real = batch.composite * 2 - 1, batch.real * 2 - 1

    def error() -> float:
        with torch.no_grad():
            squared = (network(composite, batch.mask) - real).square().mean(1, keepdim=True) / 4
            return float(squared.sum() / batch.mask.sum())

    for step in range(400):
        optimizer.zero_grad()
        foreground_mse(network(composite, batch.mask), real, batch.mask).backward()
        optimizer.step()
        if step % 20 == 0 and error() < 10**-3.2:
            break
    assert error() < 10**-3.2, "foreground PSNR stays below 32 dB"


def test_recipes_follow_their_schedules() -> None:
    paper = recipe_for("hdnet", paper=True)
    assert [paper.learning_rate_at(p) for p in (0.5, 0.84, 0.92)] == pytest.approx([1e-3, 1e-4, 1e-5])
    assert paper.batch_at(256) == 12
    photos = recipe_for("hdnet-lite", paper=False)
    rates = [photos.learning_rate_at(p) for p in (0.0, 0.01, 0.5, 1.0)]
    assert rates[0] == 0
    assert rates[1] > rates[2] > rates[3] > 0
    assert set(photos.sides_at(0.8)) == {160, 192, 224, 256}
    assert set(PAPER) == set(ON_PHOTOS) == set(harmonizers.names())
    with pytest.raises(UnknownModelError):
        recipe_for("dall-e", paper=False)


@pytest.mark.parametrize("figures", [{}, {"steps": 3, "minutes": 1.0}, {"steps": 0}, {"minutes": -1.0}])
def test_a_budget_is_steps_or_minutes(figures: dict[str, float]) -> None:
    with pytest.raises(InvalidOptionError):
        Budget(**figures)  # type: ignore[arg-type]
