"""Muon for kernels, AdamW for all else, behind the looks of one optimizer."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from training_helpers import SMALL

from samelight.training.optimizing import MuonAndAdamW, make_optimizer, set_learning_rate

RATE, SHARE = 1e-3, 20.0


class Small(nn.Module):
    """A kernel of each kind."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 16, kernel_size=3)
        self.depthwise = nn.Conv2d(16, 16, kernel_size=3, groups=16)
        self.transposed = nn.ConvTranspose2d(16, 8, kernel_size=4)
        self.to_rgb = nn.ConvTranspose2d(8, 3, kernel_size=3)

    def forward(self, picture: Tensor) -> Tensor:
        rgb: Tensor = self.to_rgb(self.transposed(self.depthwise(self.conv(picture))))
        return rgb


def network(layout: torch.memory_format = torch.contiguous_format) -> Small:
    torch.manual_seed(3)
    return Small().to(memory_format=layout)  # type: ignore[call-overload,no-any-return]


def learn(learner: nn.Module, optimizer: torch.optim.Optimizer, steps: int, seed: int = 0) -> None:
    source = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        optimizer.zero_grad()
        learner(torch.randn(2, 8, 9, 9, generator=source)).square().sum().backward()
        optimizer.step()


def muon_of(learner: nn.Module) -> MuonAndAdamW:
    return MuonAndAdamW(learner.parameters(), RATE, SHARE, weight_decay=0.0)


def test_a_kernels_step_is_as_long_in_every_direction() -> None:
    learner = network()
    before = copy.deepcopy(learner)
    learn(learner, muon_of(learner), 1)
    for name in ("conv", "transposed"):
        step = (getattr(learner, name).weight - getattr(before, name).weight).flatten(1)
        lengths = torch.linalg.svdvals(step.detach()) / (RATE * SHARE)
        assert 0.5 < lengths.min() <= lengths.max() < 1.5, name


def test_everything_else_steps_as_by_adamw() -> None:
    muon, adamw = network(), network()
    learn(muon, muon_of(muon), 1)
    learn(adamw, torch.optim.AdamW(adamw.parameters(), RATE, weight_decay=0.0), 1)
    by_adamw = dict(adamw.named_parameters())
    for name, parameter in muon.named_parameters():
        same = bool(torch.equal(parameter, by_adamw[name]))
        assert same is (name not in ("conv.weight", "transposed.weight")), name


def test_the_memory_layout_changes_nothing_but_rounding() -> None:
    usual, last = network(), network(torch.channels_last)
    for learner in (usual, last):
        learn(learner, muon_of(learner), 3)
    assert not last.conv.weight.is_contiguous()
    for one, other in zip(usual.parameters(), last.parameters(), strict=True):
        # Muon multiplies in bfloat16.
        assert torch.allclose(one, other, atol=0.05 * RATE * SHARE)


def test_it_goes_on_from_its_state_with_the_same_bits() -> None:
    whole, parts = network(), network()
    learn(whole, muon_of(whole), 5)
    first = muon_of(parts)
    learn(parts, first, 3)
    second = muon_of(parts)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    source = torch.Generator().manual_seed(0)
    for _ in range(3):
        torch.randn(2, 8, 9, 9, generator=source)
    for _ in range(2):
        second.zero_grad()
        parts(torch.randn(2, 8, 9, 9, generator=source)).square().sum().backward()
        second.step()
    for one, other in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_learning_rate_is_shared_out() -> None:
    learner = network()
    optimizer = make_optimizer(
        replace(SMALL, optimizer="muon", learning_rate=RATE, muon_share=SHARE), learner.parameters()
    )
    set_learning_rate(optimizer, 0.0)
    before = copy.deepcopy(learner)
    learn(learner, optimizer, 1)
    assert all(map(torch.equal, learner.parameters(), before.parameters()))
    set_learning_rate(optimizer, 1e-4)
    assert [group["lr"] for group in optimizer.param_groups] == [1e-4, pytest.approx(SHARE * 1e-4)]
