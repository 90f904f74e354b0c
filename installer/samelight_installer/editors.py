"""The editors on a machine: where each kind of installation keeps its parts, in one table.

An editor's own Python is found without starting it: the name of the library that its scripting part is linked to
stands in that file, or it is the system's. (Only distribution packages so far; a further kind is a further line of the
table.)
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from platform import machine as this_processor
from typing import Iterator, Mapping, Optional, Set, Tuple

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
    scripting: files that are there if the editor is, as patterns below the system's root.
    releases: files that name its newest release, below the system's root.
    data: the folder of the user's resources, as a variable and the usual folder in the home, and what is below, where
    {series} stands for the series that the name of the file in `scripting` ends with, such as 3.2.
    config: the same for the configuration file.
    interpreter: the link to the Python that it starts; empty where `scripting` is linked to Python's library.
    override: the variable that names the folder of the user's resources itself; empty where there is none.
    """

    editor: str
    kind: str
    platform: str
    scripting: Tuple[str, ...]
    releases: Tuple[str, ...]
    data: Tuple[str, str, str]
    config: Tuple[str, str, str]
    interpreter: str = ""
    override: str = ""


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
    Place(
        editor="GIMP",
        kind="package",
        platform="linux",
        scripting=("usr/bin/gimp-3.*", "usr/local/bin/gimp-3.*"),
        releases=("usr/share/metainfo/org.gimp.GIMP.appdata.xml",),
        data=("XDG_CONFIG_HOME", ".config", "GIMP/{series}"),
        config=("XDG_CONFIG_HOME", ".config", "GIMP/{series}/gimprc"),
        interpreter="usr/bin/python3",
        override="GIMP3_DIRECTORY",
    ),
)


@dataclass(frozen=True)
class Editor:
    """An editor that was found.

    name: "Krita" or "GIMP".
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
        folders: Set[Path] = set()
        for path in (path for pattern in place.scripting for path in sorted(there.root.glob(pattern))):
            editor = _describe(place, there, path)
            if editor.data not in folders:  # lib and lib64 may be one, two series are two
                folders.add(editor.data)
                yield editor


def _describe(place: Place, machine: Machine, scripting: Path) -> Editor:
    python = _started_python(machine.root / place.interpreter) if place.interpreter else _linked_python(scripting)
    tag = Tag.of(python, machine.platform, machine.processor) if python else None
    versions = filter(None, (_newest_release(machine.root / path) for path in place.releases))
    series = scripting.name.rpartition("-")[2]
    data, config = (machine.folder(*where[:2]) / where[2].format(series=series) for where in (place.data, place.config))
    given = machine.environment.get(place.override, "").strip() if place.override else ""
    if given:
        data, config = Path(given), Path(given) / config.name
    return Editor(place.editor, place.kind, next(versions, None), python, tag, data, config)


def _started_python(link: Path) -> Optional[Tuple[int, int]]:
    """The version of an interpreter, read from the name of the file that a link such as python3 leads to."""
    try:
        leads_to = os.readlink(link) if link.is_symlink() else link.name  # noqa: PTH115 - Path has it from 3.9 on
    except OSError:
        return None
    match = re.search(r"python(\d)\.(\d+)", leads_to)
    return (int(match.group(1)), int(match.group(2))) if match else None


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
