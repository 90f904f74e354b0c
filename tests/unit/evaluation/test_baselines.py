"""Classical methods on pictures whose answer is known."""

from __future__ import annotations

import pytest
import torch

from samelight.evaluation.baselines import BASELINES
from samelight.evaluation.benchmark import BenchmarkSample
from samelight.training.colour import to_lalphabeta


def soft_disc(height: int, width: int) -> torch.Tensor:
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    distance = ((y - height / 2) ** 2 + (x - width / 2) ** 2).sqrt()
    return (min(height, width) / 4 - distance + 0.5).clamp(0, 1)[None]


def sample_of(composite: torch.Tensor, mask: torch.Tensor) -> BenchmarkSample:
    return BenchmarkSample("a", "", composite, mask, composite)


@pytest.fixture
def textured() -> BenchmarkSample:
    generator = torch.Generator().manual_seed(0)
    backdrop = torch.rand(3, 40, 50, generator=generator) * 0.3 + torch.tensor([0.5, 0.3, 0.2]).view(3, 1, 1)
    foreground = torch.rand(3, 40, 50, generator=generator) * 0.4 + torch.tensor([0.1, 0.4, 0.5]).view(3, 1, 1)
    mask = (soft_disc(40, 50) > 0.5).float()
    return sample_of(torch.lerp(backdrop, foreground, mask), mask)


@pytest.mark.parametrize("name", BASELINES)
def test_only_the_foreground_changes(name: str, textured: BenchmarkSample) -> None:
    result = BASELINES[name].harmonize(textured)
    outside = (textured.mask == 0).expand_as(result)
    assert result.shape == textured.composite.shape
    assert torch.allclose(result[outside], textured.composite[outside], atol=1e-6)
    assert float((result - textured.composite)[~outside].abs().mean()) > 0.05


@pytest.mark.parametrize("name", BASELINES)
def test_without_a_background_nothing_is_done(name: str, textured: BenchmarkSample) -> None:
    full = sample_of(textured.composite, torch.ones_like(textured.mask))
    assert torch.equal(BASELINES[name].harmonize(full), full.composite)


def test_reinhard_gives_the_backgrounds_mean(textured: BenchmarkSample) -> None:
    result, mask = BASELINES["reinhard"].harmonize(textured).clamp(0, 1), textured.mask[0] > 0
    values = to_lalphabeta(result[None])[0]
    assert torch.allclose(values[:, mask].mean(1), values[:, ~mask].mean(1), atol=0.02)


def test_histogram_matching_gives_the_backgrounds_distribution(textured: BenchmarkSample) -> None:
    result, mask = BASELINES["histogram"].harmonize(textured), textured.mask[0] > 0
    shares = torch.linspace(0.05, 0.95, 10)
    assert torch.allclose(result[:, mask].quantile(shares, 1), result[:, ~mask].quantile(shares, 1), atol=0.01)


@pytest.mark.parametrize("size", [(40, 50), (9, 9), (600, 70)])
def test_poisson_blending_takes_away_a_constant_offset(size: tuple[int, int]) -> None:
    """On a flat backdrop an offset is all that a membrane can be, at soft edges and in large pictures too. OpenCV works
    in 8 bits and leaves a little of it near the outline.
    """
    real, mask = torch.full((3, *size), 0.5), soft_disc(*size)
    result = BASELINES["poisson"].harmonize(sample_of(real + 0.2 * mask, mask))
    left = (result - real).abs()
    assert float(left[:, mask[0] > 0].mean()) < 0.2 * 0.15
    assert float(left.max()) < 0.2 * 0.3


def test_poisson_blending_keeps_the_foregrounds_gradients() -> None:
    mask = torch.zeros(1, 12, 12)
    mask[0, 2:10, 2:10] = 1
    pattern = torch.zeros(3, 12, 12)
    pattern[:, 4:8, 4:8] = torch.rand(3, 4, 4, generator=torch.Generator().manual_seed(0)) * 0.2
    real = 0.4 + pattern
    result = BASELINES["poisson"].harmonize(sample_of(real + 0.3 * mask, mask))
    assert torch.allclose(result, real, atol=3 / 255)


def test_poisson_blending_at_the_pictures_border_and_of_one_pixel() -> None:
    for rows, columns in ((slice(0, 5), slice(0, 8)), (slice(3, 4), slice(3, 4))):
        mask = torch.zeros(1, 8, 8)
        mask[0, rows, columns] = 1
        real = torch.full((3, 8, 8), 0.5)
        assert torch.allclose(BASELINES["poisson"].harmonize(sample_of(real - 0.2 * mask, mask)), real, atol=3 / 255)
