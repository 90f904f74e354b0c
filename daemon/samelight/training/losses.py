"""Training losses of the papers. Pictures are B x 3 x H x W in -1..1, masks B x 1 x H x W in 0..1."""

from __future__ import annotations

from torch import Tensor

__all__ = ["foreground_mse"]


def foreground_mse(result: Tensor, real: Tensor, mask: Tensor, least_area: float = 100.0) -> Tensor:
    """Squared error over the picture, divided by the foreground's area (HDNet equation 1).

    Background errors are zero by construction, because the result there is the composite itself. `least_area` is A_min
    in pixels: it keeps a tiny foreground from dominating a batch.

    Returns: a scalar, the mean over the batch.
    """
    error = (result - real).square().sum(dim=(1, 2, 3))
    return (error / mask.sum(dim=(1, 2, 3)).clamp(min=least_area)).mean()
