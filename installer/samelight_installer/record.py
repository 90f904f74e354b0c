"""What was put onto this machine, so that it can be found, repaired and taken away again: one JSON file.

    environment   {"home": folder of the environments, "folder": the one in use, "torch": which build of torch}
    homes         all folders in which environments were made, or begun
    command       the `samelight` command that was put where a shell finds it
    login         {"wanted": whether the daemon starts at login, "kind": how, "files": [...]}
    plugins       [{"editor", "kind", "folder", "files", "settings"}, ...]
    folders       folders that were not there before, each before what lies in it
    finished      what the last run that got to its end had installed

Every part may be missing. A part is written before the thing itself is made: an installation that is killed leaves
nothing behind that this file does not know.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any, Dict, Iterator, List

from .errors import InstallError
from .places import user_data

__all__ = [
    "change_record",
    "forget_record",
    "lock_path",
    "make_folder",
    "read_record",
    "record_path",
    "remove_empty_folders",
]

FORMAT = 1

KINDS: Dict[str, type] = {
    "environment": dict,
    "homes": list,
    "command": str,
    "login": dict,
    "plugins": list,
    "folders": list,
    "finished": str,
}
PLUGIN = ("editor", "kind", "data", "config")
"""What each part is; one that is something else counts as not there."""


def record_path() -> Path:
    """The file, among the user's data."""
    return user_data() / "installed.json"


def lock_path() -> Path:
    """The file on which an installation in progress holds a lock."""
    return user_data() / "installer.lock"


def read_record() -> Dict[str, Any]:
    """What the file says; empty where there is none or it is damaged."""
    try:
        content = json.loads(record_path().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return _sound(content) if isinstance(content, dict) and content.get("format") == FORMAT else {}


def _sound(content: Dict[str, Any]) -> Dict[str, Any]:
    """Without what nobody of us wrote: a part of another kind, a path that is no text."""
    parts: Dict[str, Any] = {
        name: value for name, value in content.items() if isinstance(value, KINDS.get(name, object))
    }
    if "environment" in parts:
        parts["environment"] = {name: value for name, value in parts["environment"].items() if isinstance(value, str)}
    if "files" in parts.get("login", {}):
        parts["login"] = {**parts["login"], "files": _texts(parts["login"]["files"])}
    for name in {"folders", "homes"} & set(parts):
        parts[name] = _texts(parts[name])
    if "plugins" in parts:
        parts["plugins"] = [entry for entry in parts["plugins"] if _is_plugin(entry)]
    return parts


def _texts(values: Any) -> List[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _is_plugin(entry: Any) -> bool:
    named = isinstance(entry, dict) and all(isinstance(entry.get(name), str) for name in PLUGIN)
    return named and isinstance(entry.get("private", ""), (str, type(None)))


def change_record(**parts: Any) -> None:
    """Replaces these parts, and removes those that are None, in one step.

    Raises:
        InstallError: the file cannot be written.
    """
    # The folder of the file itself may be new too; it is noted with the first part that is written.
    missing = [] if record_path().parent.exists() else list(_missing(record_path().parent))
    content = {**read_record(), **parts}
    if missing:
        content["folders"] = list(dict.fromkeys([*map(str, missing), *content.get("folders", [])]))
    kept = {name: value for name, value in content.items() if value is not None}
    _write(json.dumps({**kept, "format": FORMAT}, indent=2) + "\n")


def make_folder(folder: Path) -> None:
    """Makes a folder with those above it, and notes which of them were not there.

    Raises:
        OSError: it cannot be made.
        InstallError: the record cannot be written.
    """
    missing = [str(each) for each in _missing(folder)]
    known = read_record().get("folders", [])
    if set(missing) - set(known):
        change_record(folders=known + [each for each in missing if each not in known])
    folder.mkdir(parents=True, exist_ok=True)


def _missing(folder: Path) -> Iterator[Path]:
    """The folder and those above it that do not exist, from the outermost."""
    return reversed([each for each in (folder, *folder.parents) if not each.exists()])


def remove_empty_folders() -> List[Path]:
    """Removes those folders of ours that are empty; gives what was removed."""
    removed = []
    for folder in map(Path, reversed(read_record().get("folders", []))):
        with contextlib.suppress(OSError):  # not empty: somebody else uses it by now
            folder.rmdir()
            removed.append(folder)
    return removed


def forget_record() -> None:
    """Removes the file and the installer's lock, and their folder with those above it where they were ours and are
    empty: the last thing that an uninstallation does.
    """
    folders = list(map(Path, read_record().get("folders", [])))
    for path in (record_path(), _part_path(), lock_path()):
        with contextlib.suppress(OSError):
            path.unlink()
    for folder in reversed(folders):
        with contextlib.suppress(OSError):
            folder.rmdir()


def _part_path() -> Path:
    """Where the file is written before it takes its place. One name: what a kill leaves is written over."""
    return record_path().with_name("installed.json.part")


def _write(text: str) -> None:
    path, part = record_path(), _part_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(str(part), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        part.replace(path)
    except OSError as error:
        raise InstallError(
            f"The file {path} cannot be written: {error.strerror}.", "Make its folder writable, and run this again."
        ) from error
