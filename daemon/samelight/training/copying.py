"""Copies from the CPU to a card that do not hold up the program."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["onto"]


def onto(values: Tensor, device: torch.device) -> Tensor:
    """The tensor on `device`; the way to a card leads through pinned memory, so that nobody waits for it."""
    if device.type != "cuda" or values.device.type != "cpu":
        return values.to(device)
    return values.pin_memory().to(device, non_blocking=True)
