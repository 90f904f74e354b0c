"""Metrics against hand-computed cases."""

from __future__ import annotations

import math

import pytest
import torch

from samelight.evaluation.benchmark import BenchmarkSample
from samelight.evaluation.metrics import compare
from samelight.evaluation.report import as_json, as_markdown
from samelight.evaluation.runner import COMPOSITE, evaluate


def test_errors_are_means_over_pixels_and_channels_in_8_bit_values() -> None:
    real = torch.zeros(3, 2, 2)
    result = real.clone()
    result[0, 0, 0] = 10 / 255  # squared error 100 in one of 12 values
    mask = torch.zeros(1, 2, 2)
    mask[0, 0] = 1  # two of the four pixels
    figures = compare(result, real, mask)
    assert figures.mse == pytest.approx(100 / 12, abs=1e-6)
    assert figures.fmse == pytest.approx(100 / 6, abs=1e-6)
    assert figures.psnr == pytest.approx(10 * math.log10(255**2 * 12 / 100), abs=1e-6)
    assert figures.fpsnr == pytest.approx(10 * math.log10(255**2 * 6 / 100), abs=1e-6)


def test_values_are_rounded_and_clipped_as_a_file_would() -> None:
    real, mask = torch.ones(3, 1, 1), torch.ones(1, 1, 1)
    assert compare(torch.full((3, 1, 1), 1.7), real, mask).mse == 0
    assert compare(torch.full((3, 1, 1), 1 - 0.4 / 255), real, mask).psnr == pytest.approx(100)


def test_soft_masks_weigh() -> None:
    real, result = torch.zeros(3, 1, 2), torch.tensor([[[4.0, 0.0]]]).expand(3, 1, 2) / 255
    figures = compare(result, real, torch.tensor([[[0.25, 0.75]]]))
    assert figures.fmse == pytest.approx(16 * 0.25, abs=1e-6)


def test_an_empty_mask_or_other_shapes_are_refused() -> None:
    picture = torch.zeros(3, 2, 2)
    with pytest.raises(ValueError, match="empty"):
        compare(picture, picture, torch.zeros(1, 2, 2))
    with pytest.raises(ValueError, match="cannot compare"):
        compare(picture, torch.zeros(3, 2, 3), torch.ones(1, 2, 2))


def sample(name: str, family: str, error: float, share: float) -> BenchmarkSample:
    real = torch.full((3, 10, 10), 0.2)
    mask = torch.zeros(1, 10, 10)
    mask.view(-1)[: round(100 * share)] = 1
    return BenchmarkSample(name, family, real + mask * error / 255, mask, real)


def test_scores_are_ratios_of_means_by_group() -> None:
    samples = [sample("a", "camera", 10, 0.04), sample("b", "camera", 20, 0.5), sample("c", "idt", 30, 0.5)]
    halved = {"half": lambda s: torch.lerp(s.composite, s.real, 0.5), "nothing": lambda s: s.composite}
    scores = evaluate(halved, samples)
    row = scores.row("half")
    assert scores.row(COMPOSITE).fmse == pytest.approx((100 + 400 + 900) / 3)
    assert row.fmse_ratio == pytest.approx(0.25, abs=1e-6)
    assert row.better == 1
    assert scores.row("nothing").better == 0
    assert scores.by_family("half")["camera"].fmse == pytest.approx((25 + 100) / 2)
    assert {name: row.pictures for name, row in scores.by_foreground("half").items()} == {"0%-5%": 1, "15%-100%": 2}


def test_reports_hold_every_method() -> None:
    scores = evaluate({"real": lambda s: s.real}, [sample("a", "camera", 10, 0.3)])
    assert as_json(scores)["real"]["overall"]["fmse"] == 0
    assert "| real | 1 | 0.0 | 0.0 | 0.000 | 100.00 | 100.00 | 100% | 0 |" in as_markdown(scores)
