"""Sets a value in a settings file of the `[group]` / `key=value` kind, and leaves all else in it as it is."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import List

__all__ = ["set_value"]


def set_value(path: Path, group: str, key: str, value: str) -> bool:
    """Sets one value; file, folder and group are made where they are missing. The file is replaced in one step.

    Returns:
        Whether anything had to be changed.
    """
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        text = ""
    lines = text.splitlines(keepends=True)
    changed = "".join(_with_value(lines, f"[{group}]", key, value))
    if changed == text:
        return False
    _replace(path, changed.encode("utf-8", "surrogateescape"))
    return True


def _with_value(lines: List[str], heading: str, key: str, value: str) -> List[str]:
    """The lines with the value in its group: in the place of the old one, or at the group's end."""
    entry = f"{key}={value}\n"
    stripped = [line.strip() for line in lines]
    if heading not in stripped:
        gap = ["\n"] if lines and stripped[-1] else []
        return [*_ended(lines), *gap, f"{heading}\n", entry]
    start = stripped.index(heading) + 1
    end = next((at for at in range(start, len(lines)) if stripped[at].startswith("[")), len(lines))
    for at in range(start, end):
        if stripped[at].split("=")[0].strip() == key:
            return lines if stripped[at] == entry.strip() else [*lines[:at], entry, *lines[at + 1 :]]
    while end > start and not stripped[end - 1]:
        end -= 1
    return [*_ended(lines[:end]), entry, *lines[end:]]


def _ended(lines: List[str]) -> List[str]:
    """The lines, the last of them with its line break."""
    return [*lines[:-1], lines[-1] + "\n"] if lines and not lines[-1].endswith("\n") else lines


def _replace(path: Path, content: bytes) -> None:
    # A link stays one: people keep such files elsewhere and link to them.
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=str(target.parent))
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        if target.exists():
            Path(temporary).chmod(target.stat().st_mode & 0o777)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink()
        raise
