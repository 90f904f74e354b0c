"""The literature's figures for a harmonized picture, in its conventions: 8-bit range, means of per-picture values."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["PictureFigures", "compare"]

PEAK = 255.0


@dataclass(frozen=True)
class PictureFigures:
    """How far one picture is from the real one; all in 8-bit code values."""

    mse: float
    """Mean squared error over all pixels and channels."""
    fmse: float
    """The same over the foreground, soft mask values as weights."""
    psnr: float
    """10 log10(255^2 / mse) in dB; 100 for equal pictures."""
    fpsnr: float
    """10 log10(255^2 / fmse) in dB; 100 for equal foregrounds."""
    ssim: float | None = None
    """Structural similarity, at most 1; None where it was not measured."""
    fssim: float | None = None
    """The same over the foreground."""
    lpips: float | None = None
    """Learned perceptual distance, 0 for equal pictures; None where it was not measured."""


def compare(result: Tensor, real: Tensor, mask: Tensor) -> PictureFigures:
    """Compare 3 x H x W pictures in 0..1, rounded to 8 bits as files would be; `mask` is 1 x H x W in 0..1.

    Raises: ValueError where the shapes differ or the mask is empty.
    """
    if result.shape != real.shape or mask.shape[-2:] != real.shape[-2:]:
        raise ValueError(f"cannot compare {tuple(result.shape)} with {tuple(real.shape)} under {tuple(mask.shape)}")
    area = mask.double().sum()
    if area == 0:
        raise ValueError("the mask is empty")
    error = (_to_bytes(result) - _to_bytes(real)).square().mean(dim=0, keepdim=True)
    mse, fmse = float(error.mean()), float((error * mask).sum() / area)
    return PictureFigures(mse, fmse, _psnr(mse), _psnr(fmse))


def _to_bytes(picture: Tensor) -> Tensor:
    return (picture.double().clamp(0, 1) * PEAK).round()


def _psnr(mse: float) -> float:
    return 10 * float(torch.log10(torch.tensor(PEAK**2 / max(mse, PEAK**2 * 1e-10), dtype=torch.float64)))
