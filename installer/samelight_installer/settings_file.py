"""Single values in a settings file of the `[group]` / `key=value` kind; all else in it stays as it is, byte for byte.

Such is kritarc, which Krita writes itself when it ends. It is replaced in one step, so nobody ever reads half of it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Callable, List, Optional, Tuple

__all__ = ["get_value", "remove_group", "remove_value", "set_value"]

_ESCAPES = {"s": " ", "t": "\t", "n": "\n", "r": "\r", "\\": "\\"}


def get_value(path: Path, group: str, key: str) -> Optional[str]:
    """A value as the program reads it; None where there is none, or no such file.

    Args:
        path: the file.
        group: its group; empty for what stands above all groups.
        key: its name.
    """
    lines = _read(path).splitlines(keepends=True)
    start, end = _range(lines, group)
    for line in lines[start:end]:
        name, equals, value = line.decode("utf-8", "surrogateescape").partition("=")
        bare, _, options = name.strip().partition("[")
        if equals and bare == key:
            text = re.sub(r"\\([stnr\\])", lambda match: _ESCAPES[match.group(1)], value.strip())
            return os.path.expandvars(text) if options.startswith("$") and "e" in options else text
    return None


def set_value(path: Path, group: str, key: str, value: str) -> bool:
    """Sets a value; file, folder and group are made where they are missing.

    Returns:
        Whether anything had to be changed.

    Raises:
        OSError: the file cannot be read or replaced, or its owner has made it read-only.
    """
    return _change(path, lambda lines: _with_value(lines, group, key, value))


def remove_value(path: Path, group: str, key: str) -> bool:
    """Removes a value, the group's heading where nothing else stands below it, and the file where it is empty then.

    Returns:
        Whether there was anything to remove.
    """

    def without(lines: List[bytes]) -> List[bytes]:
        start, end = _range(lines, group)
        kept = [line for line in lines[start:end] if _key(line) != key.encode()]
        if len(kept) == end - start:
            return lines
        if any(line.strip() for line in kept):
            return [*lines[:start], *kept, *lines[end:]]
        return _without_lines(lines, start - 1, end)

    return _change(path, without)


def remove_group(path: Path, group: str) -> bool:
    """Removes a group with all that stands in it, and the file where it is empty then; says whether it was there."""

    def without(lines: List[bytes]) -> List[bytes]:
        start, end = _range(lines, group)
        return _without_lines(lines, start - 1, end) if start else lines

    return _change(path, without)


def _without_lines(lines: List[bytes], start: int, end: int) -> List[bytes]:
    """Without these, and without the empty lines that set them off from what stands above."""
    while start > 0 and not lines[start - 1].strip():
        start -= 1
    while start == 0 and end < len(lines) and not lines[end].strip():
        end += 1
    return [*lines[:start], *lines[end:]]


def _with_value(lines: List[bytes], group: str, key: str, value: str) -> List[bytes]:
    """The lines with the value in its group: in the place of the old one, or at the group's end."""
    newline = b"\r\n" if lines and all(line.endswith(b"\r\n") for line in lines) else b"\n"
    entry = f"{key}={value}".encode()
    start, end = _range(lines, group)
    if start == 0:
        gap = [newline] if lines and lines[-1].strip() else []
        return [*_ended(lines, newline), *gap, f"[{group}]".encode() + newline, entry + newline]
    for at in range(start, end):
        if _key(lines[at]) == key.encode():
            return lines if lines[at].strip() == entry else [*lines[:at], entry + newline, *lines[at + 1 :]]
    while end > start and not lines[end - 1].strip():
        end -= 1
    return [*_ended(lines[:end], newline), entry + newline, *lines[end:]]


def _range(lines: List[bytes], group: str) -> Tuple[int, int]:
    """Where a group's entries begin and end; (0, 0) where it is not there. The group "" is what stands on top."""
    headings = [at for at, line in enumerate(lines) if line.lstrip().startswith(b"[")]
    if not group:
        return 0, next(iter(headings), len(lines))
    heading = next((at for at in headings if lines[at].strip() == f"[{group}]".encode()), None)
    if heading is None:
        return 0, 0
    return heading + 1, next((at for at in headings if at > heading), len(lines))


def _key(line: bytes) -> bytes:
    return line.split(b"=")[0].strip()


def _ended(lines: List[bytes], newline: bytes) -> List[bytes]:
    """The lines, the last of them with its line break."""
    return [*lines[:-1], lines[-1] + newline] if lines and not lines[-1].endswith((b"\n", b"\r")) else lines


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return b""


def _change(path: Path, change: Callable[[List[bytes]], List[bytes]]) -> bool:
    # A link stays one: people keep such files elsewhere and link to them.
    target = path.resolve()
    temporary = target.with_name(f".{target.name}.samelight")
    if temporary.exists():  # of a run that was killed
        temporary.unlink()
    before = _read(target)
    after = b"".join(change(before.splitlines(keepends=True)))
    if after == before:
        return False
    if target.exists() and not target.stat().st_mode & 0o200:
        raise PermissionError(13, "its owner has made it read-only", str(target))
    if not after.strip():
        target.unlink()
        return True
    target.parent.mkdir(parents=True, exist_ok=True)
    _replace(target, temporary, after)
    return True


def _replace(target: Path, temporary: Path, content: bytes) -> None:
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            temporary.chmod(target.stat().st_mode & 0o777)
        temporary.replace(target)
    except BaseException:
        temporary.unlink()
        raise
