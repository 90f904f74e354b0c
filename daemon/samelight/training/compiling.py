"""torch.compile for training: used where it works, and left out with a sentence where it does not."""

from __future__ import annotations

import importlib.util
import logging
import os
import shutil
from collections.abc import Callable

import torch
from torch import Tensor, nn

from samelight.harmonizers.stages import Stages, run_stages
from samelight.instances import Instances
from samelight.training.numerics import Numerics

__all__ = ["CompiledStages", "compiler_missing"]


def compiler_missing(device: torch.device) -> str | None:
    """What torch.compile lacks on this machine, in words; None where it lacks nothing."""
    if device.type == "cuda" and importlib.util.find_spec("triton") is None:
        return "triton is not installed"
    named = os.environ.get("CXX")
    compilers = (named,) if named else ("g++", "clang++", "c++", "cl")
    return None if any(map(shutil.which, compilers)) else "there is no C++ compiler"


class CompiledStages:
    """`run_stages` of a compiled network; of the network as it is from the first fault of the compiler on."""

    def __init__(self, network: nn.Module, say: Callable[[str], None], *, many_sizes: bool) -> None:
        """Get ready to compile.

        Args:
          network: a network of the registry.
          say: hears the sentence on a fault.
          many_sizes: compile for all sizes at once instead of for each.
        """
        for name in getattr(network, "uncompiled", ()):
            setattr(network, name, torch.compiler.disable(getattr(network, name)))  # type: ignore[no-untyped-call]
        self._say = say
        self._compiled: Callable[..., Stages] | None = torch.compile(run_stages, dynamic=many_sizes or None)

    def try_out(self, network: nn.Module, numerics: Numerics, count: int, size: tuple[int, int]) -> None:
        """Compile forward and backward pass on something like a batch: a fault within a training could not be undone.

        Args:
          network: on its device.
          numerics: how it is run.
          count: pictures.
          size: (height, width) of a batch.
        """
        composite = numerics.lay_out(torch.zeros(count, 3, *size, device=numerics.device))
        mask = torch.zeros(count, 1, *size, device=numerics.device)
        mask[:, :, : max(1, size[0] // 2), : max(1, size[1] // 2)] = 1
        logging.disable(logging.WARNING)  # torch shows generated code by the hundreds of lines
        try:
            with numerics.autocast():
                stages = self(network, composite, mask, None)
            stages.result.float().mean().backward()  # type: ignore[no-untyped-call]
        except Exception as error:  # whatever a compiler can do wrong
            self._give_up(error)
        finally:
            logging.disable(logging.NOTSET)
            network.zero_grad(set_to_none=True)

    def __call__(self, network: nn.Module, composite: Tensor, mask: Tensor, instances: Instances | None) -> Stages:
        """See `run_stages`."""
        if self._compiled is not None:
            try:
                return self._compiled(network, composite, mask, instances)
            except torch._dynamo.exc.TorchDynamoException as error:
                self._give_up(error)
        return run_stages(network, composite, mask, instances)

    def _give_up(self, error: Exception) -> None:
        self._say(f"The network is not compiled: {(str(error).strip().splitlines() or [type(error).__name__])[0]}")
        self._compiled = None
