"""TensorBoard's log of a training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from samelight.training.history import Step
from samelight.training.watching import Pictures, Watcher
from samelight_wire.errors import InvalidOptionError, OutputError

__all__ = ["TensorBoardLog", "tensorboard_there"]


def tensorboard_there() -> bool:
    """Whether the package is installed."""
    return find_spec("tensorboard") is not None


class TensorBoardLog(Watcher):
    """Loss, gain, validation by step; composite, result and real picture of some composites at each checkpoint."""

    def __init__(self, folder: Path) -> None:
        """`folder` is where the log's files go.

        Raises: InvalidOptionError where TensorBoard is not installed.
        """
        if not tensorboard_there():
            message = "TensorBoard is not installed."
            raise InvalidOptionError(message, "Install samelight[train], or leave --tensorboard out.")
        self._folder = folder
        self._writer: Any = None

    def begins(self, steps: int) -> None:
        """Open the log; what an interrupted training noted of later steps is not shown any more."""
        from torch.utils.tensorboard import SummaryWriter  # takes a second or more to import

        with self._told():
            self._writer = SummaryWriter(str(self._folder), purge_step=steps + 1 if steps else None)

    def step(self, step: Step) -> None:
        """Note the figures."""
        with self._told():
            for name in ("loss", "gain", "pictures", "progress"):
                self._writer.add_scalar(f"training/{name}", getattr(step, name), step.number)

    def validated(self, step: int, figures: Mapping[str, float]) -> None:
        """Note the figures."""
        with self._told():
            for name, value in figures.items():
                self._writer.add_scalar(f"validation/{name}", value, step)

    @property
    def wants_pictures(self) -> bool:
        """They are what one looks at first."""
        return True

    def pictures(self, step: int, pictures: Pictures) -> None:
        """Note them: a row a composite, its columns composite, result, real."""
        columns = torch.cat([pictures.composite, pictures.result, pictures.real], dim=3)
        rows = torch.cat(list(columns), dim=1)
        with self._told():
            self._writer.add_image("composite, result, real", rows, step)
            self._writer.flush()

    def close(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            with self._told():
                self._writer.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Where the log cannot be written, say so and leave it.

        Raises: OutputError.
        """
        try:
            yield
        except OSError as error:
            self._writer = None
            message = f"The log for TensorBoard cannot be written to {self._folder} ({error})."
            hint = "Make room on the disk; the same command goes on from the last checkpoint."
            raise OutputError(message, hint) from error
