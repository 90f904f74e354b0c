"""The optimizer of a recipe."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from samelight.training.recipes import Recipe

__all__ = ["MuonAndAdamW", "make_optimizer", "set_learning_rate"]

BETAS = (0.9, 0.999)
"""Of Adam and AdamW."""


class MuonAndAdamW(torch.optim.Optimizer):
    """Muon for kernels and AdamW for all else.

    Muon (Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024) makes the momentum of a matrix
    orthogonal before it steps, so that all directions of a layer learn at the same pace. torch's takes matrices only;
    it gets the kernels as such, C_out x (C_in k k), in the kernels' own memory. Biases, depth-wise kernels and the
    kernel that makes the picture are AdamW's.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], rate: float, muon_share: float, weight_decay: float) -> None:
        """Parameters stay where they are.

        Args:
          parameters: on their device, in their memory layout; at least one kernel and one other.
          rate: AdamW's first learning rate.
          muon_share: Muon's, as a multiple of AdamW's.
          weight_decay: of both.
        """
        learned = list(parameters)
        others = [parameter for parameter in learned if not _is_kernel(parameter)]
        self._kernels = [parameter for parameter in learned if _is_kernel(parameter)]
        by_muon = {"params": self._kernels, "lr": muon_share * rate, "share": muon_share}
        super().__init__([{"params": others, "share": 1.0}, by_muon], {"lr": rate})
        self._matrices = [nn.Parameter(_as_matrix(kernel.detach(), kernel)) for kernel in self._kernels]
        self._adamw = torch.optim.AdamW(others, lr=rate, betas=BETAS, weight_decay=weight_decay, fused=_fused(others))
        self._muon = torch.optim.Muon(self._matrices, lr=muon_share * rate, weight_decay=weight_decay)

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Change the weights by the gradients that are there; `closure` is not called."""
        for matrix, kernel in zip(self._matrices, self._kernels, strict=True):
            matrix.grad = None if kernel.grad is None else _as_matrix(kernel.grad, kernel)
        for optimizer, group in zip((self._adamw, self._muon), self.param_groups, strict=True):
            optimizer.param_groups[0]["lr"] = group["lr"]
            optimizer.step()

    def state_dict(self) -> dict[str, Any]:
        """Both optimizers' state."""
        return {"adamw": self._adamw.state_dict(), "muon": self._muon.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self._adamw.load_state_dict(state_dict["adamw"])
        self._muon.load_state_dict(state_dict["muon"])


def make_optimizer(recipe: Recipe, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """The recipe's optimizer at its first learning rate; on a card as one kernel for all parameters."""
    rate, decay, learned = recipe.learning_rate, recipe.weight_decay, list(parameters)
    if recipe.optimizer == "muon":
        return MuonAndAdamW(learned, rate, recipe.muon_share, decay)
    kind = torch.optim.AdamW if recipe.optimizer == "adamw" else torch.optim.Adam
    return kind(learned, lr=rate, betas=BETAS, weight_decay=decay, fused=_fused(learned))


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give every group of parameters its share of the learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("share", 1.0)


def _fused(parameters: Iterable[nn.Parameter]) -> bool | None:
    return all(parameter.device.type == "cuda" for parameter in parameters) or None


def _is_kernel(parameter: nn.Parameter) -> bool:
    """Whether a weight mixes several channels into more than three."""
    return parameter.ndim in (2, 4) and parameter.shape[0] > 3 and parameter.shape[1] > 3


def _as_matrix(values: Tensor, kernel: nn.Parameter) -> Tensor:
    """A kernel, or its gradient, with a row for each first channel: of the kernel itself always the same memory.

    The columns' order follows the kernel's memory layout; to Muon all orders are one.
    """
    if kernel.ndim == 4 and not kernel.is_contiguous():  # channels last
        values = values.permute(0, 2, 3, 1)
    return values.flatten(1)
