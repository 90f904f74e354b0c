"""The editors on a machine: where each kind of installation keeps its parts, in one table.

An editor's own Python is found without starting it: the name of the library that its scripting part is linked to
stands in that file. (Only distribution packages of Krita so far; a further kind is a further line of the table.)
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from platform import machine as this_processor
from typing import Iterator, Mapping, Optional, Tuple

from .tags import Tag

__all__ = ["PLACES", "Editor", "Machine", "Place", "find_editors"]


@dataclass(frozen=True)
class Machine:
    """The machine on which editors are searched for; the defaults are this one, tests make up others.

    platform: `sys.platform` there.
    processor: `platform.machine()` there.
    root: the folder that holds the system.
    home: the user's folder.
    environment: the user's environment variables.
    """

    platform: str = sys.platform
    processor: str = field(default_factory=this_processor)
    root: Path = Path("/")
    home: Path = field(default_factory=Path.home)
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def folder(self, variable: str, usual: str) -> Path:
        """A folder of the user's: what the variable says, or the usual one below the home folder."""
        given = self.environment.get(variable, "").strip()
        return Path(given) if given else self.home / usual


@dataclass(frozen=True)
class Place:
    """One way in which an editor comes onto a machine.

    editor: its name.
    kind: how it came there ("package": from the distribution).
    platform: the `sys.platform` on which there is this way.
    scripting: where the file lies that is linked to Python's library, as patterns below the system's root.
    releases: files that name its newest release, below the system's root.
    data: the folder of the user's resources, as a variable and the usual folder in the home, and what is below.
    config: the same for the configuration file.
    """

    editor: str
    kind: str
    platform: str
    scripting: Tuple[str, ...]
    releases: Tuple[str, ...]
    data: Tuple[str, str, str]
    config: Tuple[str, str, str]


PLACES = (
    Place(
        editor="Krita",
        kind="package",
        platform="linux",
        scripting=tuple(f"usr/{lib}/kritaplugins/kritapykrita.so" for lib in ("lib/*", "lib", "lib64", "local/lib")),
        releases=("usr/share/metainfo/org.kde.krita.appdata.xml",),
        data=("XDG_DATA_HOME", ".local/share", "krita"),
        config=("XDG_CONFIG_HOME", ".config", "kritarc"),
    ),
)


@dataclass(frozen=True)
class Editor:
    """An editor that was found.

    name: "Krita".
    kind: how it came onto the machine, see Place.
    version: its release, None where nothing says it.
    python: the version of its own Python, None where nothing says it.
    tag: which compiled packages that Python loads; None where that is not known.
    data: the folder of the user's resources; it may not exist yet.
    config: its configuration file; it may not exist yet.
    """

    name: str
    kind: str
    version: Optional[str]
    python: Optional[Tuple[int, int]]
    tag: Optional[Tag]
    data: Path
    config: Path


def find_editors(machine: Optional[Machine] = None) -> Iterator[Editor]:
    """Every editor of the table that is on the machine (None: this one)."""
    there = machine or Machine()
    for place in PLACES:
        if place.platform != there.platform:
            continue
        found = [path for pattern in place.scripting for path in sorted(there.root.glob(pattern))]
        if found:
            yield _describe(place, there, found[0])


def _describe(place: Place, machine: Machine, scripting: Path) -> Editor:
    python = _linked_python(scripting)
    tag = Tag.of(python, machine.platform, machine.processor) if python else None
    versions = filter(None, (_newest_release(machine.root / path) for path in place.releases))
    data, config = (machine.folder(*where[:2]) / where[2] for where in (place.data, place.config))
    return Editor(place.editor, place.kind, next(versions, None), python, tag, data, config)


def _linked_python(library: Path) -> Optional[Tuple[int, int]]:
    """The version of Python that a compiled file is linked to, read from the name of the library it asks for."""
    match = re.search(rb"libpython(\d)\.(\d+)\.so|python(\d)(\d+)\.dll|Python\.framework/Versions/(\d)\.(\d+)/",
                      library.read_bytes())  # fmt: skip
    if match is None:
        return None
    major, minor = (int(each) for each in match.groups() if each is not None)
    return major, minor


def _newest_release(description: Path) -> Optional[str]:
    """The first release that an AppStream description names; the newest one comes first there."""
    try:
        text = description.read_text(encoding="utf-8")
    except OSError:
        return None
    match = re.search(r"<release\b[^>]*\bversion=\"([^\"]+)\"", text)
    return match.group(1) if match else None
