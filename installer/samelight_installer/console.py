"""The installer's lines on the terminal."""

from __future__ import annotations

import shutil
import sys
from typing import Optional, TextIO

__all__ = ["Console"]


class Console:
    """Prints one numbered line a step, with what is going on under it.

    steps: how many steps there will be.
    stream: where it prints; None for the standard output.
    """

    def __init__(self, steps: int, stream: Optional[TextIO] = None) -> None:
        self._steps = steps
        self._stream = stream
        self._step = 0
        self._passing = False

    def step(self, text: str) -> None:
        """A step begins."""
        self._step += 1
        self._print(f"[{self._step}/{self._steps}] {text}")

    def note(self, text: str) -> None:
        """A line about the current step."""
        self._print(f"      {text}")

    @property
    def _out(self) -> TextIO:
        return self._stream or sys.stdout

    @property
    def is_terminal(self) -> bool:
        """Whether a person looks at a terminal, and not at a file."""
        return self._out.isatty()

    def passing(self, text: str) -> None:
        """A line that the next one replaces; where output goes to a file it is left out."""
        if not self.is_terminal:
            return
        width = shutil.get_terminal_size().columns - 1
        self._out.write("\r" + f"      {text}"[:width].ljust(width))
        self._out.flush()
        self._passing = True

    def _print(self, text: str) -> None:
        if self._passing:
            self._out.write("\r" + " " * (shutil.get_terminal_size().columns - 1) + "\r")
            self._passing = False
        self._out.write(text + "\n")
        self._out.flush()
