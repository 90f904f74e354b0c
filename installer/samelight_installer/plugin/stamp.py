"""What an installed plugin knows of its own installation, so that a second run finds nothing to do at once.

`installed.json` lies in the plugin's folder and is moved to its place with it, whole: {"fingerprint": of all that the
plugin was made of, "files": every file with its size, "wheels": for each interpreter the part of the lock file that
its compiled packages come from, "missing": which of them could not be had, and why}.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Dict, Iterable, Mapping, Optional, Sequence

from .. import lockfile
from ..editors.tags import Tag
from ..fingerprint import fingerprint
from ..places import REQUIREMENTS
from .vendoring import COMPILED, common_files

__all__ = ["contents_fingerprint", "is_current", "kept_wheels", "read_stamp", "wheels_fingerprint", "write_stamp"]

STAMP = "installed.json"

LAYOUT = "2"
"""Counts up where the installer itself puts a plugin together in another way."""

Missing = Mapping[Tag, Mapping[str, str]]


def contents_fingerprint(
    sources: Sequence[Path], root: Path, packages: Iterable[Path], tags: Sequence[Tag], *more: object
) -> str:
    """A hash of all that a plugin is made of.

    Args:
        sources: the files of its code.
        root: the folder that they lie in.
        packages: the folders of samelight_wire, msgpack and platformdirs.
        tags: the interpreters that get compiled packages.
        more: whatever else is written into it, as text.
    """
    digest = hashlib.sha256(LAYOUT.encode())
    digest.update(fingerprint(sources, root).encode())
    for package in packages:
        digest.update(fingerprint(sorted(common_files(package)), package.parent).encode())
    digest.update(repr([*map(repr, sorted(tags)), wheels_fingerprint(), *map(str, more)]).encode())
    return digest.hexdigest()


def wheels_fingerprint() -> str:
    """A hash of the lock file's entries for the compiled packages."""
    text = (REQUIREMENTS / "run.lock").read_text(encoding="utf-8")
    return hashlib.sha256(lockfile.select(text, COMPILED).encode()).hexdigest()


def write_stamp(folder: Path, contents: str, missing: Missing) -> None:
    """Writes it; the last thing that is put into a plugin."""
    files = {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    wheels = {repr(tag): wheels_fingerprint() for tag, names in missing.items() if not names}
    reasons = {str(tag): dict(names) for tag, names in missing.items()}
    stamp = {"fingerprint": contents, "files": files, "wheels": wheels, "missing": reasons}
    (folder / STAMP).write_text(json.dumps(stamp, indent=1), encoding="utf-8")


def read_stamp(folder: Path) -> Dict[str, Any]:
    """What it says; empty where there is none, as in the first releases, or it makes no sense."""
    try:
        stamp = json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    parts = ("files", "wheels", "missing")
    whole = isinstance(stamp, dict) and all(isinstance(stamp.get(part), dict) for part in parts)
    return dict(stamp) if whole else {}


def is_current(folder: Path, contents: str) -> bool:
    """Whether the plugin in a folder is made of just this: all of its files are there at their sizes, and no others
    but what running it leaves behind.
    """
    stamp = read_stamp(folder)
    if stamp.get("fingerprint") != contents:
        return False
    there = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if not path.is_dir()}
    # Python and macOS's file manager leave something of theirs in every folder.
    passing = {name for name in there if "__pycache__" in there[name].parts or there[name].name.startswith(".")}
    others = set(there) - {STAMP} - passing - set(stamp["files"])
    return not others and _are_there(folder, stamp["files"])


def kept_wheels(tag: Tag, folders: Iterable[Path]) -> Optional[Path]:
    """A folder with the very packages that the lock file names for an interpreter, in one of these plugins."""
    for folder in folders:
        stamp = read_stamp(folder)
        inside = f"vendor/{tag}/"
        files = {name: size for name, size in stamp.get("files", {}).items() if name.startswith(inside)}
        same = stamp.get("wheels", {}).get(repr(tag)) == wheels_fingerprint()
        if same and files and _are_there(folder, files):
            return folder / "vendor" / str(tag)
    return None


def _are_there(folder: Path, files: Mapping[str, int]) -> bool:
    try:
        return all((folder / name).stat().st_size == size for name, size in files.items())
    except OSError:
        return False
