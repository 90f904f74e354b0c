"""`samelight models`: what the networks cost, counted without running them, and what is known of their weights."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from cli_helpers import Run
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from samelight import harmonizers, weights
from samelight.cli import cost_notes, costs
from samelight.cli.cost_notes import costs_of
from samelight.cli.costs import PeakMemory, cost_of, sample_picture
from samelight.evaluation.report import in_manifest
from samelight.evaluation.scores import Row
from samelight.harmonizers import registry
from samelight.instances import Instances


class Squares(nn.Module):
    """A network whose cost is known: 3 + 9 + 27 parameters; its work depends on the picture, if `by_content`."""

    by_content = False

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3, 13))

    def forward(self, picture: torch.Tensor, mask: torch.Tensor, instances: Instances | None) -> torch.Tensor:
        if self.by_content and bool(mask.max() < 0.5):
            return picture
        assert instances is not None
        assert instances.labels.shape == (1, 256, 256)
        flat = picture.flatten(2).transpose(1, 2)  # 1 x 65,536 x 3
        return flat @ self.weight


@pytest.fixture
def squares(monkeypatch: pytest.MonkeyPatch) -> type[Squares]:
    info = harmonizers.HarmonizerInfo("squares", "Squares", "Nobody", 2000, needs_instances=True, build=Squares)
    monkeypatch.setitem(registry._REGISTRY, "squares", info)
    return Squares


@pytest.mark.parametrize("by_content", [False, True])
def test_costs_are_those_of_the_operations(
    squares: type[Squares], monkeypatch: pytest.MonkeyPatch, by_content: bool
) -> None:
    monkeypatch.setattr(squares, "by_content", by_content)
    cost = cost_of("squares")
    assert cost.depends_on_picture == by_content
    assert cost.parameters == 39
    assert cost.multiply_adds == 65_536 * 39
    result, transposed = 4 * 65_536 * 13, 4 * 65_536 * 3
    # A library may copy the picture to transpose it; nothing else is made but the result.
    assert 4 * 39 + result <= cost.memory_bytes <= 4 * 39 + result + 2 * transposed


def test_counting_on_shapes_is_counting_for_real() -> None:
    real = costs._measure("hdnet-lite", shapes_only=False)
    assert costs._measure("hdnet-lite", shapes_only=True) == replace(real, depends_on_picture=False)


def test_hdnet_costs_what_its_paper_s_network_costs() -> None:
    cost = cost_of("hdnet")
    assert cost.parameters == 10_413_775
    assert cost.multiply_adds == pytest.approx(28.98e9, rel=0.05)


@pytest.mark.parametrize("shapes_only", [False, True])
def test_peak_memory_counts_what_lives_at_once(shapes_only: bool) -> None:
    mode = FakeTensorMode()
    with mode if shapes_only else torch.no_grad():
        before = torch.zeros(1000)
        with PeakMemory() as memory:
            kept = before + 1  # 4,000 bytes
            for _ in range(5):
                kept = kept * 2  # another 4,000, the old one is given up
            kept.add_(1)  # nothing
            view = kept[10:].view(-1, 2)  # nothing
            assert view.shape == (495, 2)
            del kept, view
            assert (before + 1).numel() == 1000  # alone
    assert memory.peak == 8000


def test_the_sample_is_as_networks_want_it() -> None:
    picture, mask = sample_picture()
    assert picture.shape == (1, 3, 256, 256)
    assert -1 <= picture.min() < -0.8 < 0.8 < picture.max() <= 1
    assert mask.shape == (1, 1, 256, 256)
    assert 0.1 < mask.mean() < 0.5


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "cache" / "costs.json"
    monkeypatch.setattr(cost_notes, "_path", lambda: path)
    return path


def test_costs_are_counted_once(squares: type[Squares], notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []
    monkeypatch.setattr(costs, "cost_of", lambda name: (counted.append(name), cost_of(name))[1])
    first = costs_of(["squares"])
    assert costs_of(["squares"]) == first
    assert first["squares"].parameters == 39
    assert set(costs_of(["squares", "hdnet-lite"])) == {"squares", "hdnet-lite"}
    assert counted == ["squares", "hdnet-lite"]
    monkeypatch.setattr(cost_notes, "_code", lambda: "other code")
    assert costs_of(["squares"]) == first
    assert counted[2:] == ["squares"]


@pytest.mark.parametrize("text", ["{ not json", "[]", '{"code": 3}', "null"])
def test_damaged_notes_are_made_anew(squares: type[Squares], notes: Path, text: str) -> None:
    notes.parent.mkdir()
    notes.write_text(text)
    assert costs_of(["squares"])["squares"].parameters == 39
    assert json.loads(notes.read_text())["costs"]["squares"]["parameters"] == 39


def test_notes_that_cannot_be_written_cost_time_only(squares: type[Squares], notes: Path) -> None:
    notes.parent.write_text("a file where the folder should be")
    assert costs_of(["squares"])["squares"].parameters == 39


def test_every_network_tells_everything(run: Run) -> None:
    found = {model["name"]: model for model in json.loads(run("models", "--json").stdout)["models"]}
    assert list(found) == harmonizers.names()
    for name, model in found.items():
        assert model["paper"], name
        assert 1e5 < model["parameters"] < 1e8, name
        assert 1e8 < model["multiply_adds"] < 1e12, name
        assert model["needs"]["segmentation"] == harmonizers.describe(name).needs_instances
        assert model["needs"]["memory_bytes"] > 4 * model["parameters"]
        assert model["weights"] in {"ok", "missing"}


def test_validation_figures_are_data(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SAMELIGHT_WEIGHTS", str(tmp_path))  # none of one's own, so those that came with the package
    found = {model["name"]: model for model in json.loads(run("models", "--json").stdout)["models"]}
    shipped = found["hdnet-lite"]
    assert shipped["validation"]["fmse_ratio"] == shipped["fmse_ratio"] < 0.45
    assert shipped["validation"]["pictures"] == 449
    assert "photographs" in shipped["rights"]
    assert shipped["file"].endswith("hdnet-lite.safetensors")


def test_the_table_fits_80_columns(run: Run) -> None:
    lines = run("models").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    rows = [line.split()[0] for line in lines[1 : 1 + len(harmonizers.names())]]
    assert rows == harmonizers.names()


def test_what_a_benchmark_measured_comes_back_from_the_manifest(tmp_path: Path) -> None:
    row = Row(pictures=4, mse=1.23456, fmse=20.0, psnr=30.0, fpsnr=25.0, fmse_ratio=0.5, better=0.75, worse_by_3_db=1)
    entry = weights.WeightsEntry("a", 1, "00", "a.md", "None.", 0.5, in_manifest(row, 256))
    weights.write_entry(tmp_path, "made-up", entry)
    read = weights.read_manifest(tmp_path)["made-up"].validation
    assert read is not None
    assert read["mse"] == 1.2346
    assert read["worse_by_3_db"] == 1
    assert str(read["benchmark"]).startswith("photos version 1")
