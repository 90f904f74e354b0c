"""Which file a name leads to: links and disks that take A for a give one file several names."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from samelight_wire.errors import OutputError

__all__ = ["check_apart", "file_identity", "is_same_file"]

IGNORES_CASE = sys.platform in ("darwin", "win32")
"""Whether disks usually take A for a; it counts only for files that are not there yet."""


def file_identity(path: Path) -> tuple[int, int] | None:
    """The same for every name of a file or folder, and for no other one; None where there is none of this name."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def is_same_file(one: Path, other: Path) -> bool:
    """Whether two names lead to one file or folder, or would once it is written."""
    first, second = file_identity(one), file_identity(other)
    if first is not None or second is not None:
        return first == second
    one, other = one.resolve(), other.resolve()
    names = (one.name.casefold(), other.name.casefold()) if IGNORES_CASE else (one.name, other.name)
    if names[0] != names[1]:
        return False
    return one.parent == other.parent or (one.parent != one and is_same_file(one.parent, other.parent))


def check_apart(path: Path, what: str, others: Iterable[Path]) -> None:
    """Finds out before the work whether writing a file would overwrite another one of the same call.

    Args:
        path: the file to be written.
        what: how it is called.
        others: the other files.

    Raises:
        OutputError: it would.
    """
    for other in others:
        if is_same_file(path, other):
            problem = "is named twice" if path == other else f'is the same file as "{other}"'
            raise OutputError(f'"{path}" {problem}.', f"Give the {what} a name of its own.")
