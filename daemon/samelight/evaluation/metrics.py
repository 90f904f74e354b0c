"""The literature's figures for a harmonized picture, in its conventions: 8-bit range, means of per-picture values.

    MSE     mean of squared differences over all pixels and the three channels, of code values 0..255
    fMSE    the same over the foreground: its sum of squared differences by 3 x its area
    PSNR    10 log10(255^2 / MSE), fPSNR the same of fMSE

The area is the sum of the mask: the number of its pixels where it holds 0 and 1 alone, as iHarmony4's masks do. At a
soft edge each pixel counts by its mask value; a threshold would either leave out pixels that were harmonized or count
pixels that hardly were. Equal pictures have no PSNR; they get 100 dB, which no 8-bit picture of less than 5,000 million
values comes near otherwise, so that one perfect picture does not make a mean infinite.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from samelight.evaluation.structure import structural_similarity

__all__ = ["Perceptual", "PictureFigures", "compare"]

PEAK = 255.0
LEAST_SHARE_OF_PEAK = 1e-10
"""An error of less than this share of 255^2 counts as this: 100 dB."""

Perceptual = Callable[[Tensor, Tensor], "float | None"]
"""A learned distance of two pictures, 3 x H x W in 0..1; None where they are too small for it."""


@dataclass(frozen=True)
class PictureFigures:
    """How far one picture is from the real one; all but the similarities in 8-bit code values."""

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


def compare(
    result: Tensor, real: Tensor, mask: Tensor, *, structure: bool = False, perceptual: Perceptual | None = None
) -> PictureFigures:
    """Compare two pictures as they would be in 8-bit files.

    Args:
        result: 3 x H x W in 0..1; values beyond are clipped, all are rounded to 8 bits.
        real: the same for the real picture.
        mask: 1 x H x W in 0..1.
        structure: whether the similarities are measured, which takes longer than everything else.
        perceptual: measures LPIPS, where it is wanted.

    Raises:
        ValueError: the shapes differ or the mask is empty.
    """
    if result.shape != real.shape or mask.shape[-2:] != real.shape[-2:]:
        raise ValueError(f"cannot compare {tuple(result.shape)} with {tuple(real.shape)} under {tuple(mask.shape)}")
    area = mask.double().sum()
    if area == 0:
        raise ValueError("the mask is empty")
    mine, wanted = _to_bytes(result), _to_bytes(real)
    error = (mine - wanted).square().mean(dim=0, keepdim=True)
    mse, fmse = float(error.mean()), float((error * mask).sum() / area)
    figures = PictureFigures(mse, fmse, _psnr(mse), _psnr(fmse))
    if structure:
        ssim, fssim = structural_similarity(mine.permute(1, 2, 0).numpy(), wanted.permute(1, 2, 0).numpy(), mask[0])
        figures = replace(figures, ssim=ssim, fssim=fssim)
    if perceptual is not None:
        figures = replace(figures, lpips=perceptual((mine / PEAK).float(), (wanted / PEAK).float()))
    return figures


def _to_bytes(picture: Tensor) -> Tensor:
    """Code values 0..255, as float64."""
    return (picture.double().clamp(0, 1) * PEAK).round()


def _psnr(mse: float) -> float:
    return 10 * float(torch.log10(torch.tensor(PEAK**2 / max(mse, PEAK**2 * LEAST_SHARE_OF_PEAK), dtype=torch.float64)))
