"""Makes an environment that works, on a disk that is large enough."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ..console import Console
from ..errors import InstallError
from .environment import Environment
from .interpreters import find_interpreter

__all__ = ["check_space", "prepare"]


def prepare(environment: Environment, console: Console, needed_bytes: float) -> None:
    """Makes the environment if there is none that works.

    Args:
        environment: where it is, or will be.
        console: where it is told.
        needed_bytes: what it will take at least.

    Raises:
        InstallError: no suitable Python, too little space, or a folder that cannot be used.
    """
    if environment.works():
        console.note("there already")
        return
    interpreter = find_interpreter()
    check_space(environment.folder, needed_bytes)
    environment.create(interpreter)
    console.note(f"made with Python {'.'.join(map(str, interpreter.version))} ({interpreter.path})")


def check_space(folder: Path, needed_bytes: float) -> None:
    """Refuses early what could not end well. All that is downloaded, and all temporary files, are on this disk too.

    Args:
        folder: what will be filled; what lies in it already counts as part of what is needed.
        needed_bytes: how much it will hold at most.

    Raises:
        InstallError: the disk has too little space.
    """
    there = next(each for each in (folder, *folder.parents) if each.exists())
    free = shutil.disk_usage(there).free
    if free < needed_bytes and free + _size(folder) < needed_bytes:
        raise InstallError(
            f"Samelight needs {_gigabytes(needed_bytes)} of disk space, and {there} has {_gigabytes(free)} left.",
            "Free some space, or name a folder on another disk with --env.",
        )


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:.1f} GB" if size < 1e11 else f"{size / 1e9:.0f} GB"


def _size(folder: Path) -> int:
    """What a folder holds, in bytes, without what it shares with another one."""
    size = 0
    for where, _, names in os.walk(str(folder)):
        for name in names:
            facts = (Path(where) / name).lstat()
            size += facts.st_size if facts.st_nlink == 1 else 0
    return size
