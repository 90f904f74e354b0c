"""torch.compile for training: used where it works, and left out with a sentence where it does not."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable

import torch
from torch import Tensor, nn

from samelight.harmonizers.stages import Stages, run_stages
from samelight.instances import Instances

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
        """Compile at the first run.

        Args:
          network: a network of the registry.
          say: hears the sentence on a fault.
          many_sizes: compile for all sizes at once instead of for each.
        """
        for name in getattr(network, "uncompiled", ()):
            setattr(network, name, torch.compiler.disable(getattr(network, name)))  # type: ignore[no-untyped-call]
        self._say = say
        self._compiled: Callable[..., Stages] | None = torch.compile(run_stages, dynamic=many_sizes or None)

    def __call__(self, network: nn.Module, composite: Tensor, mask: Tensor, instances: Instances | None) -> Stages:
        """See `run_stages`."""
        if self._compiled is not None:
            try:
                return self._compiled(network, composite, mask, instances)
            except torch._dynamo.exc.TorchDynamoException as error:
                self._say(f"The network is not compiled: {str(error).strip().splitlines()[0]}")
                self._compiled = None
        return run_stages(network, composite, mask, instances)
