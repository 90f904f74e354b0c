"""The installer's lines on the terminal."""

from __future__ import annotations

import shutil
import sys

__all__ = ["Console"]


class Console:
    """Prints one numbered line a step, with what is going on under it.

    steps: how many steps there will be.
    """

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._step = 0
        self._passing = False

    def step(self, text: str) -> None:
        """A step begins."""
        self._step += 1
        self._print(f"[{self._step}/{self._steps}] {text}")

    def note(self, text: str) -> None:
        """A line about the current step."""
        self._print(f"      {text}")

    def passing(self, text: str) -> None:
        """A line that the next one replaces; where output goes to a file it is left out."""
        if not sys.stdout.isatty():
            return
        width = shutil.get_terminal_size().columns - 1
        sys.stdout.write("\r" + f"      {text}"[:width].ljust(width))
        sys.stdout.flush()
        self._passing = True

    def _print(self, text: str) -> None:
        if self._passing:
            sys.stdout.write("\r" + " " * (shutil.get_terminal_size().columns - 1) + "\r")
            self._passing = False
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
