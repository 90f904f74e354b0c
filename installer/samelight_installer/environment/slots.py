"""The environment's two places, `a` and `b`: one is in use, in the other its successor is made.

An upgrade is a copy of the environment in use (by hard links: it takes a second and no space), changed and tried out.
Then the record names it instead, in one step, and the old one is deleted when nothing refers to it any more. So there
is a Samelight that works at every moment, however the installation ends. What was begun is gone on with by the next
run. The two names are equally long, and so a copy's scripts can be told their new place byte for byte.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from pathlib import Path
from typing import List, Optional

from ..errors import InstallError
from ..places import user_data
from ..record import change_record, make_folder, read_record
from .environment import STAMP, Environment

__all__ = [
    "Slots",
    "active_environment",
    "copy_environment",
    "environment_folders",
    "environments_home",
    "environments_homes",
    "remove_environments",
    "remove_tree",
]

NAMES = ("a", "b")
LEGACY = ("bin", "include", "lib", "lib64", "share", "Include", "Lib", "Scripts", "pyvenv.cfg", STAMP)
"""What lies in the folder where the environment is not in a place of its own, as in the first releases."""


def environments_home(wanted: Optional[Path] = None) -> Path:
    """The folder of both places: the wanted one, the one in use, or the usual one."""
    recorded = read_record().get("environment", {}).get("home")
    return wanted or (Path(recorded) if recorded else user_data() / "env")


def environments_homes() -> List[Path]:
    """All folders in which environments may be: the usual one, and those that the record names."""
    facts = read_record()
    named = [*facts.get("homes", []), facts.get("environment", {}).get("home")]
    return list(dict.fromkeys([user_data() / "env", *(Path(home) for home in named if home)]))


def active_environment() -> Optional[Environment]:
    """The environment in use; None where the record names none."""
    folder = read_record().get("environment", {}).get("folder")
    return Environment(Path(folder)) if folder else None


class Slots:
    """Both places in a folder.

    home: that folder.

    Raises:
        InstallError: the folder holds something else.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._check_home()
        active = active_environment()
        self.active = active if active is not None and active.folder.parent == home else None

    def next(self) -> Environment:
        """The place where the next environment is made: the one that is not in use."""
        used = self.active.folder.name if self.active else "b"
        return Environment(self.home / NAMES[1 - NAMES.index(used)])

    def begin(self, goal: str) -> Environment:
        """Prepares the next environment: goes on with one that was begun for the same goal, else copies the one in use
        where that works, else leaves an empty place.

        Args:
            goal: what is to be in there, as a fingerprint.

        Raises:
            InstallError: the folder cannot be made.
        """
        self._note()
        place = self.next()
        if place.stamp().get("goal") == goal and place.works():
            place.sweep()
            return place
        remove_tree(place.folder)
        if self.active is not None and self.active.works():
            copy_environment(self.active.folder, place.folder)
            place.write_stamp({**self.active.stamp(), "goal": goal})
        return place

    def commit(self, environment: Environment, **facts: str) -> None:
        """Makes an environment the one in use, in one step, and notes these facts about it."""
        place = {"home": str(self.home), "folder": str(environment.folder), **facts}
        change_record(environment=place)
        self.active = environment

    def clear(self) -> None:
        """Deletes what is not in use any more. What the system does not let go (Windows: a program that still runs) is
        left for the next run.
        """
        keep = self.active.folder.name if self.active else ""
        for name in _ours(self.home):
            if name != keep:
                remove_tree(self.home / name)
        for home in environments_homes():
            if home != self.home:
                _remove_home(home)
        left = [str(home) for home in environments_homes() if home == self.home or environment_folders(home)]
        if read_record().get("homes") != left:
            change_record(homes=left)

    def _note(self) -> None:
        """Makes the folder, and writes down that environments are made here, before one is."""
        known = read_record().get("homes", [])
        if str(self.home) not in known:
            change_record(homes=[*known, str(self.home)])
        try:
            make_folder(self.home)
        except OSError as error:
            raise InstallError(
                f"The folder {self.home} cannot be made: {error.strerror}.", "Choose another one with --env."
            ) from error

    def _check_home(self) -> None:
        try:
            there = {path.name for path in self.home.iterdir()} if self.home.exists() else set()
        except OSError as error:
            raise InstallError(
                f"The folder {self.home} cannot be read: {error.strerror}.", "Choose another one with --env."
            ) from error
        known = self.home in environments_homes()
        strangers = [
            name for name in there if name not in _ours(self.home) or not (known or _is_ours(self.home / name))
        ]
        if strangers:
            raise InstallError(
                f"The folder {self.home} holds something that is not Samelight's environment.",
                "Choose another folder with --env, or empty that one.",
            )


def _is_ours(folder: Path) -> bool:
    """Whether something in a folder that no record knows shows that it is an environment, or nothing at all."""
    if folder.name in LEGACY:
        return True
    marks = any((folder / name).exists() for name in (STAMP, "pyvenv.cfg"))
    return marks or (folder.is_dir() and not any(folder.iterdir()))


def _ours(home: Path) -> List[str]:
    """The names that are ours in a folder of environments; the stamp of the first releases comes last, because it is
    what shows that the others are.
    """
    return [*NAMES, *(name + ".part" for name in NAMES), *(LEGACY if (home / STAMP).exists() else ())]


def copy_environment(source: Path, target: Path) -> None:
    """Copies an environment to a place whose path is as long; files become hard links, but not those that are changed
    in place.
    """
    unfinished = target.with_name(target.name + ".part")
    remove_tree(unfinished)
    old, new = os.fsencode(str(source)), os.fsencode(str(target))
    scripts = "Scripts" if sys.platform == "win32" else "bin"
    for folder, folders, files in os.walk(str(source)):
        here = Path(folder)
        to = unfinished / here.relative_to(source)
        to.mkdir(parents=True)
        for name in list(folders):
            if (here / name).is_symlink():
                folders.remove(name)
                files.append(name)
        for name in files:
            own = here in (source, source / scripts)
            _copy_own(here / name, to / name, old, new) if own else _link(here / name, to / name)
    unfinished.rename(target)


def _copy_own(source: Path, target: Path, old: bytes, new: bytes) -> None:
    """Copies a file that knows its place, and tells it the new one."""
    if source.is_symlink():
        _link(source, target)
        return
    target.write_bytes(source.read_bytes().replace(old, new))
    shutil.copystat(str(source), str(target))


def _link(source: Path, target: Path) -> None:
    if source.is_symlink():
        target.symlink_to(os.readlink(str(source)))  # noqa: PTH115 - Path has it from 3.9 on
        return
    try:
        os.link(str(source), str(target))
    except OSError:  # a file system without hard links
        shutil.copy2(str(source), str(target))


def environment_folders(home: Path) -> List[Path]:
    """What there is of environments in a folder of them."""
    return [home / name for name in _ours(home) if (home / name).exists()]


def remove_environments() -> List[Path]:
    """Removes all environments and their folders, as far as they are ours; gives what was removed.

    Raises:
        InstallError: something of them cannot be deleted; the record keeps it.
    """
    homes = environments_homes()
    removed = [path for home in homes for path in _remove_home(home)]
    left = [path for home in homes for path in environment_folders(home)]
    if left:
        raise InstallError(f"Not all of {left[0]} can be deleted.", "Make what is in there writable, and try again.")
    change_record(environment=None, homes=None)
    return removed


def _remove_home(home: Path) -> List[Path]:
    """Removes our own things from a folder of environments, and the folder itself where it is empty then."""
    removed = [path for path in environment_folders(home) if remove_tree(path)]
    with contextlib.suppress(OSError):
        home.rmdir()
        removed.append(home)
    return removed


def remove_tree(path: Path) -> bool:
    """Deletes a file or folder; whether it was there and is gone now."""
    if path.is_symlink() or path.is_file():
        path.unlink()
        return True
    if not path.exists():
        return False
    shutil.rmtree(str(path), ignore_errors=True)
    return not path.exists()
