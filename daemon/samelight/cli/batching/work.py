"""The pictures of a folder, one after the other, with files read and written meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from samelight.cli.batching.originals import Originals
from samelight.cli.batching.overlap import finished_behind, read_ahead
from samelight.cli.batching.pairs import Pair
from samelight.cli.batching.records import Found, Making, Records, making_of
from samelight_wire.errors import ConnectionFailed, SamelightError, UnknownModelError, WeightsError

if TYPE_CHECKING:
    from samelight.cli.batching.ledger import Ledger
    from samelight.cli.harmonizing import Harmonize, Prepared
    from samelight.cli.progress import PictureProgress
    from samelight_wire.messages import Options

__all__ = ["Plan", "Ready", "Task", "work_off"]

FOR_ALL = (ConnectionFailed, UnknownModelError, WeightsError)
"""What goes wrong with one file and would with all the others: a daemon that is gone, a network that cannot be used."""


@dataclass(frozen=True)
class Task:
    """A picture to be done."""

    pair: Pair
    target: Path
    """Where its result goes."""
    making: Making
    """What the result will be made of."""
    found: Found
    """What is there in its place."""

    @property
    def name(self) -> str:
        """What the picture is called on the screen."""
        return self.pair.composite.name


@dataclass(frozen=True)
class Ready:
    """A picture as it was read."""

    task: Task
    read: Prepared | SamelightError | None
    """Its pixels, or why there are none; None where it need not be done."""


@dataclass(frozen=True)
class Plan:
    """How each picture of a folder is to be done."""

    output: Path
    options: Options
    default_model: str | None
    """The network used where the options name none; None where that is not known."""
    max_pixels: int
    skip_existing: bool
    originals: Originals
    records: Records

    def prepare(self, pair: Pair) -> Ready:
        """Reads a picture and its mask, unless its result is there already."""
        task = self._look_at(pair)
        if self.skip_existing and task.found in (Found.SAME, Found.CHANGED):
            return Ready(task, None)
        try:
            return Ready(task, self._read(task))
        except SamelightError as error:
            return Ready(task, error)

    def _look_at(self, pair: Pair) -> Task:
        target = self.output / pair.composite.name
        making = making_of(pair, self.options, self.default_model)
        return Task(pair, target, making, self.records.look_at(target, making) if self.skip_existing else Found.UNASKED)

    def _read(self, task: Task) -> Prepared:
        from samelight.cli.harmonizing import read_pair

        self.originals.check(task.target)
        mask = task.pair.mask()
        return read_pair(task.pair.composite, mask, task.target, self.options, max_pixels=self.max_pixels)


def work_off(
    pairs: Iterable[Pair], plan: Plan, harmonize: Harmonize, ledger: Ledger, progress: PictureProgress
) -> None:
    """Does the pictures; what goes wrong with one goes into the ledger.

    While one is harmonized, the next is read and the one before written: three are in memory, however many there are.

    Raises:
        SamelightError: what the other pictures would meet with, too.
    """
    with read_ahead(pairs, plan.prepare) as prepared, finished_behind() as finish:
        for ready in prepared:
            progress.begin(ready.task.name)
            finish(_harmonized(ready, harmonize, ledger))


def _harmonized(ready: Ready, harmonize: Harmonize, ledger: Ledger) -> Callable[[], None]:
    """Harmonizes a picture; gives what then is to be done with what came of it."""
    from samelight.cli.harmonizing import harmonize_pair

    if ready.read is None:
        return partial(ledger.keep, ready.task)
    if isinstance(ready.read, SamelightError):
        return partial(ledger.fail, ready.task, ready.read)
    try:
        return partial(ledger.finish, ready.task, harmonize_pair(harmonize, ready.read))
    except FOR_ALL:
        raise
    except SamelightError as error:
        return partial(ledger.fail, ready.task, error)
