"""What the plugins of all editors have in common when they are put together and moved to their place."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence

from ..editors import Editor
from ..editors.tags import Tag
from ..places import REQUIREMENTS
from .stamp import Missing, kept_wheels
from .vendoring import COMPILED, vendor_common, vendor_compiled

__all__ = [
    "InstalledPlugin",
    "MakeFolder",
    "Missing",
    "code_files",
    "copy_code",
    "lacking",
    "make_plain_folder",
    "remove_all_of",
    "remove_tree",
    "replace_file",
    "replace_folder",
    "same_content",
    "tell_machine",
    "vendor_all",
    "what_helps",
    "workplace",
]

MakeFolder = Callable[[Path], None]
"""Makes a folder with those above it; the installer's own one notes which of them were not there."""

_WORK = ".samelight-new"
_OLD = "old"
_PASSING = ("__pycache__", "*.pyc", ".*", "vendor")


@dataclass(frozen=True)
class InstalledPlugin:
    """What came of an installation.

    editor: the editor that has the plugin now.
    folder: where its code lies.
    missing: the compiled packages that the editor's Python does without, each with the reason.
    state: "new", "upgraded", "repaired" (something of it was missing or damaged) or "unchanged".
    files: every file and folder of ours.
    """

    editor: Editor
    folder: Path
    missing: Mapping[str, str]
    state: str = "new"
    files: Sequence[Path] = field(default=())

    def with_changes(self, changed: bool, files: Sequence[Path]) -> InstalledPlugin:
        """The same with its files; repaired, where something beside the folder had to be changed."""
        state = "repaired" if changed and self.state == "unchanged" else self.state
        return replace(self, state=state, files=tuple(files))

    @property
    def client(self) -> str:
        """How the plugin talks to the daemon: "pyzmq", or "pure Python" where that is not there."""
        return "pure Python" if "pyzmq" in self.missing else "pyzmq"


def make_plain_folder(folder: Path) -> None:
    """Makes a folder with those above it."""
    folder.mkdir(parents=True, exist_ok=True)


def code_files(source: Path) -> List[Path]:
    """The files of a plugin's folder, without what running it left behind."""
    ignored = shutil.ignore_patterns(*_PASSING)
    found: List[Path] = []
    for folder, folders, names in os.walk(source):
        folders[:] = sorted(set(folders) - ignored(folder, folders))
        found += [Path(folder) / name for name in sorted(set(names) - ignored(folder, names))]
    return found


def copy_code(source: Path, target: Path) -> None:
    """Copies a plugin's folder, but not what running it left behind."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(*_PASSING))


def vendor_all(plugin: Path, packages: Iterable[Path], tags: Sequence[Tag], kept: Sequence[Path] = ()) -> Missing:
    """Fills the folder `vendor` of a plugin.

    Args:
        plugin: the folder with its code.
        packages: the folders of samelight_wire, msgpack and platformdirs.
        tags: the interpreters that get compiled packages.
        kept: plugins from which the same compiled packages may be copied, so that they are not fetched again.
    """
    vendor_common(plugin / "vendor", packages)
    missing: Dict[Tag, Mapping[str, str]] = {}
    for tag in tags:
        there = kept_wheels(tag, kept)
        if there is not None:
            shutil.copytree(there, plugin / "vendor" / str(tag), ignore=shutil.ignore_patterns("__pycache__"))
            missing[tag] = {}
        else:
            missing[tag] = dict(vendor_compiled(plugin / "vendor", tag, REQUIREMENTS / "run.lock"))
    return missing


def lacking(missing: Mapping[str, Mapping[str, str]], tags: Sequence[Tag]) -> Mapping[str, str]:
    """Which compiled packages an editor does without; all of them where none is made for its Python.

    Args:
        missing: what could not be had, by the name of the interpreter.
        tags: the interpreters that the editor's Python may be.
    """
    if not tags:
        return dict.fromkeys(COMPILED, "none is published for the editor's Python, or that Python is not known")
    return {name: reason for tag in tags for name, reason in missing.get(str(tag), {}).items()}


def tell_machine(plugin: Path, connection_file: Path, command: Optional[Path]) -> None:
    """Writes what the plugin cannot find out by itself: a sandbox gives other answers than the machine.

    Args:
        plugin: the folder with its code.
        connection_file: where the daemon says how it is reached.
        command: the `samelight` command with which the plugin may start the daemon; None: it may not.
    """
    (plugin / "connection-file.txt").write_text(f"{connection_file.absolute()}\n", encoding="utf-8")
    if command is not None:
        (plugin / "samelight-command.txt").write_text(f"{command.absolute()}\n", encoding="utf-8")


@contextmanager
def workplace(folder: Path, place: Path) -> Iterator[Path]:
    """A folder in which a new plugin is put together, in the same file system as its place.

    What a run that was killed left in there is put right first: a plugin that had been taken from its place and whose
    successor never got there goes back. Afterwards the folder is gone.

    Args:
        folder: where the workplace is made; it has to be there.
        place: the plugin's place.
    """
    work = folder / _WORK
    old = work / _OLD
    if old.is_dir() and not place.exists():
        old.rename(place)
    _clean(folder)
    try:
        yield work
    finally:
        if place.exists() or not old.exists():
            _clean(folder)


def _clean(folder: Path) -> None:
    """Removes the workplace, and those of the first releases, whose names were drawn by chance."""
    for left in folder.glob(".samelight-*"):
        remove_tree(left)


def remove_tree(path: Path) -> None:
    """Removes a file, or a folder with all in it as far as no other program holds it open (on Windows)."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()


def remove_all_of(path: Path) -> None:
    """The same, but what is still there afterwards is an error.

    Raises:
        OSError: it, or something in it, cannot be deleted.
    """
    remove_tree(path)
    if os.path.lexists(path):
        raise PermissionError(errno.EACCES, "not all of it can be deleted", str(path))


def what_helps(editor: Editor, error: OSError) -> str:
    """What a person can do about a file of an editor's that cannot be written or deleted."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Free some space on its disk, and run this again."
    return f"Quit {editor.name}, make {error.filename or editor.data} writable, and run this again."


def replace_folder(new: Path, place: Path, make_folder: MakeFolder) -> None:
    """Moves a folder out of the workplace to its place. What was there is kept until the new one is in its place.

    Raises:
        OSError: it is held open (on Windows), or the folder above cannot be written; what was there is there still.
    """
    old = new.parent / _OLD
    make_folder(place.parent)
    if place.exists() or place.is_symlink():
        place.rename(old)
    try:
        new.rename(place)
    except OSError:
        if old.exists() or old.is_symlink():
            old.rename(place)
        raise


def same_content(source: Path, place: Path) -> bool:
    """Whether a file is there with just this content."""
    return place.is_file() and place.read_bytes() == source.read_bytes()


def replace_file(source: Path, place: Path, make_folder: MakeFolder) -> bool:
    """Copies a file to its place in one step; says whether it was not there yet, byte for byte."""
    temporary = place.with_name(f".{place.name}.samelight")
    remove_tree(temporary)
    if same_content(source, place):
        return False
    make_folder(place.parent)
    temporary.write_bytes(source.read_bytes())
    temporary.replace(place)
    return True
