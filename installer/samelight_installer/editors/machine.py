"""The machine on which editors are searched for, with everything about it that can be made up for a test."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from platform import machine as this_processor
from typing import Callable, Dict, List, Mapping, Sequence, Tuple

from .processes import Process, list_processes
from .registry import read_subkeys

__all__ = ["Machine", "is_folder"]

# Where a variable points to if it is not set, as the systems' own documents say: the XDG base directory specification,
# Microsoft's list of known folders, `man flatpak`.
USUAL: Dict[str, str] = {
    "XDG_CONFIG_HOME": "{HOME}/.config",
    "XDG_DATA_HOME": "{HOME}/.local/share",
    "FLATPAK_USER_DIR": "{XDG_DATA_HOME}/flatpak",
    "FLATPAK_SYSTEM_DIR": "/var/lib/flatpak",
    "APPDATA": "{HOME}/AppData/Roaming",
    "LOCALAPPDATA": "{HOME}/AppData/Local",
    "PROGRAMFILES": "/Program Files",
    "PROGRAMW6432": "/Program Files",
    "PROGRAMFILES(X86)": "/Program Files (x86)",
}

_TEMPLATE = re.compile(r"\{([^{}]+)\}/?(.*)")


@dataclass(frozen=True)
class Machine:
    """A machine; the defaults are this one.

    platform: `sys.platform` there.
    processor: `platform.machine()` there.
    root: the folder that holds the system.
    home: the user's folder.
    environment: the user's environment variables.
    subkeys: reads the Windows registry: the values below each key of a key, see registry.py.
    processes: what runs there, see processes.py.
    """

    platform: str = sys.platform
    processor: str = field(default_factory=this_processor)
    root: Path = Path("/")
    home: Path = field(default_factory=Path.home)
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    subkeys: Callable[[str], Mapping[str, Mapping[str, str]]] = read_subkeys
    processes: Callable[[], Sequence[Process]] = list_processes

    def variable(self, name: str) -> Path:
        """The folder that a variable names; the usual one where it is not set or no absolute path."""
        if name == "HOME":
            return self.home
        given = self.environment.get(name, "").strip()
        return Path(given) if given and Path(given).is_absolute() else self.path(USUAL[name])

    def path(self, template: str) -> Path:
        """A path: what begins with {VARIABLE} lies in that folder, all else below the system's root."""
        base, rest = self._split(template)
        return base / rest if rest else base

    def matches(self, template: str, base: Path | None = None) -> List[Path]:
        """The paths that fit to a pattern, sorted; patterns that name no folder to begin in lie in `base`."""
        if base is not None and not template.startswith(("{", "/")):
            start, pattern = base, template
        else:
            start, pattern = self._split(template)
        if not re.search(r"[*?\[]", pattern):
            path = start / pattern if pattern else start
            return [path] if os.path.lexists(path) else []  # a link to nowhere tells something too, by its name
        try:
            return sorted(start.glob(pattern))
        except OSError:  # a folder that cannot be read, or a network that is gone
            return []

    def _split(self, template: str) -> Tuple[Path, str]:
        match = _TEMPLATE.fullmatch(template)
        if match is None:
            return self.root, template.lstrip("/")
        return self.variable(match.group(1)), match.group(2)


def is_folder(path: Path) -> bool:
    """Whether there is a folder; where nobody may look, there is none for us."""
    try:
        return path.is_dir()
    except OSError:
        return False
