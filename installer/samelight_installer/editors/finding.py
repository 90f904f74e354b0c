"""Finds every editor of the table that is on a machine, and describes it."""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Iterator, List, Optional, Tuple

from ..settings_file import get_value
from . import appimage, flatpak, snap, store
from .binaries import linked_python, named_python, processor_of
from .machine import Machine
from .places import OLDEST, PLACES, Place
from .squashfs import python_in_appimage
from .tags import BUNDLED, Tag
from .versions import as_numbers, release_in_name, release_of, series_of

__all__ = ["Editor", "find_editors"]


@dataclass(frozen=True)
class Editor:
    """An editor that was found.

    name: "Krita" or "GIMP".
    kind: how it came onto the machine, see Place.
    version: its release, None where nothing says it.
    python: the version of its own Python, None where nothing says it.
    tag: which compiled packages that Python loads; None where that is not known, or none that are published.
    data: the folder of the user's resources; it may not exist yet.
    config: its configuration file; it may not exist yet.
    program: what was found of it.
    candidates: where its Python is not known, the ones that it may be.
    private: a folder that it can read from inside its sandbox; None where it can read all that is the user's.
    problem: why it gets no plugin: "too old", "no Python", "not started yet", "release not known"; empty where it can.
    note: a sentence for the person about the problem, or about what else there is to do.
    """

    name: str
    kind: str
    version: Optional[str]
    python: Optional[Tuple[int, int]]
    tag: Optional[Tag]
    data: Path
    config: Path
    program: Optional[Path] = None
    candidates: Tuple[Tag, ...] = ()
    private: Optional[Path] = None
    problem: str = ""
    note: str = ""

    @property
    def tags(self) -> Tuple[Tag, ...]:
        """The interpreters for which it is worth to carry compiled packages."""
        return (self.tag,) if self.tag else self.candidates


@dataclass(frozen=True)
class _Found:
    """What was found of an editor.

    root: the folder of its installation.
    program: its program.
    release: its release, as far as the way it came tells it.
    data: what a package from the Microsoft Store wrote.
    """

    root: Optional[Path]
    program: Optional[Path]
    release: Optional[str] = None
    data: Optional[Path] = None


def find_editors(machine: Optional[Machine] = None, also: Iterable[Path] = ()) -> Iterator[Editor]:
    """Every editor of the table that is on a machine.

    Args:
        machine: None: this one.
        also: AppImages, and folders of installations, that lie where nobody looks for them.
    """
    there = machine or Machine()
    for place in PLACES:
        if place.platform == there.platform:
            yield from _readable(place, there, also)


def _readable(place: Place, machine: Machine, also: Iterable[Path]) -> Iterator[Editor]:
    """The editors that came in this way, but for those whose folders this user may not read."""
    try:
        found = list(_distinct([*_look(place, machine), *_given(place, machine, also)]))
    except OSError:
        return
    for each in found:
        with contextlib.suppress(OSError):
            yield from list(_describe(place, machine, each))


def _look(place: Place, machine: Machine) -> Iterator[_Found]:
    """What is there of an editor that came in this way."""
    if place.kind == "AppImage":
        for path, release in appimage.appimages(place.editor, machine):
            yield _Found(None, path, release)
    elif place.kind == "store":
        for package in store.store_packages(place, machine):
            programs = _programs(place, machine, package.root) if package.root else []
            yield _Found(package.root, programs[0] if programs else None, package.release, package.data)
    else:
        for root in _roots(place, machine):
            yield from (_Found(root, program) for program in _programs(place, machine, root))


def _roots(place: Place, machine: Machine) -> List[Path]:
    if place.kind == "flatpak":
        return flatpak.roots(place, machine)
    if place.kind == "snap":
        return snap.roots(place, machine)
    found = [path for pattern in place.roots for path in machine.matches(pattern)]
    return found + (store.installed_folders(place, machine) if place.kind == "installer" else [])


def _programs(place: Place, machine: Machine, root: Path) -> List[Path]:
    """The programs of an editor in a folder: one, but GIMP's different series may lie beside each other."""
    named = [path for pattern in place.programs for path in machine.matches(pattern, root)]
    if place.editor == "GIMP":
        # Beside gimp-3.0 there may be gimp-3.0-helper and the like; in macOS's bundles its name tells no series.
        by_series = {series_of(path.name, None): path for path in named if not path.is_dir()}
        if set(by_series) - {None}:
            by_series.pop(None, None)
        elif place.platform != "darwin":
            by_series = {}
        return [by_series[series] for series in sorted(by_series, key=str)]
    return named[:1] or _scripting(place, machine, root)[:1]


def _scripting(place: Place, machine: Machine, root: Path) -> List[Path]:
    return [path for pattern in place.scripting for path in machine.matches(pattern, root)]


def _given(place: Place, machine: Machine, paths: Iterable[Path]) -> Iterator[_Found]:
    """What the person named: an AppImage, or the folder of an installation."""
    for path in paths:
        if place.kind == "AppImage" and place.editor.lower() in path.name.lower():
            if appimage.is_appimage(path):
                yield _Found(None, path, release_in_name(path.name))
        elif place.roots and path.is_dir():
            yield from (_Found(path, program) for program in _programs(place, machine, path))


def _distinct(found: Iterable[_Found]) -> Iterator[_Found]:
    """Without what is there a second time by way of a link."""
    seen = set()
    for each in found:
        key = (each.program or each.data or Path()).resolve()
        if key not in seen:
            seen.add(key)
            yield each


def _describe(place: Place, machine: Machine, found: _Found) -> Iterator[Editor]:
    release = found.release
    for pattern in place.releases if found.root else ():
        for path in machine.matches(pattern, found.root):
            release = release or release_of(path)
    series = series_of(found.program.name if found.program else "", release)
    if place.editor == "GIMP" and release and series and not f"{release}.".startswith(f"{series}."):
        release = None  # the release of another series that lies beside it
    if place.editor == "GIMP" and series is None:
        known = [path.name for path in machine.matches("{XDG_CONFIG_HOME}/GIMP/[3-9].*[0-9]")]
        for each in known if machine.platform == "linux" else ():
            yield _judged(_editor(place, machine, found, each, None), place, machine, found)
        if known and machine.platform == "linux":
            return
    yield _judged(_editor(place, machine, found, series, release), place, machine, found)


def _editor(place: Place, machine: Machine, found: _Found, series: Optional[str], release: Optional[str]) -> Editor:
    python = _python(place, machine, found)
    compiled = [*(_scripting(place, machine, found.root) if found.root else []), *filter(None, [found.program])]
    processor = next(filter(None, map(processor_of, compiled)), None) or machine.processor
    tag = Tag.of(python, machine.platform, processor, _libc(place, machine)) if python and place.loads_wheels else None
    data = _folder(place.data, place, machine, found, series)
    config = _folder(place.config, place, machine, found, series)
    given = machine.environment.get(place.override, "").strip() if place.override else ""
    if given:  # GIMP takes what is no absolute path as one in the home folder
        data, config = machine.home / given, machine.home / given / config.name
    if place.editor == "Krita":
        data = _moved_resources(config) or data
    return Editor(
        place.editor,
        place.kind,
        release or (series if place.editor == "GIMP" else None),
        python,
        tag,
        data,
        config,
        found.program,
        () if python or place.kind == "package" or not place.loads_wheels else _bundled(machine.platform, processor),
        machine.path(place.private) if place.private else None,
    )


def _python(place: Place, machine: Machine, found: _Found) -> Optional[Tuple[int, int]]:
    """The Python that runs an editor's plugins."""
    root = found.root
    if root is None:
        return python_in_appimage(found.program) if found.program else None
    linked = (linked_python(path) for path in _scripting(place, machine, root))
    named = (named_python(path) for pattern in place.pythons for path in machine.matches(pattern, root))
    for python in (*linked, *named):
        if python:
            return python
    if place.kind == "flatpak":
        return flatpak.runtime_python(place, machine, root)
    return snap.base_python(machine, root) if place.kind == "snap" else None


def _libc(place: Place, machine: Machine) -> str:
    """The C library that an editor stands on: sandboxes and bundles bring glibc along, a distribution may have musl."""
    if place.kind != "package" or machine.matches("/lib*/ld-linux*"):
        return "glibc"
    return "musl" if machine.matches("/lib/ld-musl-*") else "glibc"


def _bundled(platform: str, processor: str) -> Tuple[Tag, ...]:
    """The Pythons that editors' own downloads carry for this machine."""
    return tuple(tag for tag in BUNDLED if tag == Tag.of(tag.python, platform, processor))


def _folder(template: str, place: Place, machine: Machine, found: _Found, series: Optional[str]) -> Path:
    text = template.replace("{series}", series or "unknown")
    first, _, rest = text.partition("/")
    if first == "{package}" and found.data:
        return found.data / rest
    if first == "{flatpak config}" and found.root:
        return flatpak.config_folder(place, machine, found.root, series or "") / rest
    return machine.path(text)


def _moved_resources(config: Path) -> Optional[Path]:
    """Krita's resource folder, where the person chose another one in its settings; Krita ignores one that is gone."""
    chosen = get_value(config, "", "ResourceDirectory")
    return Path(chosen) if chosen and Path(chosen).is_absolute() and Path(chosen).is_dir() else None


def _judged(editor: Editor, place: Place, machine: Machine, found: _Found) -> Editor:
    """The editor with what stands in the way of its plugin, and what the person has to do."""
    oldest = OLDEST[editor.name]
    if editor.version and as_numbers(editor.version) < oldest:
        wanted = ".".join(map(str, oldest))
        problem, note = "too old", f"The plugin needs {editor.name} {wanted} or newer."
    elif editor.name == "GIMP" and editor.version is None:
        problem, note = "release not known", "Start it once, then run this again: its profile tells its release."
    elif place.scripting and found.root and not _scripting(place, machine, found.root):
        problem, note = "no Python", "This build runs no Python plugins. Krita from another source does."
    elif place.kind == "snap" and not snap.was_started(place, machine):
        problem, note = "not started yet", "Start it once, then run this again: snapd makes its folder then."
    elif place.kind == "flatpak" and found.root:
        problem, note = "", flatpak.permission_note(place, machine, found.root)
    else:
        problem, note = "", ""
    return dataclasses.replace(editor, problem=problem, note=note)
