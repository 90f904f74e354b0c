"""The digits, the memory layout and the compiler that a network is trained with."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from samelight_wire.errors import InvalidOptionError

__all__ = ["PRECISIONS", "Numerics", "choose_numerics", "try_kernels"]

PRECISIONS = ("auto", "float32", "bfloat16", "float16")
"""What a person can ask for."""


@dataclass(frozen=True)
class Numerics:
    """How numbers are held while a network runs; its weights are always float32."""

    device: torch.device
    """Where it runs."""
    dtype: torch.dtype = torch.float32
    """Of the network's maps."""
    channels_last: bool = False
    """Whether a pixel's channels lie together in memory, which tensor cores want."""

    @property
    def name(self) -> str:
        """The precision as options call it."""
        return str(self.dtype).removeprefix("torch.")

    def autocast(self) -> AbstractContextManager[object]:
        """Run what is inside in this precision."""
        return torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32)

    def scaler(self) -> torch.amp.GradScaler:
        """What keeps small gradients of float16 above zero; it does nothing in the other precisions."""
        return torch.amp.GradScaler(self.device.type, enabled=self.dtype == torch.float16)

    def place(self, network: nn.Module) -> nn.Module:
        """The network on its device and in its layout."""
        layout = torch.channels_last if self.channels_last else torch.contiguous_format
        return network.to(device=self.device).to(memory_format=layout)

    def lay_out(self, picture: Tensor) -> Tensor:
        """A picture B x C x H x W in the network's layout."""
        return picture.contiguous(memory_format=torch.channels_last) if self.channels_last else picture


def choose_numerics(device: torch.device, precision: str = "auto", *, channels_last: bool | None = None) -> Numerics:
    """Precision and layout for a device; sets torch's flag for a card.

    Args:
      device: where the network runs.
      precision: one of PRECISIONS. "auto" is bfloat16, on cards that lack it float16, and float32 on MPS and on
        processors without AMX, whose bfloat16 convolutions take longer than those in float32 (docs/training.md).
      channels_last: None for the usual choice: on cards only.

    Raises: InvalidOptionError for another precision.
    """
    if precision not in PRECISIONS:
        message = f"There is no precision '{precision}'."
        raise InvalidOptionError(message, f"Choose one of: {', '.join(PRECISIONS)}.")
    card = device.type == "cuda"
    if card:
        # TF32 for convolutions that stay in float32, unless every digit is asked for. Products stay as they are: those
        # that do are sums over whole maps, whose variances would have too few digits.
        torch.backends.cudnn.allow_tf32 = precision != "float32"
    dtype = _usual(device) if precision == "auto" else getattr(torch, precision)
    return Numerics(device, dtype, card if channels_last is None else channels_last)


def try_kernels(*, many_sizes: bool) -> None:
    """Let cuDNN try several kernels for each convolution at each size: with many sizes that takes minutes a run."""
    torch.backends.cudnn.benchmark = not many_sizes


def _usual(device: torch.device) -> torch.dtype:
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    return torch.bfloat16 if device.type == "cpu" and _multiplies_bfloat16_tiles() else torch.float32


def _multiplies_bfloat16_tiles() -> bool:
    """Whether the processor has AMX; older versions of torch cannot say so."""
    capabilities: Callable[[], dict[str, bool]] = getattr(torch.cpu, "get_capabilities", dict)
    return capabilities().get("amx_bf16", False)
