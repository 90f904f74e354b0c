"""A change of a picture, limited to -1..1."""

from __future__ import annotations

import torch
from torch import nn

from samelight.harmonizers.blocks.change import changed, start_small


def test_the_result_stays_within_the_limits() -> None:
    picture = torch.tensor([-1.0, -0.5, 0.0, 0.5, 1.0])
    assert changed(picture, torch.tensor([-0.2, 0.2, 0.0, -3.0, 0.5])).tolist() == [
        -1.0,
        -0.30000001192092896,
        0,
        -1,
        1,
    ]


def test_beyond_the_limits_only_gradients_that_lead_back_pass() -> None:
    change = torch.tensor([2.0, 2.0, 0.5, 0.5, -2.0, -2.0], requires_grad=True)
    upstream = torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
    changed(torch.zeros(6), change).backward(upstream)
    assert change.grad is not None
    assert change.grad.tolist() == [1.0, 0.0, 1.0, -1.0, 0.0, -1.0]


def test_a_pixel_that_was_driven_out_finds_back() -> None:
    change = torch.tensor([5.0, -5.0], requires_grad=True)
    optimizer = torch.optim.SGD([change], lr=0.2)
    for _ in range(100):
        optimizer.zero_grad()
        (changed(torch.zeros(2), change) - 0.3).square().sum().backward()
        optimizer.step()
    assert torch.allclose(change.detach(), torch.full((2,), 0.3), atol=1e-3)


def test_a_layer_starts_with_a_tenth_of_its_weights_and_no_bias() -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(4, 3, 3)
    before = layer.weight.detach().clone()
    start_small(layer)
    assert torch.allclose(layer.weight, before / 10)
    assert not layer.bias.any()
    start_small(nn.Conv2d(4, 3, 3, bias=False))
