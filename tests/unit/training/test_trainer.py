"""The trainer: learns, goes on after an interruption as if there had been none, leaves usable weights."""

from __future__ import annotations

from dataclasses import replace
from math import inf, isfinite
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from samelight import harmonizers, weights
from samelight.instances import Instances
from samelight.training.composites import CompositeMaker
from samelight.training.draws import plan_step
from samelight.training.export import TrainingRecord, export
from samelight.training.numerics import Numerics
from samelight.training.photos import PhotoCollection
from samelight.training.recipes import Recipe, SizePhase, recipe_for
from samelight.training.source import ALL
from samelight.training.supply import Maker
from samelight.training.trainer import Budget, Trainer
from samelight_wire.errors import InvalidOptionError, WeightsCorruptError

SMALL = Recipe(1e-3, "cosine", (), batch=4, batch_side=32, phases=(SizePhase(0, (24, 32)),), aspects=(1.0, 1.5))


def trainer(photos: PhotoCollection, folder: Path, steps: int, model: str = "hdnet-lite") -> Trainer:
    torch.manual_seed(0)
    network, recipe = harmonizers.create(model), replace(SMALL, loss=recipe_for(model, paper=True).loss)
    return Trainer(network, CompositeMaker(photos, 5), recipe, Budget(steps=steps), folder, model=model)


def test_a_loss_with_parameters_is_trained_and_kept_out_of_the_weights(photos: PhotoCollection, tmp_path: Path) -> None:
    training = trainer(photos, tmp_path, 3, "rcl-lite")
    before = {name: tensor.clone() for name, tensor in training.stepper.loss.state_dict().items()}
    network = training.run()
    assert len(before) == 4
    assert all(not torch.equal(training.stepper.loss.state_dict()[name], tensor) for name, tensor in before.items())
    assert set(network.state_dict()) == set(harmonizers.create("rcl-lite").state_dict())
    kept = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert set(kept["loss"]) == set(before)


class Witness(nn.Module):
    """A network of one number that notes what it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.brightness = nn.Parameter(torch.zeros(()))
        self.shown: list[Instances | None] = []

    def forward(self, composite: Tensor, mask: Tensor, instances: Instances | None = None) -> Tensor:
        self.shown.append(instances)
        return composite + self.brightness * mask


def left_halves(composite: Tensor, mask: Tensor) -> Instances:
    """One instance that covers the left half of every picture."""
    assert 0 <= float(composite.min()) <= float(composite.max()) <= 1
    found = Instances.none_found(len(mask), *mask.shape[-2:])
    found.labels[:, :, : mask.shape[-1] // 2] = 1
    return replace(found, similarity=torch.ones(len(mask), 1), present=torch.ones(len(mask), 1, dtype=torch.bool))


def test_instances_are_found_for_the_composites_and_sometimes_hidden(photos: PhotoCollection, tmp_path: Path) -> None:
    recipe = replace(SMALL, without_instances=0.5)
    network, maker = Witness(), CompositeMaker(photos, 5)
    training = Trainer(network, maker, recipe, Budget(steps=24), tmp_path, segment=left_halves)
    training.run()
    shown = [instances for instances in network.shown if instances is not None]
    assert 4 < len(shown) < 20
    assert all(instances.count == 1 and int(instances.labels.max()) == 1 for instances in shown)


HALF = [(name, torch.bfloat16, False) for name in harmonizers.names() if name.endswith("-lite")]


def test_frih_learns_its_base_network_first(photos: PhotoCollection, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, recipe = harmonizers.create("frih-lite"), replace(SMALL, loss="frih", ema=0.0, coarse_first=0.5)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}

    def changed(until: int) -> set[str]:
        training = Trainer(network, CompositeMaker(photos, 5), recipe, Budget(steps=4), tmp_path, model="frih-lite")
        for step in range(until):
            plan = training.plan(step, step / 4)
            training.stepper.take(Maker(training.source, recipe.augmentation, None, (ALL,))(plan))
        now = network.state_dict()
        return {name.split(".")[0] for name, tensor in before.items() if not torch.equal(tensor, now[name])}

    assert changed(2) == {"base"}
    assert changed(3) == {"base", "cascade"}


@pytest.mark.parametrize(
    ("model", "dtype", "channels_last"),
    [*HALF, ("hdnet-lite", torch.bfloat16, True), ("rcl-lite", torch.float16, False)],
)
def test_networks_train_in_16_bits(
    model: str, dtype: torch.dtype, channels_last: bool, photos: PhotoCollection, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    recipe = replace(recipe_for(model, paper=True), batch=4, batch_side=32, phases=(SizePhase(0, (32,)),))
    network, maker = harmonizers.create(model), CompositeMaker(photos, 5)
    segment = left_halves if harmonizers.describe(model).needs_instances else None
    numerics = Numerics(torch.device("cpu"), dtype, channels_last=channels_last)
    training = Trainer(network, maker, recipe, Budget(steps=2), tmp_path, segment=segment, numerics=numerics)
    trained = training.run()
    assert all(isfinite(step.loss) and isfinite(step.gain) for step in training.history)
    assert all(torch.isfinite(parameter).all() for parameter in trained.parameters())


def test_the_recipe_names_loss_and_optimizer(photos: PhotoCollection, tmp_path: Path) -> None:
    recipe = replace(SMALL, optimizer="adamw", weight_decay=0.3, loss="l1", multiple=16)
    training = Trainer(Witness(), CompositeMaker(photos, 5), recipe, Budget(steps=4), tmp_path)
    assert isinstance(training.stepper.optimizer, torch.optim.AdamW)
    assert training.stepper.optimizer.param_groups[0]["weight_decay"] == 0.3
    assert type(training.stepper.loss).__name__ == "L1"
    sizes = [plan_step(recipe, 0, step, 0.5).size for step in range(20)]
    assert {side % 16 for size in sizes for side in size} == {0}
    assert len(set(sizes)) > 1


@pytest.mark.parametrize(("longest", "norm"), [(1e-4, 1e-4), (1e6, None), (inf, None)])
def test_long_gradients_are_shortened(
    longest: float, norm: float | None, photos: PhotoCollection, tmp_path: Path
) -> None:
    network, recipe = Witness(), replace(SMALL, longest_gradient=longest)
    Trainer(network, CompositeMaker(photos, 5), recipe, Budget(steps=1), tmp_path).run()
    assert network.brightness.grad is not None
    left = abs(float(network.brightness.grad))
    assert left > 1e-3 if norm is None else left == pytest.approx(norm, rel=1e-2)


def test_a_damaged_checkpoint_is_told(photos: PhotoCollection, tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(b"nothing of the kind")
    with pytest.raises(WeightsCorruptError, match="damaged"):
        trainer(photos, tmp_path, 2).run()


def test_what_it_leaves_can_be_loaded(photos: PhotoCollection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = trainer(photos, tmp_path / "run", 2)
    network = training.run()
    record = TrainingRecord("hdnet-lite", SMALL, training.history, len(photos), 5, "a test", "Six pictures.", "Free.")
    undrawn = replace(record, history=())
    assert len({export(network, undrawn, tmp_path / "out").sha256 for _ in range(8)}) == 1
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


@pytest.mark.parametrize("figures", [{}, {"steps": 3, "minutes": 1.0}, {"steps": 0}, {"minutes": -1.0}])
def test_a_budget_is_steps_or_minutes(figures: dict[str, float]) -> None:
    with pytest.raises(InvalidOptionError):
        Budget(**figures)  # type: ignore[arg-type]
