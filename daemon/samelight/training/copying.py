"""Copies from the CPU to a card that do not hold up the program."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["indices", "onto"]


def onto(values: Tensor, device: torch.device) -> Tensor:
    """The tensor on `device`; the way to a card leads through pinned memory, so that nobody waits for it."""
    if device.type != "cuda" or values.device.type != "cpu":
        return values.to(device)
    return values.pin_memory().to(device, non_blocking=True)


def indices(numbers: Sequence[int], device: torch.device) -> Tensor:
    """Places in a batch on `device`: for a list as an index torch would wait until the card has done all before it."""
    return torch.tensor(numbers, dtype=torch.int64).to(device, non_blocking=True)
