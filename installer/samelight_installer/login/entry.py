"""Puts the start at login where the system looks for it, says what is there, takes it away."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Optional

from ..errors import InstallError
from ..record import change_record, make_folder, read_record
from . import autostart, launchd, systemd, task
from .account import Account, Start

__all__ = ["LoginEntry", "login_entry", "login_files", "login_kind", "put_login_entry", "remove_login_entry"]

# In this order: the first one that a system has is taken.
BY_FILE: Any = {"launchd": launchd, "systemd": systemd, "autostart": autostart}
"""The ways that are files; the fourth one, Windows' scheduler, has to be asked."""


@dataclass(frozen=True)
class LoginEntry:
    """What starts the daemon at login.

    kind: "systemd", "autostart", "launchd" or "task".
    path: its file; None for Windows, which keeps it elsewhere.
    program: what it starts.
    works: whether that program is there.
    changed: whether it was written just now.
    problem: what went wrong when the system was told about it, or "".
    """

    kind: str
    path: Optional[Path]
    program: str
    works: bool = True
    changed: bool = False
    problem: str = ""


def login_kind(account: Optional[Account] = None) -> str:
    """The way in which the daemon starts at login on this system."""
    there = account or Account()
    if task.available(there):
        return "task"
    return next(str(name) for name, kind in BY_FILE.items() if kind.available(there))


def put_login_entry(start: Start, account: Optional[Account] = None) -> LoginEntry:
    """Makes the daemon start at login; an older entry is replaced, one that is as it should be is left alone.

    Raises:
        InstallError: the entry cannot be written.
    """
    there = account or Account()
    kind = login_kind(there)
    if kind == "task":
        return _put_task(start, there)
    module = BY_FILE[kind]
    wanted = launchd.render(start, there.home) if kind == "launchd" else module.render(start)
    paths = module.files(there)
    _note(kind, paths)
    for other, obsolete in BY_FILE.items():  # systemd may run for the user by now, or no longer
        if other != kind:
            _remove_files(obsolete.files(there))
    same = paths[0].exists() and paths[0].read_bytes() == wanted and all(path.is_symlink() for path in paths[1:])
    problem = ""
    if not same:
        try:
            for path in paths:
                make_folder(path.parent)
            _replace(paths[0], wanted)
            problem = module.switch_on(there)
        except OSError as error:
            raise InstallError(
                f"The start at login cannot be written: {error.strerror} ({error.filename}).",
                f"Make {paths[0].parent} writable, or leave it out with --no-login.",
            ) from error
    return LoginEntry(kind, paths[0], str(start.program), start.program.exists(), not same, problem)


def _put_task(start: Start, account: Account) -> LoginEntry:
    _note("task", [])
    if task.find(account) == str(start.program):
        return LoginEntry("task", None, str(start.program), start.program.exists())
    problem = task.put(account, start)
    if problem:
        raise InstallError(f"The start at login cannot be set up: {problem}.", "Leave it out with --no-login.")
    return LoginEntry("task", None, str(start.program), start.program.exists(), changed=True)


def _note(kind: str, paths: List[Path]) -> None:
    """Writes into the record what is about to be made."""
    wanted = {"wanted": True, "kind": kind, "files": [str(path) for path in paths]}
    if read_record().get("login") != wanted:
        change_record(login=wanted)


def login_entry(account: Optional[Account] = None) -> Optional[LoginEntry]:
    """What starts the daemon at login now; None where nothing does."""
    there = account or Account()
    if task.available(there):
        found = task.find(there)
        return None if found is None else LoginEntry("task", None, found, Path(found).exists())
    for name, kind in BY_FILE.items():
        paths = kind.files(there)
        if all(path.is_file() for path in paths):
            started = kind.program(paths[0].read_bytes())
            return LoginEntry(name, paths[0], started, bool(started) and Path(started).exists())
    return None


def login_files(account: Optional[Account] = None) -> List[Path]:
    """The files of the start at login that are there, of whatever kind; what ``remove_login_entry`` would remove."""
    there = account or Account()
    paths = [path for kind in BY_FILE.values() for path in kind.files(there)]
    return [path for path in paths if path.is_symlink() or path.exists()]


def remove_login_entry(account: Optional[Account] = None, *, wanted: Optional[bool] = None) -> List[Path]:
    """Takes the start at login away, whatever way it was; a daemon that runs goes on, but for launchd's.

    Args:
        account: whose it is.
        wanted: what the record says afterwards about whether there should be one; None: nothing.

    Returns:
        The files that were removed.
    """
    there = account or Account()
    removed: List[Path] = []
    if task.available(there):
        task.remove(there)
    else:
        for kind in BY_FILE.values():
            gone = _remove_files(kind.files(there))
            if gone:
                kind.switch_off(there)
            removed += gone
    change_record(login=None if wanted is None else {"wanted": wanted})
    return removed


def _remove_files(paths: List[Path]) -> List[Path]:
    removed = []
    for path in [*map(_part_path, paths), *reversed(paths)]:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
            removed.append(path)
    return [path for path in removed if path in paths]


def _part_path(path: Path) -> Path:
    """Where a file is written before it takes its place. One name: what a kill leaves is written over."""
    return path.with_name(f".{path.name}.part")


def _replace(path: Path, content: bytes) -> None:
    """Writes a file in one step."""
    part = _part_path(path)
    part.write_bytes(content)
    part.replace(path)
