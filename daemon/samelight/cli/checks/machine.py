"""What Samelight runs on: release, Python, memory, disk."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from samelight import __version__
from samelight.cli.checks.check import Check, ok, warning
from samelight.cli.checks.memory import main_memory

__all__ = ["check_disk", "check_memory", "check_python", "describe_memory"]

SCARCE_MEMORY = 2e9  # bytes; below, large layers become a squeeze
SCARCE_DISK = 1e9  # bytes; an upgrade needs more than that for a while


def check_python() -> Iterator[Check]:
    """The release, the system and the interpreter."""
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    yield ok("samelight", f"{__version__} with Python {platform.python_version()} on {system}")
    yield ok("python", sys.executable)


def check_memory() -> Iterator[Check]:
    """What other programs leave of the main memory, where the system says it."""
    found = main_memory()
    if found is not None:
        yield describe_memory("memory", *found)


def describe_memory(name: str, free: int, total: int) -> Check:
    """A line on a memory's bytes."""
    detail = f"{free / 1e9:.1f} GB free of {total / 1e9:.1f} GB"
    if free < SCARCE_MEMORY:
        return warning(name, detail, "Close other programs before harmonizing large layers.")
    return ok(name, detail)


def check_disk() -> Iterator[Check]:
    """The disk that holds the user's data."""
    free = shutil.disk_usage(Path.home()).free
    detail = f"{free / 1e9:.1f} GB free"
    if free < SCARCE_DISK:
        yield warning("disk", detail, "Free some space in your home folder.")
    else:
        yield ok("disk", detail)
