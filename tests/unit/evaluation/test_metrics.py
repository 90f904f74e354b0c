"""Metrics against cases that can be worked out by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from samelight.evaluation.metrics import compare
from samelight.evaluation.perceptual import BACKBONE, open_lpips

C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def plain(value: float, height: int = 2, width: int = 2) -> Tensor:
    """A picture of one code value."""
    return torch.full((3, height, width), value / 255)


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


def test_a_constant_offset() -> None:
    """10 code values everywhere: MSE 100, PSNR 20 log10(255 / 10)."""
    figures = compare(plain(110, 3, 5), plain(100, 3, 5), torch.ones(1, 3, 5))
    assert (figures.mse, figures.fmse) == pytest.approx((100, 100), abs=1e-6)
    assert (figures.psnr, figures.fpsnr) == pytest.approx((28.130804, 28.130804), abs=1e-6)


def test_half_a_mask_counts_half_the_error() -> None:
    """Left half 10 off, right half 30 off, mask over the left half of a picture that is not square."""
    real, mask = plain(100, 3, 4), torch.zeros(1, 3, 4)
    result = torch.cat([plain(110, 3, 2), plain(130, 3, 2)], dim=2)
    mask[..., :2] = 1
    figures = compare(result, real, mask)
    assert (figures.mse, figures.fmse) == pytest.approx(((100 + 900) / 2, 100), abs=1e-6)


def test_a_foreground_of_one_pixel() -> None:
    """3 off in red alone: 9 / 3 in the foreground, by 20 pixels in the picture."""
    real, mask = torch.zeros(3, 4, 5), torch.zeros(1, 4, 5)
    result = real.clone()
    result[0, 2, 3], mask[0, 2, 3] = 3 / 255, 1
    figures = compare(result, real, mask)
    assert (figures.mse, figures.fmse) == pytest.approx((3 / 20, 3), abs=1e-6)


def test_where_everything_is_foreground_both_figures_are_one() -> None:
    generator = torch.Generator().manual_seed(0)
    result, real = (torch.rand(3, 6, 9, generator=generator) for _ in range(2))
    figures = compare(result, real, torch.ones(1, 6, 9))
    assert (figures.fmse, figures.fpsnr) == pytest.approx((figures.mse, figures.psnr), abs=1e-9)


def test_an_error_outside_of_the_mask_is_none_of_the_foregrounds() -> None:
    result, mask = plain(0, 1, 2), torch.tensor([[[1.0, 0.0]]])
    result[:, 0, 1] = 50 / 255
    figures = compare(result, plain(0, 1, 2), mask)
    assert (figures.mse, figures.fmse) == pytest.approx((1250, 0), abs=1e-6)


def test_soft_masks_weigh() -> None:
    """4 off where the mask is 0.25, right where it is 0.75."""
    real, result = torch.zeros(3, 1, 2), torch.tensor([[[4.0, 0.0]]]).expand(3, 1, 2) / 255
    figures = compare(result, real, torch.tensor([[[0.25, 0.75]]]))
    assert figures.fmse == pytest.approx(16 * 0.25, abs=1e-6)


def test_values_are_rounded_and_clipped_as_a_file_would() -> None:
    real, mask = torch.ones(3, 1, 1), torch.ones(1, 1, 1)
    assert compare(torch.full((3, 1, 1), 1.7), real, mask).mse == 0
    assert compare(torch.full((3, 1, 1), 1 - 0.4 / 255), real, mask).mse == 0
    assert compare(torch.full((3, 1, 1), 1 - 0.6 / 255), real, mask).mse == pytest.approx(1, abs=1e-6)


def test_equal_pictures_have_100_db_and_a_similarity_of_1() -> None:
    picture = torch.rand(3, 16, 17, generator=torch.Generator().manual_seed(1))
    figures = compare(picture, picture, torch.ones(1, 16, 17), structure=True)
    assert (figures.mse, figures.fmse) == (0, 0)
    assert (figures.psnr, figures.fpsnr) == pytest.approx((100, 100), abs=1e-9)
    assert (figures.ssim, figures.fssim) == pytest.approx((1, 1), abs=1e-9)


def test_an_empty_mask_or_other_shapes_are_refused() -> None:
    picture = torch.zeros(3, 2, 2)
    with pytest.raises(ValueError, match="empty"):
        compare(picture, picture, torch.zeros(1, 2, 2))
    with pytest.raises(ValueError, match="cannot compare"):
        compare(picture, torch.zeros(3, 2, 3), torch.ones(1, 2, 2))


def test_similarity_of_flat_pictures() -> None:
    """Without variance only the luminance term is left, with either window."""
    figures = compare(plain(110, 20, 30), plain(100, 20, 30), torch.ones(1, 20, 30), structure=True)
    by_hand = (2 * 110 * 100 + C1) / (110**2 + 100**2 + C1)
    assert (figures.ssim, figures.fssim) == pytest.approx((by_hand, by_hand), abs=1e-6)


def test_similarity_of_one_window() -> None:
    """A picture as large as the window of 7 x 7: one value, from sample variances (48 degrees of freedom)."""
    x = torch.zeros(7, 7)
    x[3] = 49.0  # mean 7; squared deviations 7 x 42^2 + 42 x 7^2 = 14406
    y = 2 * x
    figures = compare(*(each.expand(3, 7, 7) / 255 for each in (x, y)), torch.ones(1, 7, 7), structure=True)
    variance = 14406 / 48
    by_hand = (2 * 7 * 14 + C1) * (2 * 2 * variance + C2) / ((7**2 + 14**2 + C1) * (variance + 4 * variance + C2))
    assert figures.ssim == pytest.approx(by_hand, abs=1e-6)
    assert figures.fssim is None  # its window of 11 x 11 does not fit


def test_foreground_similarity_is_that_of_the_foreground() -> None:
    """Right half 10 off; a mask that stays 6 pixels away from the other half sees the right half alone."""
    real, result, mask = plain(100, 24, 40), plain(100, 24, 40), torch.zeros(1, 24, 40)
    result[..., 20:] = 110 / 255
    mask[..., 26:] = 1
    figures = compare(result, real, mask, structure=True)
    assert figures.fssim == pytest.approx((2 * 110 * 100 + C1) / (110**2 + 100**2 + C1), abs=1e-6)
    assert compare(result, real, 1 - mask.flip(2), structure=True).fssim != pytest.approx(1, abs=1e-4)
    left = torch.zeros(1, 24, 40)
    left[..., :14] = 0.5
    assert compare(result, real, left, structure=True).fssim == pytest.approx(1, abs=1e-9)


def test_foreground_similarity_by_an_own_gaussian() -> None:
    """The map's middle value: weights exp(-d^2 / 4.5) over 11 x 11 pixels, plain covariance."""
    generator = np.random.default_rng(0)
    x, y = (generator.integers(0, 256, (11, 11)).astype(float) for _ in range(2))
    line = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    weight = np.outer(line, line) / line.sum() ** 2
    mx, my = (weight * x).sum(), (weight * y).sum()
    vx, vy = (weight * x * x).sum() - mx * mx, (weight * y * y).sum() - my * my
    cov = (weight * x * y).sum() - mx * my
    by_hand = (2 * mx * my + C1) * (2 * cov + C2) / ((mx * mx + my * my + C1) * (vx + vy + C2))
    middle = torch.zeros(1, 11, 11)
    middle[0, 5, 5] = 1
    pictures = (torch.from_numpy(each / 255).expand(3, 11, 11) for each in (x, y))
    assert compare(*pictures, middle, structure=True).fssim == pytest.approx(by_hand, abs=1e-6)


def test_small_pictures_have_no_similarity() -> None:
    figures = compare(plain(1, 6, 9), plain(2, 6, 9), torch.ones(1, 6, 9), structure=True)
    assert (figures.ssim, figures.fssim) == (None, None)


def test_a_perceptual_distance_sees_pictures_as_files_hold_them() -> None:
    seen: list[Tensor] = []

    def distance(result: Tensor, real: Tensor) -> float:
        seen.extend((result, real))
        return 0.25

    figures = compare(plain(300), plain(7.3), torch.ones(1, 2, 2), perceptual=distance)
    assert figures.lpips == 0.25
    assert torch.equal(seen[0], torch.ones(3, 2, 2))
    assert torch.allclose(seen[1], plain(7))


def test_lpips_is_never_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    measure, reason = open_lpips()
    assert measure is None
    assert "package lpips" in reason or BACKBONE in reason
    assert list(tmp_path.rglob("*.pth")) == []


def test_lpips_where_it_can_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package's own network, on a backbone of random weights in the place of the published ones."""
    pytest.importorskip("lpips")
    from torchvision.models import alexnet

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    torch.manual_seed(0)
    torch.save(alexnet(weights=None).state_dict(), tmp_path / "hub" / "checkpoints" / BACKBONE)
    measure, reason = open_lpips()
    assert measure is not None, reason
    picture = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(2))
    assert measure(picture, picture) == 0
    distance = measure(picture, 1 - picture)
    assert distance is not None
    assert distance > 0
    small = picture[:, :31]
    assert measure(small, small) is None
