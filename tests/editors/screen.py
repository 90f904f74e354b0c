"""A virtual screen: Xvfb with a window manager, pictures of it, clicks and keys by xdotool."""

from __future__ import annotations

import itertools
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

__all__ = ["Screen"]

START_SECONDS = 30.0


class Screen:
    """An X server of one's own, used as a context manager.

    Args:
        width, height: pixels.
        display: the X display's number; None takes the first free one from 90 on.
        window_manager: whether openbox runs, which dialogs and keyboard focus need.
    """

    def __init__(
        self, width: int = 1600, height: int = 1000, *, display: int | None = None, window_manager: bool = True
    ) -> None:
        self._number = _free_display() if display is None else display
        self._size = f"{width}x{height}x24"
        self._window_manager = window_manager
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Screen:
        self._start("Xvfb", self.name, "-screen", "0", self._size, "-nolisten", "tcp", "-noreset")
        _wait_until(lambda: Path(f"/tmp/.X11-unix/X{self._number}").exists(), "Xvfb did not start")  # noqa: S108
        if self._window_manager:
            self._start("openbox", environment=self.environment)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self._processes):
            process.terminate()
            process.wait(10)

    @property
    def name(self) -> str:
        """What DISPLAY has to be."""
        return f":{self._number}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a program that shows its windows here; its other variables are the caller's."""
        return {**os.environ, "DISPLAY": self.name, "LIBGL_ALWAYS_SOFTWARE": "1", "LC_ALL": "C.UTF-8"}

    def picture(self, path: Path) -> Path:
        """Writes what the screen shows as a PNG."""
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["import", "-window", "root", str(path)], env=self.environment, check=True, timeout=30)
        return path

    def xdotool(self, *arguments: str) -> str:
        """Runs xdotool; gives what it prints. Raises CalledProcessError if it finds no such window."""
        done = subprocess.run(
            ["xdotool", *arguments], env=self.environment, capture_output=True, text=True, check=True, timeout=30
        )
        return done.stdout.strip()

    def click(self, x: int, y: int, button: int = 1) -> None:
        """Moves the pointer there and clicks."""
        self.xdotool("mousemove", str(x), str(y), "click", str(button))

    def key(self, *keys: str) -> None:
        """Presses keys one after the other, such as "ctrl+z"."""
        self.xdotool("key", "--delay", "60", *keys)

    def window(self, title: str, seconds: float = START_SECONDS) -> str:
        """The number of a visible window whose title matches this regular expression, waiting for it."""
        found: list[str] = []

        def search() -> bool:
            done = subprocess.run(
                ["xdotool", "search", "--onlyvisible", "--name", title],
                env=self.environment, capture_output=True, text=True, check=False, timeout=30,
            )  # fmt: skip
            found[:] = done.stdout.split()
            return bool(found)

        _wait_until(search, f"no window is named {title!r}", seconds)
        return found[-1]

    def _start(self, *command: str, environment: dict[str, str] | None = None) -> None:
        self._processes.append(
            subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )


def _free_display() -> int:
    taken = {path.name for path in Path("/tmp/.X11-unix").glob("X*")}  # noqa: S108
    taken |= {path.name[2:].replace("-lock", "") for path in Path("/tmp").glob(".X*-lock")}  # noqa: S108
    return next(number for number in itertools.count(90) if f"X{number}" not in taken)


def _wait_until(condition: Callable[[], bool], complaint: str, seconds: float = START_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(complaint)
        time.sleep(0.05)
