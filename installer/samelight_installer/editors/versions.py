"""The release of an installed editor, read from what lies beside it."""

from __future__ import annotations

import plistlib
import re
from pathlib import Path
from typing import Optional, Tuple
from xml.parsers.expat import ExpatError

from .binaries import version_resource

__all__ = ["as_numbers", "release_in_name", "release_of", "series_of"]

_DOTTED = re.compile(r"(?<![\d.])(\d+\.\d+(?:\.\d+)*)")
_SERIES = re.compile(r"gimp-(\d+\.\d+)(?:\.exe)?")


def release_of(path: Path) -> Optional[str]:
    """The release that a file tells: an AppStream description, a bundle's Info.plist, a snap's snap.yaml, a program."""
    if path.suffix == ".plist":
        return _from_property_list(path)
    if path.suffix == ".exe":
        return version_resource(path)
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    if path.suffix == ".yaml":
        match = re.search(r"^version:\s*['\"]?([\d.]+)", text, re.MULTILINE)
    else:  # the newest release comes first there
        match = re.search(r"<release\b[^>]*\bversion=\"([^\"]+)\"", text)
    return match.group(1) if match else None


def _from_property_list(path: Path) -> Optional[str]:
    try:
        with path.open("rb") as file:
            content = plistlib.load(file)
    except (OSError, ValueError, ExpatError, plistlib.InvalidFileException):
        return None
    match = _DOTTED.search(str(content.get("CFBundleShortVersionString")) if isinstance(content, dict) else "")
    return match.group(1) if match else None


def release_in_name(name: str) -> Optional[str]:
    """The release in a file's name such as krita-5.2.9-x86_64.appimage."""
    match = _DOTTED.search(name)
    return match.group(1) if match else None


def series_of(program: str, release: Optional[str]) -> Optional[str]:
    """The series that an editor belongs to, such as 3.2.

    Args:
        program: the name of its program; GIMP's tells it.
        release: its release, as far as that is known.
    """
    match = _SERIES.fullmatch(program)
    if match:
        return match.group(1)
    return ".".join(release.split(".")[:2]) if release else None


def as_numbers(release: str) -> Tuple[int, ...]:
    """A release as numbers, to compare it; what stands behind them, such as -rc1, is left out."""
    match = _DOTTED.search(release)
    return tuple(int(part) for part in match.group(1).split(".")) if match else ()
