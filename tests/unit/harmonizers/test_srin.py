"""SRIN against the paper: its size, its normalization against a literal float64 transcription, its map, odd inputs."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
import torch
from torch import Tensor, nn

from samelight.harmonizers.blocks import HarmonizationUNet
from samelight.harmonizers.blocks.palette import colours_needed, draw_instances, fixed_palette, random_palettes
from samelight.harmonizers.blocks.semantic_norm import SemanticInstanceNorm
from samelight.instances import Instances

from .network_helpers import features_and_mask, network, relative_error, seeded, size_of, some_instances


def test_has_about_the_size_of_its_base() -> None:
    assert sum(p.numel() for p in HarmonizationUNet(32).parameters()) == 9_764_547
    assert size_of("srin") == 10_028_739 == pytest.approx(9_764_547, rel=0.1)
    assert size_of("srin-lite") == 2_509_667


@torch.no_grad()
def test_the_normalization_is_equations_2_to_6() -> None:
    features, mask = features_and_mask()
    semantic_map = torch.rand(2, 3, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(3)) * 2 - 1
    norm = seeded(SemanticInstanceNorm(5))

    def convolve(layer: nn.Conv2d, column: Tensor) -> Tensor:
        return layer.weight[:, :, 0, 0] @ column + layer.bias

    expected = torch.empty_like(features).flatten(2)
    for picture in range(2):
        flat, colours = features[picture].flatten(1), semantic_map[picture].flatten(1)
        share = [float(value) for value in mask[picture].flatten()]
        area = sum(share)
        mean = sum(share[i] * flat[:, i] for i in range(36)) / area
        deviation = (sum(share[i] * (flat[:, i] - mean) ** 2 for i in range(36)) / area + 1e-5).sqrt()
        normalized = [(flat[:, i] - mean) / deviation for i in range(36)]
        background = [j for j in range(36) if share[j] <= 0.5]
        for i in range(36):
            query = convolve(norm.query, colours[:, i])
            exponentials = {j: math.exp(float(query @ convolve(norm.key, normalized[j]))) for j in background}
            total = sum(exponentials.values())
            attended = sum(e / total * convolve(norm.value, flat[:, j]) for j, e in exponentials.items())
            gamma = convolve(norm.gamma, attended * share[i]).clamp(min=0)
            beta = convolve(norm.beta, attended * share[i]).clamp(min=0)
            aligned = gamma * normalized[i] + beta
            expected[picture, :, i] = aligned * share[i] + flat[:, i] * (1 - share[i])
    assert relative_error(norm(features, mask, semantic_map).flatten(2), expected) < 1e-5


def test_only_background_positions_are_attended_to() -> None:
    features, _ = features_and_mask()
    mask = torch.zeros(2, 1, 6, 6, dtype=torch.float64)
    mask[..., :3] = 1
    norm, semantic_map = seeded(SemanticInstanceNorm(5)), torch.zeros(2, 3, 6, 6, dtype=torch.float64)
    normalized = torch.zeros_like(features)
    before = norm.attend(features, normalized, mask, semantic_map)
    assert torch.equal(norm.attend(features + 7 * mask, normalized, mask, semantic_map), before)
    assert not torch.allclose(norm.attend(features + 7 * (1 - mask), normalized, mask, semantic_map), before)


def test_without_background_the_least_foreground_is_attended_to() -> None:
    features, _ = features_and_mask()
    mask = torch.ones(2, 1, 6, 6, dtype=torch.float64)
    mask[..., 2, 3] = 0.75
    norm, semantic_map = seeded(SemanticInstanceNorm(5)), torch.zeros(2, 3, 6, 6, dtype=torch.float64)
    attended = norm.attend(features, features, mask, semantic_map)
    only = norm.value(features)[..., 2:3, 3:4].expand_as(attended)
    assert torch.allclose(attended, only, atol=1e-12)


def test_the_background_passes_unchanged() -> None:
    features, mask = features_and_mask()
    result = seeded(SemanticInstanceNorm(5))(features, mask, torch.zeros(2, 3, 6, 6, dtype=torch.float64))
    background = (mask == 0).expand_as(features)
    assert background.any()
    assert torch.equal(result[background], features[background])


def test_the_map_is_drawn_pixel_by_pixel() -> None:
    instances = some_instances(2, 5, 7)
    generator = torch.Generator().manual_seed(4)
    mask = (torch.rand(2, 1, 5, 7, generator=generator, dtype=torch.float64) * 3 - 1).clamp(0, 1)
    palettes = random_palettes(2, colours_needed(instances), [generator] * 2)
    drawn = draw_instances(instances, mask, palettes)
    for picture in range(2):
        for y in range(5):
            for x in range(7):
                behind = palettes[picture, 1 + int(instances.labels[picture, y, x])].double()
                share = mask[picture, 0, y, x]
                expected = share * palettes[picture, 0].double() + (1 - share) * behind
                assert torch.allclose(drawn[picture, :, y, x], expected, atol=1e-12)


def test_without_instances_there_are_two_colours() -> None:
    mask = torch.zeros(1, 1, 4, 4)
    mask[..., 1:3, 1:3] = 1
    drawn = draw_instances(None, mask, fixed_palette(colours_needed(None)))
    found_nothing = draw_instances(Instances.none_found(1, 4, 4), mask, fixed_palette(2))
    assert torch.equal(drawn, found_nothing)
    assert len({tuple(colour) for colour in drawn.flatten(2)[0].T.tolist()}) == 2


def test_the_fixed_palette_is_always_the_same_and_its_colours_differ() -> None:
    many = fixed_palette(100)
    assert torch.equal(fixed_palette(30), many[:, :30])
    assert float(many.abs().max()) <= 1
    distances = torch.cdist(many[0], many[0]) + 9 * torch.eye(100)
    assert float(distances.min()) > 0.15


def test_random_palettes_come_from_their_generator() -> None:
    def draw(seed: int) -> Tensor:
        return random_palettes(3, 6, [torch.Generator().manual_seed(seed + picture) for picture in range(3)])

    assert torch.equal(draw(1), draw(1))
    assert not torch.equal(draw(1), draw(2))
    assert not torch.equal(draw(1)[0], draw(1)[1])
    assert torch.equal(draw(1)[:, :2], fixed_palette(2).expand(3, -1, -1)), "the foreground keeps its colour"


def test_palettes_are_random_in_training_alone() -> None:
    composite, mask = torch.rand(1, 3, 48, 48) * 2 - 1, torch.zeros(1, 1, 48, 48)
    mask[..., 10:31, 10:31] = 1
    instances, model = some_instances(1, 48, 48), network("srin-lite").double()

    def run() -> Tensor:
        with torch.no_grad():
            return model(composite.double(), mask.double(), instances)

    assert torch.equal(run(), run())
    model.train()
    assert not torch.equal(run(), run())
    torch.manual_seed(5)
    first = run()
    torch.manual_seed(5)
    assert torch.equal(run(), first)


def test_reads_the_instances() -> None:
    model, composite, mask = network("srin-lite"), torch.rand(1, 3, 48, 48) * 2 - 1, torch.zeros(1, 1, 48, 48)
    mask[..., 10:31, 10:31] = 1
    with torch.inference_mode():
        without, within = model(composite, mask), model(composite, mask, some_instances(1, 48, 48))
    assert float((without - within).abs().max()) > 1e-5
    assert torch.equal(without[mask.expand_as(without) == 0], within[mask.expand_as(within) == 0])


def test_attention_in_tiles_changes_nothing() -> None:
    torch.manual_seed(0)
    norm, features = SemanticInstanceNorm(8).eval(), torch.randn(1, 8, 48, 48)
    mask, semantic_map = torch.zeros(1, 1, 48, 48), torch.rand(1, 3, 48, 48)
    mask[..., 10:30, 5:40] = 1
    with torch.inference_mode():
        attended = norm.attend(features, features, mask, semantic_map)
        scores = norm.query(semantic_map).flatten(2)[0].T @ norm.key(features).flatten(2)[0]
        scores = scores.masked_fill(mask.flatten() > 0, float("-inf"))
        expected = norm.value(features).flatten(2)[0] @ torch.softmax(scores, dim=1).T
    assert torch.allclose(attended.flatten(2)[0], expected, atol=1e-5)


ATTEND_TO_1024_PIXELS = """
import resource, torch
from samelight.harmonizers.blocks.semantic_norm import SemanticInstanceNorm
norm, features, mask = SemanticInstanceNorm(16), torch.randn(1, 16, 128, 128), torch.zeros(1, 1, 128, 128)
mask[..., 30:90, 40:100] = 1
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
with torch.inference_mode():
    norm(features[..., :16, :16], mask[..., :16, :16], torch.rand(1, 3, 16, 16))
    before = peak()
    norm(features, mask, torch.rand(1, 3, 128, 128))
    print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell a process its peak memory this way")
def test_attention_of_a_large_picture_is_never_held_as_a_whole() -> None:
    """A 1024-pixel picture has 16,384 positions: all of their attention would be 1 GiB."""
    done = subprocess.run([sys.executable, "-c", ATTEND_TO_1024_PIXELS], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 300, "MiB"
