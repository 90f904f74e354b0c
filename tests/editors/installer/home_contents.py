"""What is in a home folder, and what two homes do not have in common but for what editors change at each run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["Contents", "contents_of", "remains"]

Contents = Mapping[str, bytes]
"""Every path below a home; a folder ends with "/" and has no bytes, a link has what it says."""


def contents_of(home: Path) -> Contents:
    """All that is in a home."""
    found: dict[str, bytes] = {}
    for path in sorted(home.rglob("*")):
        name = str(path.relative_to(home))
        if path.is_symlink():
            found[name] = b"-> " + bytes(path.readlink())
        elif path.is_dir():
            found[name + "/"] = b""
        elif path.is_file():
            found[name] = path.read_bytes()
    return found


def remains(after: Contents, controls: Sequence[Contents]) -> dict[str, str]:
    """What an uninstallation did not put right: path -> what is wrong with it.

    Args:
        after: the home after it.
        controls: homes of persons who did the same in the editors and never had Samelight. What differs between them
            is what editors write differently each time; only its presence counts.
    """
    everywhere = set.intersection(*(set(control) for control in controls))
    somewhere = set.union(*(set(control) for control in controls))
    wrong = dict.fromkeys(everywhere - set(after), "is missing")
    wrong |= dict.fromkeys(set(after) - somewhere, "is new")
    for path in everywhere & set(after):
        versions = {control[path] for control in controls}
        if len(versions) == 1 and after[path] not in versions:
            wrong[path] = "is another"
    return wrong
