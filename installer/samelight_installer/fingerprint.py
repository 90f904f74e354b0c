"""Fingerprints of files, to find out whether anything has changed since the last installation."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Iterable

__all__ = ["SOURCES", "fingerprint", "source_files"]

SOURCES = ("daemon", "shared", "installer", "plugins", "pyproject.toml", "README.md", "LICENSE")
"""What goes into an installation, relative to the checkout."""


def source_files(checkout: Path) -> list[Path]:
    """The files that go into an installation, without what Python and the tools leave between them."""
    found = []
    for name in SOURCES:
        path = checkout / name
        found += [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sorted(each for each in found if "__pycache__" not in each.parts)


def fingerprint(files: Iterable[Path], root: Path) -> str:
    """A hash of the files' names below ``root`` and of their contents; one that is missing counts as empty."""
    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes() if path.is_file() else b""
        name = path.relative_to(root).as_posix()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
