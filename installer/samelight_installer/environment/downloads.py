"""Fetches the packages of a lock file into a folder, the large ones one by one: what is there stays there, so that an
installation which broke off goes on with the next file.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Collection, Iterator, List, Sequence

from .. import lockfile
from ..console import Console
from .environment import Environment
from .pip import run_pip

__all__ = ["fetch", "fetch_from"]

LARGE = ("torch", "torchvision", "triton", "scipy", "numpy", "scikit-image", "imagecodecs", "mypy", "ruff")
LARGE_BEGINNINGS = ("nvidia-", "opencv-")

LOCKED = ("--require-hashes", "--no-deps")

REPORT_SECONDS = 10.0
"""How often a file's progress is told where the output is no terminal."""

WORTH_A_LINE = 20e6
"""Files of so many bytes are told there even if they come at once."""


def fetch(environment: Environment, lock: Path, names: Collection[str], folder: Path, console: Console) -> None:
    """Downloads these packages of a lock file, as far as they are not in the folder.

    Raises:
        InstallError: one cannot be had.
    """
    text = lock.read_text(encoding="utf-8")
    groups = list(_groups(names))
    for number, group in enumerate(groups, start=1):
        part = folder / "part.lock"
        part.write_text(lockfile.select(text, group), encoding="utf-8")
        progress = _Teller(console, f"download {number} of {len(groups)}")
        run_pip(environment, ["download", *LOCKED, "--dest", str(folder), "-r", str(part)], progress)
        part.unlink()


def fetch_from(
    environment: Environment, requirements: Sequence[str], index: str, folder: Path, console: Console
) -> None:
    """Downloads packages of these versions from an index ("": from where pip looks) without known checksums.

    Raises:
        InstallError: one cannot be had.
    """
    where = ["--index-url", index] if index else []
    for requirement in requirements:
        options = ["--no-deps", "--only-binary=:all:", *where, "--dest", str(folder)]
        run_pip(environment, ["download", *options, requirement], _Teller(console, "download"))


def _groups(names: Collection[str]) -> Iterator[List[str]]:
    """The small packages together, then each large one by itself."""
    large = [name for name in sorted(names) if name in LARGE or name.startswith(LARGE_BEGINNINGS)]
    small = sorted(set(names) - set(large))
    if small:
        yield small
    for name in large:
        yield [name]


class _Teller:
    """Turns pip's progress into a line on the terminal, or a line now and then in a file.

    console: where it goes.
    what: what the line begins with.
    """

    def __init__(self, console: Console, what: str) -> None:
        self._console = console
        self._what = what
        self._told = time.monotonic()
        self._file = ""

    def __call__(self, file: str, done: int, total: int) -> None:
        name = file.split("-")[0] if file.endswith((".whl", ".gz", ".metadata")) else file
        megabytes = f" {done / 1e6:.0f} of {total / 1e6:.0f} MB" if total > 1e6 else ""
        line = f"{self._what}: {name}{megabytes}"
        self._console.passing(line)
        if self._console.is_terminal or total < WORTH_A_LINE:
            return
        if file != self._file or time.monotonic() - self._told > REPORT_SECONDS:
            self._file, self._told = file, time.monotonic()
            self._console.note(line)
