"""HDNet against the paper: its size, and each block against a literal float64 transcription of its equations."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from samelight import harmonizers
from samelight.harmonizers.blocks import LocalDynamics, MaskAwareGlobalDynamics, RegionAwareInstanceNorm
from samelight.harmonizers.blocks.local_dynamics import nearest_background
from samelight_wire.errors import UnknownModelError

from .network_helpers import features_and_mask, relative_error, seeded, size_of


@pytest.mark.parametrize(("name", "parameters"), [("hdnet", 10_413_775), ("hdnet-lite", 652_735)])
def test_has_the_size_of_the_paper(name: str, parameters: int) -> None:
    assert size_of(name) == parameters


def test_multiply_adds_are_those_of_the_paper() -> None:
    with FakeTensorMode(), FlopCounterMode(display=False) as counter:  # shapes alone, nothing is computed
        harmonizers.create("hdnet").eval()(torch.zeros(1, 3, 256, 256), torch.ones(1, 1, 256, 256))
    assert counter.get_total_flops() / 2 == pytest.approx(28.98e9, rel=0.05)


def test_rain_is_the_written_equation() -> None:
    features, mask = features_and_mask()
    norm = seeded(RegionAwareInstanceNorm(5))

    def moments(values: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        mean = (values * weights).sum() / weights.sum()
        return mean, (((values - mean) ** 2 * weights).sum() / weights.sum() + 1e-5).sqrt()

    expected = torch.empty_like(features)
    for picture in range(2):
        weight = mask[picture, 0]
        for channel in range(5):
            x = features[picture, channel]
            mean_f, std_f = moments(x, weight)
            mean_b, std_b = moments(x, 1 - weight)
            gamma_f, beta_f = norm.foreground_gamma[channel], norm.foreground_beta[channel]
            gamma_b, beta_b = norm.background_gamma[channel], norm.background_beta[channel]
            foreground = ((x - mean_f) / std_f * std_b + mean_b) * (1 + gamma_f) + beta_f
            background = (x - mean_b) / std_b * (1 + gamma_b) + beta_b
            expected[picture, channel] = foreground * weight + background * (1 - weight)
    assert relative_error(norm(features, mask), expected) < 1e-5


def test_local_dynamics_is_equations_2_to_5() -> None:
    features, mask = features_and_mask()
    module = seeded(LocalDynamics(5))
    weight, bias = module.fuse.weight[:, :, 0, 0], module.fuse.bias
    flat, flat_mask = features.flatten(2), mask.flatten(2)[:, 0]
    expected = flat.clone()
    for picture in range(2):
        background = [j for j in range(36) if flat_mask[picture, j] <= 0.5]
        for i in range(36):
            own = flat[picture, :, i]
            similarity = [
                float(own @ flat[picture, :, j] / own.norm() / flat[picture, :, j].norm()) for j in background
            ]
            reference = flat[picture, :, background[similarity.index(max(similarity))]]
            fused = weight @ torch.cat([reference, own]) + bias
            share = flat_mask[picture, i]
            expected[picture, :, i] = fused * share + own * (1 - share)
    assert relative_error(module(features, mask).flatten(2), expected) < 1e-5


def test_global_dynamics_is_equation_6() -> None:
    features, mask = features_and_mask()
    module = seeded(MaskAwareGlobalDynamics(5))
    expected = torch.empty_like(features)
    for picture in range(2):
        pooled = features[picture].mean(dim=(1, 2))
        hidden = torch.sigmoid(module.squeeze.weight[:, :, 0, 0] @ pooled + module.squeeze.bias)
        halves = []
        for region in range(2):  # the expansion is grouped: each region's kernel is made from its own two values
            rows = slice(region * 25, region * 25 + 25)
            inputs = hidden[region * 2 : region * 2 + 2]
            halves.append(module.expand.weight[rows, :, 0, 0] @ inputs + module.expand.bias[rows])
        for y in range(6):
            for x in range(6):
                own, share = features[picture, :, y, x], mask[picture, 0, y, x]
                foreground, background = (half.view(5, 5) @ own for half in halves)
                expected[picture, :, y, x] = foreground * share + background * (1 - share)
    assert relative_error(module(features, mask), expected) < 1e-5


@pytest.mark.parametrize("channels", [16, 256])
def test_global_dynamics_changes_next_to_nothing_at_first(channels: int) -> None:
    torch.manual_seed(0)
    features, mask = features_and_mask(channels=channels)
    changed = MaskAwareGlobalDynamics(channels).double()(features, mask)
    assert 0 < relative_error(changed, features) < 0.5


def test_matching_in_chunks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    features, mask = features_and_mask(size=9)
    flat, flat_mask = features.flatten(2), mask.flatten(2)
    whole = nearest_background(flat, flat_mask)
    monkeypatch.setattr("samelight.harmonizers.blocks.local_dynamics.QUERY_CHUNK", 7)
    assert torch.equal(nearest_background(flat, flat_mask), whole)


def test_only_background_positions_are_neighbours() -> None:
    features, mask = features_and_mask()
    chosen = nearest_background(features.flatten(2), mask.flatten(2))
    assert float(mask.flatten(2)[:, 0].gather(1, chosen).max()) <= 0.5


def test_without_background_the_least_foreground_stands_in() -> None:
    features, _ = features_and_mask()
    mask = torch.ones(2, 1, 36, dtype=torch.float64)
    mask[0, 0, 7], mask[1, 0, 30] = 0.75, 0.51
    assert nearest_background(features.flatten(2), mask).tolist() == [[7] * 36, [30] * 36]


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownModelError) as caught:
        harmonizers.create("photoshop")
    assert "hdnet-lite" in str(caught.value.hint)
