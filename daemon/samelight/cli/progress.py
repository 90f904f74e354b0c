"""Progress bars, on stderr so that they never mix with a report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import ProgressColumn

    from samelight_wire.messages import Progress

__all__ = ["PictureProgress", "file_progress", "picture_progress", "stage_progress"]


@contextmanager
def stage_progress(quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """A bar for one job; the callable moves it. Nothing is shown when quiet or where stderr is no terminal."""
    from rich.progress import TaskProgressColumn

    with _bars(quiet, TaskProgressColumn()) as bars:
        task = bars.add_task("", total=1.0)
        yield lambda progress: bars.update(task, completed=progress.fraction, description=progress.stage)


@contextmanager
def file_progress(quiet: bool, count: int) -> Iterator[Callable[[str], None]]:
    """A bar for ``count`` files; the callable says which file is begun."""
    from rich.progress import MofNCompleteColumn

    with _bars(quiet, MofNCompleteColumn()) as bars:
        task = bars.add_task("", total=count)
        begun = -1

        def begin(name: str) -> None:
            nonlocal begun
            begun += 1
            bars.update(task, completed=begun, description=name)

        yield begin
        bars.update(task, completed=count)


class PictureProgress:
    """How many pictures are done; made with `picture_progress`."""

    def __init__(self, bars: Bars, count: int, *, plain: bool) -> None:
        self._bars = bars
        self._task = bars.add_task("", total=count)
        self._count = count
        self._plain = plain
        self._ended = 0

    def begin(self, name: str) -> None:
        """Says which picture is worked on now."""
        self._bars.update(self._task, description=name)

    def end(self, name: str, outcome: str) -> None:
        """Says what came of a picture."""
        self._ended += 1
        self._bars.update(self._task, completed=self._ended)
        if self._plain:
            typer.echo(f"[{self._ended}/{self._count}] {name}: {outcome}", err=True)


@contextmanager
def picture_progress(quiet: bool, count: int) -> Iterator[PictureProgress]:
    """A bar for ``count`` pictures; where stderr is no terminal, such as a log, a line for each. Nothing when quiet."""
    from rich.progress import MofNCompleteColumn

    with _bars(quiet, MofNCompleteColumn()) as bars:
        yield PictureProgress(bars, count, plain=not quiet and not bars.console.is_terminal)


def _bars(quiet: bool, amount: ProgressColumn) -> Bars:
    """Bars that vanish when the work is done; `amount` is the column that says how far it is."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    console = Console(stderr=True)
    times = (TimeElapsedColumn(), TextColumn("left:"), TimeRemainingColumn())
    name = TextColumn("{task.description}", markup=False)  # brackets in a file's name are no markup
    columns = (name, BarColumn(), amount, *times)
    return Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal)
