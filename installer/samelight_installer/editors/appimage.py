"""Editors that came as an AppImage: one file, kept anywhere.

An AppImage is an ELF program whose bytes 8 to 10 are "AI" and the format's number, 1 or 2 (AppImage specification).
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

from .machine import Machine
from .places import APPIMAGE_FOLDERS, DESKTOP_ENTRIES
from .versions import release_in_name

__all__ = ["appimages", "is_appimage"]

_NAMES = ("*.AppImage", "*.appimage", "*.Appimage")


def appimages(editor: str, machine: Machine) -> List[Tuple[Path, Optional[str]]]:
    """The AppImages of an editor, each with its release as far as a name tells it."""
    found: Dict[Path, Tuple[Path, Optional[str]]] = {}
    for path, release in [*_from_entries(machine), *_from_folders(machine)]:
        if editor.lower() in path.name.lower() and path.resolve() not in found and is_appimage(path):
            found[path.resolve()] = (path, release_in_name(path.name) or release)
    return sorted(found.values())


def is_appimage(path: Path) -> bool:
    """Whether a file is one, by its first bytes."""
    try:
        with path.open("rb") as file:
            head = file.read(11)
    except OSError:
        return False
    return head[:4] == b"\x7fELF" and head[8:11] in (b"AI\x01", b"AI\x02")


def _from_folders(machine: Machine) -> Iterator[Tuple[Path, Optional[str]]]:
    folders = [folder for template in APPIMAGE_FOLDERS for folder in machine.matches(template)]
    for folder in [*folders, *_named_folders(machine)]:
        for name in _NAMES:
            yield from ((path, None) for path in machine.matches(name, folder))


def _named_folders(machine: Machine) -> Iterator[Path]:
    """The folders for downloads and for the desktop by their names in the user's language (xdg-user-dirs)."""
    text = _text(machine.path("{XDG_CONFIG_HOME}/user-dirs.dirs"))
    for match in re.finditer(r'^XDG_(?:DOWNLOAD|DESKTOP)_DIR="(.+)"$', text, re.MULTILINE):
        given = match.group(1)
        yield machine.home / given[6:] if given.startswith("$HOME/") else machine.path(given)


def _from_entries(machine: Machine) -> Iterator[Tuple[Path, Optional[str]]]:
    """What the start menu's entries start, with the release that AppImageLauncher and others write beside it."""
    for path in (path for pattern in DESKTOP_ENTRIES for path in machine.matches(pattern)):
        text = _text(path)
        release = re.search(r"^X-AppImage-Version=([\d.]+)", text, re.MULTILINE)
        for match in re.finditer(r"^(?:Try)?Exec=(.+)$", text, re.MULTILINE):
            for word in _words(match.group(1)):
                if word.lower().endswith(".appimage") and word.startswith("/"):
                    yield Path(word), release.group(1) if release else None


def _words(command: str) -> List[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
