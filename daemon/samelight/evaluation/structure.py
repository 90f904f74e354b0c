"""Structural similarity (Wang et al., 2004), whole and of the foreground, with the windows that the literature takes.

Two conventions are in use, and each figure follows the papers that print it:

- SSIM (HDNet's table 5) is scikit-image's default: a window of 7 x 7 equal weights, sample covariance, and the mean
  over the pixels whose window lies in the picture.
- fSSIM (RCL's table III, after the evaluation of intrinsic image harmonization) is the map of the original 11 x 11
  Gaussian window (deviation 1.5, plain covariance), averaged over the foreground. There the window may reach over the
  border, where the picture is mirrored.

Both are means over the three channels, for a range of 255.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["structural_similarity"]

SSIM_WINDOW, FSSIM_WINDOW = 7, 11
"""Sides in pixels; pictures with a shorter side have no such figure."""


def structural_similarity(
    result: NDArray[np.float64], real: NDArray[np.float64], mask: Tensor
) -> tuple[float | None, float | None]:
    """SSIM and fSSIM of two pictures.

    Args:
        result: H x W x 3, code values 0..255.
        real: the same.
        mask: H x W in 0..1, not empty; soft values weigh.

    Returns: at most 1 each, 1 for equal pictures; None where the picture is smaller than the window.
    """
    from skimage import metrics

    similarity: Any = metrics.structural_similarity
    common: dict[str, Any] = {"data_range": 255.0, "channel_axis": -1}
    side = min(result.shape[:2])
    ssim = float(similarity(result, real, win_size=SSIM_WINDOW, **common)) if side >= SSIM_WINDOW else None
    if side < FSSIM_WINDOW:
        return ssim, None
    _, similar = similarity(
        result, real, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True, **common
    )
    weight = mask.double().numpy()
    return ssim, float((similar.mean(axis=2) * weight).sum() / weight.sum())
