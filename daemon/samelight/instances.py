"""What a segmenter finds and a network reads: the picture's instances, and how much each looks like the foreground."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Instances"]


@dataclass(frozen=True)
class Instances:
    """The instances of a batch of pictures. Segmenters make it, networks read it; neither knows the other.

    The foreground itself is no instance: wherever it covers the backdrop, networks look at the mask first.
    """

    labels: Tensor
    """B x H x W, int64: 0 where there is no instance, n for the instance of column n - 1 of the other two."""
    similarity: Tensor
    """B x N, float32 in -1..1: the cosine of each instance's embedding and the foreground's (SRIH equation 11)."""
    present: Tensor
    """B x N, bool: which columns are instances. Pictures of a batch that have fewer than N leave columns unused."""

    @property
    def count(self) -> int:
        """N, the columns: the largest number of instances of a picture of the batch; 0 is possible."""
        return self.similarity.shape[1]

    def to(self, device: torch.device) -> Instances:
        """The same on another device."""
        return Instances(self.labels.to(device), self.similarity.to(device), self.present.to(device))

    @classmethod
    def none_found(cls, batch: int, height: int, width: int) -> Instances:
        """What a segmenter answers that found no instance in any of `batch` pictures."""
        return cls(
            torch.zeros(batch, height, width, dtype=torch.int64),
            torch.zeros(batch, 0),
            torch.zeros(batch, 0, dtype=torch.bool),
        )
