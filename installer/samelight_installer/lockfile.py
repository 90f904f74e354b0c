"""Reads lock files: only as much as it takes to choose some of a file's packages."""

from __future__ import annotations

import re
from typing import Collection, Dict, Set

__all__ = ["BUILDS", "canonical", "select", "versions"]

BUILDS = ("torch", "torchvision")
"""What there are several builds of."""

_ENTRY = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)===?([^=\s]\S*)")


def canonical(name: str) -> str:
    """A package's name in the one spelling that all its spellings stand for."""
    return re.sub(r"[-_.]+", "-", name).lower()


def select(lock: str, names: Collection[str]) -> str:
    """The lock file's entries of these packages, hashes and all, as a lock file of their own.

    Another build of a version (1.0+cpu for 1.0) counts as newer for pip, wherever it finds one; for the packages that
    have such builds the version is therefore asked for to the letter.
    """
    wanted = {canonical(name) for name in names}
    kept = []
    keeping = False
    for line in lock.splitlines():
        entry = _ENTRY.match(line)
        if entry:
            keeping = canonical(entry.group(1)) in wanted
        elif not line.startswith(" "):
            keeping = False
        if keeping:
            kept.append(line.replace("==", "===", 1) if entry and canonical(entry.group(1)) in BUILDS else line)
    return "\n".join(kept) + "\n"


def versions(lock: str) -> Dict[str, Set[str]]:
    """The packages that the lock file names, each with its versions, as Pythons and systems want different ones."""
    found: Dict[str, Set[str]] = {}
    for entry in filter(None, map(_ENTRY.match, lock.splitlines())):
        found.setdefault(canonical(entry.group(1)), set()).add(entry.group(2))
    return found
