"""Progress of a training: a bar on a terminal, a line a minute in a log file."""

from __future__ import annotations

import time
from collections.abc import Mapping

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from samelight.training.history import Step
from samelight.training.watching import Watcher

__all__ = ["ProgressReport"]

MINUTE = 60.0
SMOOTHED_OVER = 100
"""Steps of the running means."""
MOST_COUNTED = 10.0
"""A greater gain counts as this one: that of a batch whose composites are hardly changed says nothing."""


class ProgressReport(Watcher):
    """Steps, running means of loss and gain, pictures a second, time left; on stderr."""

    def __init__(self, console: Console | None = None) -> None:
        """`console` is where it goes."""
        self._console = console or Console(stderr=True)
        columns = (BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
        self._bars = Progress(*columns, console=self._console, disable=not self._console.is_terminal)
        self._task = self._bars.add_task("", total=1.0)
        self._bars.start()
        self._loss = self._gain = self._rate = 0.0
        self._seen, self._before = 0, 0.0
        self._line = time.monotonic()

    def step(self, step: Step) -> None:
        """Move on."""
        self._seen += 1
        share = max(1 / SMOOTHED_OVER, 1 / self._seen)
        self._loss += share * (step.loss - self._loss)
        self._gain += share * (min(step.gain, MOST_COUNTED) - self._gain)
        if self._seen > 1:
            taken = max(step.seconds - self._before, 1e-6)
            # The mean of times, not of rates: a step that was waited for counts as long as it took.
            share = max(1 / SMOOTHED_OVER, 1 / (self._seen - 1))  # the first step has no time
            self._rate += share * (taken / step.pictures - self._rate)
        self._before = step.seconds
        self._bars.update(self._task, completed=step.progress, description=self._words(step))
        if not self._console.is_terminal and time.monotonic() - self._line > MINUTE:
            self._line = time.monotonic()
            self._console.print(f"{step.progress:.1%}  {self._words(step)}", highlight=False)

    def _words(self, step: Step) -> str:
        speed = f"{1 / self._rate:.1f}" if self._rate else "-"
        means = f"loss {self._loss:.4g}  error / composite's {self._gain:.3f}"
        return f"step {step.number:,}  {means}  {speed} pictures/s"

    def said(self, sentence: str) -> None:
        """Print it above the bar."""
        self._console.print(sentence, markup=False, highlight=False)

    def validated(self, step: int, figures: Mapping[str, float]) -> None:
        """Print the figures above the bar."""
        words = "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
        self._console.print(f"step {step:,}, validation: {words}", markup=False, highlight=False)

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bars.stop()
