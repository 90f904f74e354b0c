"""SRIH against the paper: its size, its blocks and its importance map against literal float64 transcriptions."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from samelight.harmonizers.blocks.importance import importance_map, importance_pyramid, route
from samelight.harmonizers.blocks.style_transfer import ChannelAttention, GatedFeedForward, StyleTransferBlock
from samelight.instances import Instances
from samelight.segmentation.similarity import cosine

from .network_helpers import drawn, network, relative_error, seeded, size_of, some_instances

CHANNELS, HEADS = 4, 2


def test_has_the_size_of_the_paper() -> None:
    assert size_of("srih") == 25_455_016 == pytest.approx(25.28e6, rel=0.05)
    assert size_of("srih-lite") == 936_752


def test_convolutions_have_no_bias() -> None:
    modules = network("srih-lite").modules()
    convolutions = [module for module in modules if isinstance(module, nn.Conv2d | nn.ConvTranspose2d)]
    assert len(convolutions) > 40
    assert all(convolution.bias is None for convolution in convolutions)


# The paper's equations, written out for one picture of C x H x W. #


def layer_norm(maps: Tensor, norm: nn.LayerNorm) -> Tensor:
    result = torch.empty_like(maps)
    for y in range(maps.shape[1]):
        for x in range(maps.shape[2]):
            column = maps[:, y, x]
            mean = column.sum() / len(column)
            variance = ((column - mean) ** 2).sum() / len(column)
            result[:, y, x] = (column - mean) / (variance + 1e-5).sqrt() * norm.weight + norm.bias
    return result


def pointwise(maps: Tensor, weight: Tensor) -> Tensor:
    """W_p: `weight` is C_out x C_in x 1 x 1."""
    result = torch.empty(len(weight), *maps.shape[1:], dtype=torch.float64)
    for y in range(maps.shape[1]):
        for x in range(maps.shape[2]):
            result[:, y, x] = weight[:, :, 0, 0] @ maps[:, y, x]
    return result


def depthwise(maps: Tensor, weight: Tensor) -> Tensor:
    """W_d: `weight` is C x 1 x 3 x 3; zeros around the picture."""
    height, width = maps.shape[1:]
    result = torch.zeros_like(maps)
    for y in range(height):
        for x in range(width):
            for j in range(3):
                for i in range(3):
                    if 0 <= y + j - 1 < height and 0 <= x + i - 1 < width:
                        result[:, y, x] += weight[:, 0, j, i] * maps[:, y + j - 1, x + i - 1]
    return result


def attention(normalized: Tensor, module: ChannelAttention, importance: Tensor | None) -> Tensor:
    channels, height, width = normalized.shape
    projected = []
    for part in range(3):  # Q = W_d^Q W_p^Q Y, and so for K and V
        rows = slice(part * channels, (part + 1) * channels)
        projected.append(depthwise(pointwise(normalized, module.pointwise.weight[rows]), module.depthwise.weight[rows]))
    query, key, value = projected
    if importance is not None:
        key, value = key * importance, value * importance  # equations 1 and 2
    per_head, result = channels // module.heads, torch.empty_like(normalized)
    for head in range(module.heads):
        rows = slice(head * per_head, (head + 1) * per_head)
        q_hat, v_hat = query[rows].flatten(1).T, value[rows].flatten(1).T  # H W x C
        k_hat = key[rows].flatten(1)  # C x H W
        alpha = module.strength[head, 0, 0] / (height * width)
        exponentials = torch.exp(k_hat @ q_hat * alpha)
        softmax = exponentials / exponentials.sum(dim=0, keepdim=True)
        result[rows] = (v_hat @ softmax).T.reshape(per_head, height, width)  # equation 14
    return pointwise(result, module.project.weight)


def gating(normalized: Tensor, module: GatedFeedForward) -> Tensor:
    hidden = module.project.weight.shape[1]
    first, second = (slice(part * hidden, (part + 1) * hidden) for part in range(2))
    gate = depthwise(pointwise(normalized, module.pointwise.weight[first]), module.depthwise.weight[first])
    passed = depthwise(pointwise(normalized, module.pointwise.weight[second]), module.depthwise.weight[second])
    gelu = 0.5 * gate * (1 + torch.erf(gate / math.sqrt(2)))
    return gelu * passed  # equation 16


def style_transfer(features: Tensor, block: StyleTransferBlock, importance: Tensor | None) -> Tensor:
    features = features + attention(layer_norm(features, block.attention_norm), block.attention, importance)
    gated = gating(layer_norm(features, block.feed_norm), block.feed)
    return pointwise(gated, block.feed.project.weight) + features  # equation 15


@pytest.mark.parametrize("routed", [False, True], ids=["STB", "ISTB"])
def test_the_block_is_equations_13_to_16(routed: bool) -> None:
    block = seeded(StyleTransferBlock(CHANNELS, HEADS, 2.5), spread=0.5)
    block.attention.strength.data *= 40  # far from a mere mean of the values
    features, importance = (
        drawn(2, CHANNELS, 5, 6, seed=1),
        torch.sigmoid(drawn(2, 1, 5, 6, seed=2)) if routed else None,
    )
    expected = torch.stack(
        [style_transfer(features[i], block, None if importance is None else importance[i]) for i in range(2)]
    )
    assert relative_error(block(features, importance), expected) < 1e-5


def test_attention_is_equation_14() -> None:
    module, features = seeded(ChannelAttention(CHANNELS, HEADS), spread=0.5), drawn(2, CHANNELS, 5, 6, seed=3)
    expected = torch.stack([attention(features[i], module, None) for i in range(2)])
    assert relative_error(module(features), expected) < 1e-5


def test_gating_is_equation_16() -> None:
    module, features = seeded(GatedFeedForward(CHANNELS, 4), spread=0.5), drawn(2, CHANNELS, 5, 6, seed=4)
    assert module.project.weight.shape == (CHANNELS, 4 * CHANNELS, 1, 1)
    expected = torch.stack([pointwise(gating(features[i], module), module.project.weight) for i in range(2)])
    assert relative_error(module(features), expected) < 1e-5


def test_routing_is_equations_1_and_2() -> None:
    keys, importance = drawn(2, 3, 5, 6, seed=5), torch.sigmoid(drawn(2, 1, 5, 6, seed=6))
    expected = torch.empty_like(keys)
    for picture in range(2):
        for channel in range(3):
            for y in range(5):
                for x in range(6):
                    expected[picture, channel, y, x] = keys[picture, channel, y, x] * importance[picture, 0, y, x]
    assert relative_error(route(keys, importance), expected) < 1e-5


def test_similarity_is_equation_11() -> None:
    embeddings, query = drawn(7, 5), drawn(5, seed=2)
    expected = []
    for instance in embeddings:
        product = sum(float(a) * float(b) for a, b in zip(instance, query, strict=True))
        lengths = math.sqrt(sum(float(a) ** 2 for a in instance)) * math.sqrt(sum(float(b) ** 2 for b in query))
        expected.append(product / lengths)
    assert relative_error(cosine(embeddings, query), torch.tensor(expected, dtype=torch.float64)) < 1e-5


def test_the_importance_map_is_equation_12() -> None:
    instances = some_instances(2, 5, 6)
    instances.present[1, 3] = False
    mask = (drawn(2, 1, 5, 6, seed=8) * 2).clamp(0, 1)
    expected = torch.empty_like(mask)
    for picture in range(2):
        columns = [j for j in range(4) if instances.present[picture, j]]
        similar = {j + 1: (1 + float(instances.similarity[picture, j])) / 2 for j in columns}
        mean = sum(similar.values()) / len(similar)
        for y in range(5):
            for x in range(6):
                behind = similar.get(int(instances.labels[picture, y, x]), mean)
                share = float(mask[picture, 0, y, x])
                expected[picture, 0, y, x] = share * 1 + (1 - share) * behind
    assert relative_error(importance_map(instances, mask), expected) < 1e-5


def test_without_instances_everything_is_alike() -> None:
    mask = torch.rand(2, 1, 8, 8)
    assert torch.equal(importance_map(None, mask), torch.ones_like(mask))
    assert torch.allclose(importance_map(Instances.none_found(2, 8, 8), mask), torch.ones_like(mask))
    only_unused = Instances(
        torch.zeros(2, 8, 8, dtype=torch.int64), torch.zeros(2, 3), torch.zeros(2, 3, dtype=torch.bool)
    )
    assert torch.allclose(importance_map(only_unused, mask), torch.ones_like(mask))


def test_the_only_instance_is_the_mean() -> None:
    instances = Instances(torch.zeros(1, 4, 4, dtype=torch.int64), torch.tensor([[0.5]]), torch.tensor([[True]]))
    instances.labels[:, :2] = 1
    assert torch.equal(importance_map(instances, torch.zeros(1, 1, 4, 4)), torch.full((1, 1, 4, 4), 0.75))


def test_the_pyramid_averages_cells() -> None:
    importance = torch.rand(2, 1, 16, 24, dtype=torch.float64)
    maps = [torch.zeros(2, 3, 16 // stride, 24 // stride, dtype=torch.float64) for stride in (2, 4, 8)]
    for stride, level in zip((2, 4, 8), importance_pyramid(importance, maps), strict=True):
        expected = torch.stack(
            [
                importance[:, :, y : y + stride, x : x + stride].mean(dim=(2, 3))
                for y in range(0, 16, stride)
                for x in range(0, 24, stride)
            ],
            dim=2,
        )
        assert relative_error(level.flatten(2), expected) < 1e-5


def test_the_decoder_alone_is_routed() -> None:
    composite, mask = torch.rand(1, 3, 48, 48) * 2 - 1, torch.zeros(1, 1, 48, 48)
    mask[..., 10:31, 10:31] = 1
    model, read = network("srih-lite"), {"encoder": [], "decoder": []}
    for side, found in read.items():
        for stratum in getattr(model, side):
            for block in stratum.blocks:
                block.register_forward_pre_hook(lambda _, inputs, found=found: found.append(inputs[1]))
    with torch.inference_mode():
        model(composite, mask, some_instances(1, 48, 48))
    assert read["encoder"] == [None] * 4
    assert [tuple(importance.shape[2:]) for importance in read["decoder"]] == [(6, 6), (6, 6), (12, 12), (24, 24)]


def test_reads_how_similar_the_instances_are() -> None:
    composite, mask = torch.rand(1, 3, 48, 48) * 2 - 1, torch.zeros(1, 1, 48, 48)
    mask[..., 10:31, 10:31] = 1
    instances = some_instances(1, 48, 48)
    alike = Instances(instances.labels, torch.ones(1, 4), instances.present)
    model = network("srih-lite")
    with torch.inference_mode():
        without, routed, all_alike = (
            model(composite, mask),
            model(composite, mask, instances),
            model(composite, mask, alike),
        )
    assert float((routed - without).abs().max()) > 1e-5
    assert torch.equal(all_alike, without), "an importance of 1 everywhere is no routing"


def test_colours_beyond_the_range_still_learn() -> None:
    model, composite = network("srih-lite"), torch.ones(1, 3, 32, 32)
    result = model(composite, torch.ones(1, 1, 32, 32))
    assert float(result.detach().abs().max()) <= 1
    result.sum().backward()
    assert float(model.to_rgb.weight.grad.abs().max()) > 0
    model.to_rgb.weight.grad = None
    model.to_rgb.weight.data *= 100
    limited = model(composite, torch.ones(1, 1, 32, 32))
    limited[limited.detach() == 1].sum().backward()
    assert float(model.to_rgb.weight.grad.abs().max()) > 0
