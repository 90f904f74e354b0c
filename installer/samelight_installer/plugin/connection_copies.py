"""Copies of the connection file for editors in a sandbox, which cannot read the daemon's own one.

A list beside the connection file, one absolute path a line, names them. The daemon writes each anew at its start and
removes it at its end (samelight.server.copies); what a daemon that runs already has written is copied at once.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import List

from .folder import MakeFolder

__all__ = ["LIST_SUFFIX", "add_copy", "copy_for", "listed_copies", "remove_copy"]

LIST_SUFFIX = ".copies"
_PRIVATE_FOLDER, _PRIVATE_FILE = 0o700, 0o600


def copy_for(private: Path, connection_file: Path) -> Path:
    """Where the copy for a sandbox lies, in a folder that is its own."""
    return private / connection_file.name


def listed_copies(connection_file: Path) -> List[Path]:
    """The copies that the list names."""
    try:
        lines = _list(connection_file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError):
        return []
    return [Path(line) for line in lines if line.strip()]


def add_copy(connection_file: Path, copy: Path, make_folder: MakeFolder) -> bool:
    """Makes the folder of a copy, lists the copy, and writes it if a daemon runs; says whether it was not listed yet.

    Raises:
        OSError: a folder cannot be written.
    """
    make_folder(copy.parent)
    copy.parent.chmod(_PRIVATE_FOLDER)
    for path in (copy, _list(connection_file)):  # of a run that was killed
        _unlink(_unfinished(path))
    known = listed_copies(connection_file)
    if copy not in known:
        if not connection_file.parent.exists():
            make_folder(connection_file.parent)
            connection_file.parent.chmod(_PRIVATE_FOLDER)
        _write_private(_list(connection_file), "".join(f"{path}\n" for path in [*known, copy]).encode())
    with contextlib.suppress(FileNotFoundError):
        content = connection_file.read_bytes()
        if not copy.is_file() or copy.read_bytes() != content:
            _write_private(copy, content)
    return copy not in known


def remove_copy(connection_file: Path, copy: Path) -> List[Path]:
    """Removes a copy from the list and from its folder; gives what was removed."""
    left = [path for path in listed_copies(connection_file) if path != copy]
    removed = [path for path in (copy,) if _unlink(path)]
    if left:
        _write_private(_list(connection_file), "".join(f"{path}\n" for path in left).encode())
    elif _unlink(_list(connection_file)):
        removed.append(_list(connection_file))
    for unfinished in copy.parent.glob(f".{copy.name}.*"):  # of an installer or a daemon that was killed
        _unlink(unfinished)
    with contextlib.suppress(OSError):
        copy.parent.rmdir()
        removed.append(copy.parent)
        copy.parent.parent.rmdir()  # the sandbox's folder for what is Samelight's
    return removed


def _list(connection_file: Path) -> Path:
    return connection_file.with_name(connection_file.name + LIST_SUFFIX)


def _unfinished(path: Path) -> Path:
    return path.with_name(f".{path.name}.samelight")


def _unlink(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True


def _write_private(path: Path, content: bytes) -> None:
    """Writes a file in one step that was never readable by anyone else."""
    temporary = _unfinished(path)
    _unlink(temporary)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise
