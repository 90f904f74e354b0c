"""The averaged weights that validation found best so far."""

from __future__ import annotations

from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import nn

from samelight.training.checkpoint import write_atomically
from samelight_wire.errors import WeightsCorruptError

__all__ = ["BestWeights"]


class BestWeights:
    """Kept in a file named after their step, so that a checkpoint can name them and never finds later ones."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the checkpoint's."""
        self._folder = folder
        self.step, self.figure, self.stale = 0, float("inf"), 0

    def judge(self, network: nn.Module, step: int, figure: float) -> None:
        """Keep the weights if the figure is the lowest so far; otherwise count a validation without improvement.

        Raises: OutputError where they cannot be written.
        """
        if figure < self.figure:
            self.step, self.figure, self.stale = step, figure, 0
            write_atomically(self._file(step), network.state_dict())
        else:
            self.stale += 1

    def put_into(self, network: nn.Module) -> None:
        """Load them; without any the network stays as it is.

        Raises: WeightsCorruptError where their file is damaged or was deleted.
        """
        if not self.step:
            return
        file = self._file(self.step)
        try:
            network.load_state_dict(torch.load(file, weights_only=True, map_location="cpu"))
        except (OSError, RuntimeError, EOFError, UnpicklingError) as error:
            message = f"The best weights so far, {file}, cannot be read."
            raise WeightsCorruptError(message, "The same command with --keep last takes the last step's.") from error

    def tidy(self) -> None:
        """Delete those that are not the best any more and that no checkpoint names."""
        for old in self._folder.glob("best-*.pt"):
            if old != self._file(self.step):
                old.unlink(missing_ok=True)

    @property
    def state(self) -> tuple[int, float, int]:
        """For the checkpoint: step, figure, validations since."""
        return self.step, self.figure, self.stale

    @state.setter
    def state(self, state: tuple[int, float, int]) -> None:
        self.step, self.figure, self.stale = state

    def _file(self, step: int) -> Path:
        return self._folder / f"best-{step}.pt"
