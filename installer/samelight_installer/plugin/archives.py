"""Zip archives that an editor's own importer takes."""

from __future__ import annotations

import zipfile
from pathlib import Path

__all__ = ["write_zip"]

_OLDEST_DATE = (1980, 1, 1, 0, 0, 0)


def write_zip(folder: Path, path: Path) -> None:
    """Packs all that is in a folder; the same contents give the same bytes, and `path` is replaced in one step.

    Folders are entries of their own: Krita's importer finds a plugin's code by the entry of its folder.
    """
    partial = path.with_name(path.name + ".part")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in sorted(folder.rglob("*")):
            name = each.relative_to(folder).as_posix()
            if each.is_dir():
                archive.writestr(_entry(name + "/", 0o40755), b"")
            else:
                mode = 0o100755 if each.stat().st_mode & 0o100 else 0o100644
                archive.writestr(_entry(name, mode), each.read_bytes(), zipfile.ZIP_DEFLATED)
    partial.replace(path)


def _entry(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _OLDEST_DATE)
    entry.external_attr = mode << 16
    return entry
