"""RCL against the paper: its size, S2AM and style fusion against literal float64 transcriptions, odd inputs."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from samelight import harmonizers
from samelight.harmonizers.blocks.separated_attention import ChannelGate, SpatialSeparatedAttention
from samelight.harmonizers.blocks.style_fusion import ExternalStyleFusion, background_statistics

from .network_helpers import features_and_mask, relative_error, seeded, size_of


def test_has_the_size_of_the_paper() -> None:
    assert size_of("rcl") == 27_968_995 == pytest.approx(28.37e6, rel=0.05)
    assert size_of("rcl-lite") == 1_751_443


def test_the_losss_perceptron_is_no_part_of_the_network() -> None:
    assert not any(isinstance(module, nn.Linear) for module in harmonizers.create("rcl-lite").modules())


def test_style_fusion_is_equations_4_to_7() -> None:
    decoded, mask = features_and_mask()
    encoded = features_and_mask(seed=2)[0] * 2 + 1
    fusion = seeded(ExternalStyleFusion(5))

    def of_background(values: Tensor, weight: Tensor) -> tuple[float, float]:
        total = sum(float(w) for w in weight.flatten())
        pairs = [(float(v), float(w)) for v, w in zip(values.flatten(), weight.flatten(), strict=True)]
        mean = sum(v * w for v, w in pairs) / total
        return mean, math.sqrt(sum((v - mean) ** 2 * w for v, w in pairs) / total + 1e-5)

    expected = torch.empty_like(decoded)
    for picture in range(2):
        outside = 1 - mask[picture, 0]
        for channel in range(5):
            mean_e, std_e = of_background(encoded[picture, channel], outside)
            mean_d, std_d = of_background(decoded[picture, channel], outside)
            scale_f, bias_f = 1 + fusion.foreground_scale[channel], fusion.foreground_bias[channel]
            scale_b, bias_b = 1 + fusion.background_scale[channel], fusion.background_bias[channel]
            for y in range(6):
                for x in range(6):
                    value, share = decoded[picture, channel, y, x], mask[picture, 0, y, x]
                    foreground = scale_f * ((value - mean_e) / std_e) + bias_f
                    background = scale_b * ((value - mean_d) / std_d) + bias_b
                    expected[picture, channel, y, x] = foreground * share + background * (1 - share)
    assert relative_error(fusion(decoded, encoded, mask), expected) < 1e-5


def test_style_fusion_starts_as_plain_normalization() -> None:
    decoded, _ = features_and_mask()
    mask = torch.zeros(2, 1, 6, 6, dtype=torch.float64)
    fused = ExternalStyleFusion(5).double()(decoded, decoded, mask)
    assert torch.allclose(fused.mean(dim=(2, 3)), torch.zeros(2, 5, dtype=torch.float64), atol=1e-4)
    assert torch.allclose(fused.std(dim=(2, 3), correction=0), torch.ones(2, 5, dtype=torch.float64), atol=1e-3)


def test_without_background_all_positions_give_the_style() -> None:
    features, _ = features_and_mask()
    everything = torch.ones(2, 1, 6, 6, dtype=torch.float64)
    mean, _ = background_statistics(features, everything)
    assert torch.allclose(mean, features.mean(dim=(2, 3), keepdim=True), atol=1e-5)


def test_the_foreground_takes_its_style_from_the_encoders_background_alone() -> None:
    decoded, _ = features_and_mask()
    encoded = features_and_mask(seed=2)[0]
    mask = torch.zeros(2, 1, 6, 6, dtype=torch.float64)
    mask[..., :3] = 1
    fusion = seeded(ExternalStyleFusion(5))
    before = fusion(decoded, encoded, mask)
    assert torch.equal(fusion(decoded, encoded + 5 * mask, mask), before)
    other = fusion(decoded, encoded + 5 * (1 - mask), mask)
    assert torch.equal(other[..., 3:], before[..., 3:])
    assert float((other - before)[..., :3].abs().min().detach()) > 0


def test_s2am_is_its_written_equation() -> None:
    features, mask = features_and_mask()
    module = seeded(SpatialSeparatedAttention(5))

    def gate(weights: ChannelGate, maps: Tensor) -> Tensor:
        averages = [maps[c].sum() / maps[c].numel() for c in range(5)]
        maxima = [maps[c].flatten().sort().values[-1] for c in range(5)]
        hidden = weights.squeeze.weight[:, :, 0, 0] @ torch.stack(averages + maxima) + weights.squeeze.bias
        raw = weights.expand.weight[:, :, 0, 0] @ hidden.clamp(min=0) + weights.expand.bias
        return (1 / (1 + torch.exp(-raw)))[:, None, None]

    def convolve(maps: Tensor, conv: nn.Conv2d) -> Tensor:
        padded = functional.pad(maps, (1, 1, 1, 1))
        result = torch.zeros(5, 6, 6, dtype=torch.float64)
        for y in range(6):
            for x in range(6):
                window = padded[:, y : y + 3, x : x + 3]
                result[:, y, x] = (conv.weight * window).sum(dim=(1, 2, 3))
        return result if conv.bias is None else result + conv.bias[:, None, None]

    def learned(maps: Tensor) -> Tensor:
        maps = convolve(maps, module.learned[0])
        mean, variance = maps.mean(dim=(1, 2), keepdim=True), maps.var(dim=(1, 2), keepdim=True, correction=0)
        maps = (maps - mean) / (variance + 1e-5).sqrt()
        return convolve(torch.where(maps > 0, maps, maps.exp() - 1), module.learned[3])

    expected = torch.empty_like(features)
    for picture in range(2):
        x, share = features[picture], mask[picture]
        background = gate(module.background, x) * x
        foreground = gate(module.kept, x) * x + learned(gate(module.changed, x) * x)
        expected[picture] = (1 - share) * background + share * foreground
    assert relative_error(module(features, mask), expected) < 1e-5
