"""Digits, layout and compiler."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn
from training_helpers import SMALL

from samelight.training.average import MovingAverage
from samelight.training.compiling import compiler_missing
from samelight.training.composites import CompositeMaker
from samelight.training.numerics import choose_numerics
from samelight.training.photos import PhotoCollection
from samelight.training.recipes import SizePhase
from samelight.training.trainer import Budget, Trainer
from samelight.training.watching import Watcher
from samelight_wire.errors import InvalidOptionError

CPU = torch.device("cpu")


class Tint(nn.Module):
    """A network of three numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(1, 3, 1, 1))

    def forward(self, composite: torch.Tensor, mask: torch.Tensor, instances: object = None) -> torch.Tensor:
        return composite + torch.tanh(self.shift) * mask


class Listener(Watcher):
    def __init__(self) -> None:
        self.heard: list[str] = []

    def said(self, sentence: str) -> None:
        self.heard.append(sentence)


def trained(photos: PhotoCollection, folder: Path, **options: object) -> tuple[torch.Tensor, list[str]]:
    listener = Listener()
    source = CompositeMaker(photos, 5)
    # One size: every other one would be compiled again.
    recipe = replace(SMALL, phases=(SizePhase(0, (16,)),), aspects=(1.0,))
    training = Trainer(Tint(), source, recipe, Budget(steps=3), folder, watcher=listener, **options)  # type: ignore[arg-type]
    training.run()
    return training.network.state_dict()["shift"].clone(), listener.heard


@pytest.mark.slow
@pytest.mark.skipif(compiler_missing(CPU) is not None, reason="there is no C++ compiler")
def test_a_compiled_network_learns_the_same(photos: PhotoCollection, tmp_path: Path) -> None:
    plain, _ = trained(photos, tmp_path / "plain")
    compiled, heard = trained(photos, tmp_path / "compiled", compiled=True)
    assert heard == []
    assert float(plain.abs().max()) > 1e-4
    assert torch.allclose(plain, compiled, atol=1e-6)


@pytest.mark.slow
def test_a_compiler_that_fails_is_told_and_done_without(
    photos: PhotoCollection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch._inductor import config

    monkeypatch.setattr(config, "force_disable_caches", True)
    monkeypatch.setattr(config.cpp, "cxx", (None, "false"))
    torch._dynamo.reset()
    plain, _ = trained(photos, tmp_path / "plain")
    without, heard = trained(photos, tmp_path / "without", compiled=True)
    assert len(heard) == 1
    assert heard[0].startswith("The network is not compiled: ")
    assert torch.equal(plain, without)


def test_no_compiler_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    assert compiler_missing(CPU) == "there is no C++ compiler"


@pytest.mark.parametrize(
    ("capabilities", "usual"),
    [({"amx_bf16": True}, torch.bfloat16), ({"amx_bf16": False}, torch.float32), ({}, torch.float32)],
)
def test_a_processor_has_bfloat16_only_where_it_is_faster(
    capabilities: dict[str, bool], usual: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert choose_numerics(CPU).dtype == usual


def test_precisions() -> None:
    assert choose_numerics(CPU, "float32").dtype == torch.float32
    assert choose_numerics(CPU, "float16").scaler().is_enabled()
    assert not choose_numerics(CPU, "bfloat16").scaler().is_enabled()
    with pytest.raises(InvalidOptionError, match="no precision 'int8'"):
        choose_numerics(CPU, "int8")


def test_channels_last_is_a_layout_and_no_other_network() -> None:
    network = choose_numerics(CPU, channels_last=True).place(nn.Conv2d(4, 8, 3))
    weight = network.state_dict()["weight"]
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert not weight.is_contiguous()


@pytest.mark.parametrize("decay", [0.0, 0.9])
def test_the_moving_average_is_that_of_the_formula(decay: float) -> None:
    network = Tint()
    average, expected = MovingAverage(network, decay), torch.zeros(3)
    for step in range(30):
        with torch.no_grad():
            network.shift += torch.tensor([1.0, -0.5, step]).view(1, 3, 1, 1)
        follow = min(decay, (1 + step) / (10 + step))
        expected = follow * expected + (1 - follow) * network.shift.detach().flatten()
        average.update(network, step)
    assert torch.allclose(average.network.state_dict()["shift"].flatten(), expected, atol=1e-4)
