"""Editors from Flathub: where they are installed, which Python their runtime has, what their sandbox lets through.

A flatpak lies in INSTALLATION/app/ID/current/active: its own files in `files`, what it may do in `metadata`. What the
person allowed or forbade besides stands in INSTALLATION/overrides/ID. (man flatpak-metadata, flatpak-override)
"""

from __future__ import annotations

import configparser
from pathlib import Path
from typing import Iterator, List, Optional, Set, Tuple

from .binaries import named_python
from .machine import Machine, is_folder
from .places import Place

__all__ = ["config_folder", "permission_note", "roots", "runtime_python"]


def installations(machine: Machine) -> Iterator[Path]:
    """The folders in which flatpak keeps what is installed: the user's, the system's, and those that its administrator
    added.
    """
    yield machine.path("{FLATPAK_USER_DIR}")
    yield machine.path("{FLATPAK_SYSTEM_DIR}")
    for path in machine.matches("/etc/flatpak/installations.d/*.conf"):
        settings = _read(path)
        for section in settings.sections():
            given = settings.get(section, "path", fallback="")
            if given.startswith("/"):
                yield machine.path(given)


def roots(place: Place, machine: Machine) -> List[Path]:
    """The folders `files` of a flatpak."""
    found = (folder / "app" / place.identity / "current" / "active" / "files" for folder in installations(machine))
    return [path for path in found if is_folder(path)]


def runtime_python(place: Place, machine: Machine, root: Path) -> Optional[Tuple[int, int]]:
    """The Python in the runtime that a flatpak is made for."""
    runtime = _read(root.parent / "metadata").get("Application", "runtime", fallback="")
    for folder in installations(machine) if runtime else ():
        files = folder / "runtime" / runtime / "active" / "files"
        for pattern in ("bin/python3", "bin/python3.*", "lib/libpython3.*.so*", "lib/*/libpython3.*.so*"):
            for path in machine.matches(pattern, files):
                python = named_python(path)
                if python:
                    return python
    return None


def config_folder(place: Place, machine: Machine, root: Path, series: str) -> Path:
    """The folder in which a flatpak's GIMP keeps its profiles.

    Its own one, unless it may use the host's: flatpak then shows it that in the place of its own. A profile that is
    already there outweighs what the permissions say.
    """
    own = machine.path(f"{{HOME}}/.var/app/{place.identity}/config")
    hosts = machine.path("{XDG_CONFIG_HOME}")
    shared = _allowed(place, machine, root, "filesystems") & {"xdg-config", "xdg-config/GIMP"}
    started = is_folder(own / "GIMP" / series) and not is_folder(hosts / "GIMP" / series)
    return hosts if shared and not started else own


def permission_note(place: Place, machine: Machine, root: Path) -> str:
    """What the person has to allow before the plugin can reach the daemon; empty where nothing."""
    if "network" in _allowed(place, machine, root, "shared"):
        return ""
    return (
        "Its sandbox has no network, so it cannot reach the daemon on this machine. "
        f"Run: flatpak override --user --share=network {place.identity}"
    )


def _allowed(place: Place, machine: Machine, root: Path, key: str) -> Set[str]:
    """What a flatpak may do: its own list, then the overrides for all and for it; a `!` takes something back."""
    files = [root.parent / "metadata"]
    for folder in (machine.path("{FLATPAK_SYSTEM_DIR}"), machine.path("{FLATPAK_USER_DIR}")):
        files += [folder / "overrides" / "global", folder / "overrides" / place.identity]
    allowed: Set[str] = set()
    for path in files:
        for entry in filter(None, _read(path).get("Context", key, fallback="").split(";")):
            name = entry.lstrip("!").split(":")[0]
            allowed = allowed - {name} if entry.startswith("!") else allowed | {name}
    return allowed


def _read(path: Path) -> configparser.RawConfigParser:
    """A key file; an empty one where it cannot be read."""
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",))
    try:
        parser.read_string(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, configparser.Error):
        return configparser.RawConfigParser()
    return parser
