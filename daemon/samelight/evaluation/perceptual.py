"""LPIPS, where its package and the weights it needs are on this machine. Nothing is ever downloaded for it."""

from __future__ import annotations

import contextlib
import importlib
import io
import warnings
from pathlib import Path

import torch
from torch import Tensor

from samelight.evaluation.metrics import Perceptual

__all__ = ["BACKBONE", "open_lpips"]

BACKBONE = "alexnet-owt-7be5be79.pth"
"""The weights of AlexNet that torchvision publishes, on which LPIPS's own few weights stand; the package has those."""

LEAST_SIDE = 32
"""Of a smaller picture AlexNet's last layers have nothing left, in pixels."""


def open_lpips() -> tuple[Perceptual | None, str]:
    """LPIPS with AlexNet as backbone, the papers' choice.

    Returns: the measure, or None where it cannot be had, and then the reason in a sentence.
    """
    try:
        lpips = importlib.import_module("lpips")
    except ImportError:
        return None, "LPIPS was not measured: the package lpips is not installed."
    backbone = Path(torch.hub.get_dir()) / "checkpoints" / BACKBONE
    if not backbone.is_file():
        return None, f"LPIPS was not measured: it needs AlexNet's weights as {backbone}, which are not there."
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # it speaks to torchvision in an old way
        network = lpips.LPIPS(net="alex", verbose=False).eval().requires_grad_(False)

    def distance(result: Tensor, real: Tensor) -> float | None:
        if min(result.shape[-2:]) < LEAST_SIDE:
            return None
        with torch.inference_mode():
            return float(network(result[None] * 2 - 1, real[None] * 2 - 1))

    return distance, ""
