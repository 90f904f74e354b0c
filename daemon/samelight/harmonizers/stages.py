"""What a network makes on its way to the result, for the training losses that look at more than the result."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from samelight.instances import Instances

__all__ = ["Stages", "run_stages"]


@dataclass(frozen=True)
class Stages:
    """What one run of a network made. A network that makes more than its result has a subclass with further fields."""

    result: Tensor
    """B x 3 x H x W in -1..1, the harmonized pictures."""


def run_stages(network: nn.Module, composite: Tensor, mask: Tensor, instances: Instances | None = None) -> Stages:
    """Run a network for training: its own `stages(composite, mask, instances)` where it has that, else its result.

    Args:
      network: any of the registry.
      composite: B x 3 x H x W in -1..1.
      mask: B x 1 x H x W in 0..1.
      instances: the pictures', at their size.

    Raises: TypeError where a network's `stages` returns something else.
    """
    run = getattr(network, "stages", None)
    if run is None:
        return Stages(network(composite, mask, instances))
    stages = run(composite, mask, instances)
    if not isinstance(stages, Stages):
        raise TypeError(f"{type(network).__name__}.stages returned {type(stages).__name__}, no Stages")
    return stages
