"""The `samelight` command where a shell finds it: a link in the user's own folder of commands; on Windows, which has no
such folder, a small script among the user's data, so that its path stays the same through upgrades.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Optional

from .places import user_data
from .record import change_record, make_folder, read_record

__all__ = ["command_path", "link_command", "on_path", "remove_command"]


def command_path() -> Path:
    """Where the command is put."""
    if sys.platform == "win32":
        return user_data() / "bin" / "samelight.cmd"
    return Path.home() / ".local" / "bin" / "samelight"


def link_command(target: Path) -> Optional[Path]:
    """Puts the command where it belongs, or leaves things as they are.

    Gives its path, or None where another program (or another Samelight) has that name already, or the folder cannot be
    written.
    """
    place = command_path()
    if _leads_to(place, target):
        return place
    if not _may_be_replaced(place, target):
        return None
    try:
        make_folder(place.parent)
        change_record(command=str(place))
        _put(place, target)
    except OSError:
        return None
    return place


def _leads_to(place: Path, target: Path) -> bool:
    """Whether the command is there and starts the target."""
    if sys.platform == "win32":
        return place.exists() and place.read_text(encoding="utf-8") == _script(target)
    return place.is_symlink() and Path(os.readlink(str(place))) == target  # noqa: PTH115 - Path has it from 3.9 on


def _may_be_replaced(place: Path, target: Path) -> bool:
    """Whether the place is free, ours, or holds a link to a Samelight that is gone."""
    if not place.is_symlink() and not place.exists():
        return True
    if read_record().get("command") == str(place) and (place.is_symlink() or sys.platform == "win32"):
        return place.resolve().name in (target.name, place.name)
    return place.is_symlink() and not place.exists() and place.resolve().name == target.name


def _put(place: Path, target: Path) -> None:
    """Makes the command, in one step."""
    part = _part_path(place)
    _discard(part)
    if sys.platform == "win32":
        part.write_text(_script(target), encoding="utf-8")
    else:
        part.symlink_to(target)
    part.replace(place)


def _part_path(place: Path) -> Path:
    """Where the command is made before it takes its place. One name: what a kill leaves is written over."""
    return place.with_name(f".{place.name}.part")


def _discard(path: Path) -> bool:
    """Deletes a file or link; whether it was there."""
    try:
        path.unlink()
    except OSError:
        return False
    return True


def _script(target: Path) -> str:
    """The text of the command on Windows. It is read in the console's own letters, which a user's name may not be in:
    what can be is said from the script's folder on (%~dp0).
    """
    try:
        words = "%~dp0..\\" + str(target.relative_to(user_data())).replace("/", "\\")
    except ValueError:  # the environment was put elsewhere
        words = str(target)
    letters = "" if words.isascii() else "@chcp 65001 >nul\n"
    return f'{letters}@"{words}" %*\n'


def remove_command() -> Optional[Path]:
    """Removes the command if it is ours; gives what was removed."""
    recorded = read_record().get("command")
    change_record(command=None)
    if not recorded:
        return None
    place = Path(recorded)
    _discard(_part_path(place))
    ours = place.is_symlink() or place.suffix == ".cmd"
    return place if ours and _discard(place) else None


def on_path(command: Path) -> bool:
    """Whether a shell looks for commands in this command's folder."""
    return str(command.parent) in os.environ.get("PATH", "").split(os.pathsep)
