"""Several processes that train one network: torchrun starts them, each makes and works on its part of every batch.

Gradients and figures travel over NCCL between cards and over Gloo between processors. What the processes agree on
before a step (to stop, to save, what time it is) travels over Gloo always, so that no card is waited for.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, nn
from torch import distributed as dist

from samelight.training.source import Shard
from samelight_wire.errors import InvalidOptionError

__all__ = ["ALONE", "Team", "disband", "join_team", "local_rank", "usual_portions"]

PATIENCE = timedelta(hours=1)
"""Longest wait for another process: one may be measuring the validation, or writing a checkpoint to a slow disk."""


@dataclass(frozen=True)
class Team:
    """The processes of a training, seen from one of them."""

    rank: int = 0
    """Which one this is; 0 is the one that writes."""
    size: int = 1
    """How many there are."""
    talk: Any = None
    """The Gloo group for what is agreed on."""

    def shards(self, portions: int) -> tuple[Shard, ...]:
        """What this process makes of a batch, in so many portions: the same ones as so many times the processes."""
        return tuple(Shard(self.rank * portions + each, self.size * portions) for each in range(portions))

    @property
    def writes(self) -> bool:
        """Whether this is the process that writes files and reports."""
        return self.rank == 0

    def agree(self, values: Sequence[float]) -> list[float]:
        """The greatest of what all processes say, for each of the values."""
        if self.size == 1:
            return list(values)
        greatest = torch.tensor(values, dtype=torch.float64)
        dist.all_reduce(greatest, dist.ReduceOp.MAX, group=self.talk)
        return [float(value) for value in greatest]

    def sum_up(self, values: Tensor) -> Tensor:
        """The sum over all processes, on the values' device; it carries no gradient."""
        if self.size == 1:
            return values
        total = values.detach().clone()
        dist.all_reduce(total)
        return total

    def hand_out(self, data: bytes | None) -> bytes | None:
        """What rank 0 has, for everyone: bytes, or None."""
        if self.size == 1:
            return data
        length = torch.tensor([-1 if data is None else len(data)])
        dist.broadcast(length, 0, group=self.talk)
        if int(length) < 0:
            return None
        # Copied: a tensor over `data` itself could be written to.
        content = torch.frombuffer(bytearray(data or bytes(int(length))), dtype=torch.uint8)
        if len(content):
            dist.broadcast(content, 0, group=self.talk)
        return content.numpy().tobytes()

    def wrap(self, learner: nn.Module, *, rarely_used: bool) -> nn.Module:
        """Let gradients be averaged over the processes; all start from rank 0's parameters.

        Args:
          learner: on its device.
          rarely_used: whether some steps leave parameters unused.
        """
        if self.size == 1:
            return learner
        # Said once of convolutions of 1 x 1, whose strides can be written in two ways; nothing is wrong.
        warnings.filterwarnings("ignore", message="Grad strides do not match bucket view strides")
        return nn.parallel.DistributedDataParallel(
            learner, find_unused_parameters=rarely_used, gradient_as_bucket_view=True
        )


ALONE = Team()
"""A single process."""


def local_rank() -> int:
    """Which of the processes on this machine this is, as torchrun says; 0 without torchrun."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def join_team(device: torch.device) -> Team:
    """Join the processes that torchrun started together; without torchrun there is only this one.

    Args:
      device: where this process's network is.

    Raises: InvalidOptionError where the other processes cannot be reached.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return ALONE
    cards = device.type == "cuda"
    if cards:
        torch.cuda.set_device(device)
    try:
        dist.init_process_group("nccl" if cards else "gloo", timeout=PATIENCE)
    except (RuntimeError, ValueError) as error:
        message = f"The {size} processes of this training do not find one another ({error})."
        raise InvalidOptionError(message, "Start them with torchrun; see docs/training.md.") from error
    talk = dist.new_group(backend="gloo", timeout=PATIENCE) if cards else dist.group.WORLD
    return Team(dist.get_rank(), size, talk)


def disband() -> None:
    """Leave the team at the end of the program."""
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()


def usual_portions(device: torch.device, processes: int) -> int:
    """In how many portions a process works where nothing is said.

    A lone process on a processor halves its batch as two processes would: then one and two learn the same, bit for
    bit. A card is faster with the whole.
    """
    return 2 if device.type == "cpu" and processes == 1 else 1
