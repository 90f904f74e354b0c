"""Every step's figures, in a file that grows beside the checkpoint instead of inside it."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import overload

from samelight_wire.errors import OutputError

__all__ = ["History", "Step"]


@dataclass(frozen=True)
class Step:
    """What one optimizer step did."""

    number: int
    """Counts from 1."""
    progress: float
    """How far the training is, 0..1."""
    loss: float
    """The recipe's loss on this batch."""
    gain: float
    """Summed squared foreground error of the results by that of the composites: below 1 is better than nothing."""
    pictures: int
    """Composites in the batch."""
    seconds: float
    """Time spent training so far."""


class History(Sequence[Step]):
    """The steps of a training: eight bytes a figure in memory, a line of text a step in a file.

    A checkpoint notes how many steps it has seen; going on from it cuts the file there, because steps that came after
    the checkpoint are done again.
    """

    def __init__(self, path: Path | None = None) -> None:
        """`path` is the file, written by `flush`; without one nothing is written."""
        self._path = path
        self._values = array("d")
        self._written = 0

    def append(self, step: Step) -> None:
        """Add a step."""
        self._values.extend(astuple(step))

    def flush(self) -> None:
        """Write the steps that are not in the file yet.

        Raises: OutputError.
        """
        if self._path is None or self._written == len(self):
            return
        text = "".join(",".join(map(repr, astuple(step))) + "\n" for step in self[self._written :])
        try:
            with self._path.open("a", encoding="ascii") as file:
                file.write(text if self._written else _HEADING + text)
        except OSError as error:
            raise OutputError(f"The training's figures cannot be written to {self._path} ({error}).") from error
        self._written = len(self)

    def resume(self, steps: int) -> None:
        """Read the file's first `steps` steps and drop the others; a damaged or missing line ends what is read."""
        self._values, self._written = array("d"), 0
        lines = self._path.read_text("ascii").splitlines()[1:] if self._path and self._path.exists() else []
        for line in lines[:steps]:
            try:
                self.append(_parse(line))
            except (ValueError, TypeError):
                break
        if self._path is not None:
            self._path.unlink(missing_ok=True)
        self.flush()

    def __len__(self) -> int:
        return len(self._values) // _WIDTH

    @overload
    def __getitem__(self, index: int) -> Step: ...

    @overload
    def __getitem__(self, index: slice) -> list[Step]: ...

    def __getitem__(self, index: int | slice) -> Step | list[Step]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        start = range(len(self))[index] * _WIDTH
        return _from_values(self._values[start : start + _WIDTH])

    def __iter__(self) -> Iterator[Step]:
        return (self[index] for index in range(len(self)))


_WIDTH = len(fields(Step))
_HEADING = ",".join(field.name for field in fields(Step)) + "\n"


def _parse(line: str) -> Step:
    values = [float(value) for value in line.split(",")]
    if len(values) != _WIDTH:
        raise ValueError(line)
    return _from_values(values)


def _from_values(values: Sequence[float]) -> Step:
    number, progress, loss, gain, pictures, seconds = values
    return Step(int(number), progress, loss, gain, int(pictures), seconds)
