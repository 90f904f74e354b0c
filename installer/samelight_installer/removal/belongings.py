"""What Samelight keeps in the user's folders while it is used: which files there are its own.

    data     run/ (connection file, its lock), sample/, weights/, the record and the lock of the installation
    config   config.toml
    cache    costs.json
    log      daemon.log and older ones

Whatever else lies there was put there by the person: it stays, and so do weights that the person trained.
"""

from __future__ import annotations

import glob
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Collection, Iterator, List, Set, Tuple

from ..places import user_data
from ..record import change_record, read_record

__all__ = [
    "Belongings",
    "connection_file",
    "note_user_folders",
    "strangers",
    "user_cache",
    "user_folders",
    "user_log",
    "user_settings",
    "user_weights",
]


@dataclass(frozen=True)
class Belongings:
    """Files of one sort.

    kind: "sample", "connection", "log", "cache", "settings", "weights" or "own weights".
    text: what it is, for the person.
    files: those that are there.
    """

    kind: str
    text: str
    files: Tuple[Path, ...]

    @classmethod
    def find(cls) -> List[Belongings]:
        """All sorts of which there is something."""
        run = connection_file()
        settings = user_settings()
        sorts = [
            cls("connection", "the daemon's connection file", _matching(run.parent, *_connection_patterns(run.name))),
            cls("sample", "the sample picture", _matching(user_data() / "sample", *SAMPLE)),
            cls("log", "the daemon's log", _matching(user_log(), "daemon.log*", "login.log*")),
            cls("cache", "notes for later", _matching(user_cache(), "costs.json*")),
            cls("settings", "your settings", (settings,) if settings.is_file() else ()),
            cls("weights", "downloaded weights", _matching(user_weights(), *DOWNLOADED)),
            cls("own weights", "weights that you trained", tuple(_trained(user_weights()))),
        ]
        return [sort for sort in sorts if sort.files]


SAMPLE = ("before-after.png", "harmonized.png")

# As they were published: the kind and six digits of the hash. Other models of that sort are the person's.
_PUBLISHED = "sam_vit_[bhl]_" + 6 * "[0-9a-f]" + ".pth"
DOWNLOADED = (_PUBLISHED, _PUBLISHED + ".*", "checked.json*")


def _connection_patterns(name: str) -> List[str]:
    """The connection file, its lock, the list of its copies, and what a kill left half written; nothing else in that
    folder, which a variable may have named.
    """
    exact = glob.escape(name)
    return [exact, f"{exact}.lock", f"{exact}.copies", f".{exact}.*"]


def connection_file() -> Path:
    """Where the daemon says how it is reached."""
    given = os.environ.get("SAMELIGHT_CONNECTION_FILE")
    return Path(given) if given else user_data() / "run" / "connection.json"


def user_settings() -> Path:
    """The settings file."""
    given = os.environ.get("SAMELIGHT_CONFIG")
    if given:
        return Path(given)
    return (user_data() if sys.platform in ("win32", "darwin") else _xdg("CONFIG", ".config")) / "config.toml"


def user_weights() -> Path:
    """The folder of the user's own weights."""
    given = os.environ.get("SAMELIGHT_WEIGHTS")
    return Path(given) if given else user_data() / "weights"


def user_cache() -> Path:
    """The folder for what can be computed again."""
    if sys.platform == "win32":
        return user_data() / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "samelight"
    return _xdg("CACHE", ".cache")


def user_log() -> Path:
    """The folder of the daemon's log."""
    if sys.platform == "win32":
        return user_data() / "Logs"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Logs" / "samelight"
    return _xdg("STATE", ".local/state") / "log"


def _xdg(kind: str, usual: str) -> Path:
    given = os.environ.get(f"XDG_{kind}_HOME", "").strip()
    return (Path(given) if given else Path.home() / usual) / "samelight"


def user_folders() -> List[Path]:
    """Samelight's own folders, the innermost first; they are removed where they are empty. A folder that somebody named
    by a variable is theirs.
    """
    data = user_data()
    usual = {
        "SAMELIGHT_CONNECTION_FILE": connection_file().parent,
        "SAMELIGHT_WEIGHTS": user_weights(),
        "SAMELIGHT_CONFIG": user_settings().parent,
    }
    own = [folder for variable, folder in usual.items() if not os.environ.get(variable)]
    own += [data / "sample", user_log(), user_cache()]
    own += [folder.parent for folder in own if folder.parent.name == "samelight"]  # the log lies one folder deeper
    return sorted({*own, data}, key=lambda folder: (-len(folder.parts), str(folder)))


def strangers(ours: Collection[Path]) -> List[Path]:
    """What else lies in Samelight's folders: the person put it there.

    Args:
        ours: files and folders that are told of otherwise, each with all that is in it.
    """
    found: Set[Path] = set()
    for start in user_folders():
        for folder, folders, names in os.walk(str(start)):  # which goes through no link
            inner = [Path(folder, name) for name in folders if Path(folder, name) not in ours]
            folders[:] = [path.name for path in inner]
            found.update(path for path in inner if path.is_symlink())
            found.update(path for path in (Path(folder, name) for name in names) if path not in ours)
    return sorted(found)


def note_user_folders() -> None:
    """Writes into the record which of the folders that the daemon and the commands make are not there yet, so that an
    uninstallation knows which of them, and of those above them, were not there before.

    Raises:
        InstallError: the record cannot be written.
    """
    wanted = [connection_file().parent, user_weights(), user_log(), user_cache(), user_settings().parent]
    missing = [str(each) for folder in wanted for each in reversed((folder, *folder.parents)) if not each.exists()]
    known = read_record().get("folders", [])
    if set(missing) - set(known):
        change_record(folders=list(dict.fromkeys([*known, *missing])))


def _matching(folder: Path, *patterns: str) -> Tuple[Path, ...]:
    found = {path for pattern in patterns for path in folder.glob(pattern) if path.is_symlink() or not path.is_dir()}
    return tuple(sorted(found))


def _trained(folder: Path) -> Iterator[Path]:
    """The weights of networks that a manifest lists, with card and loss curve, and the manifest itself."""
    manifest = folder / "manifest.json"
    try:
        entries = json.loads(manifest.read_text(encoding="utf-8"))
        names = [name for entry in entries.values() for name in (entry["file"], entry["card"])]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return
    curves = [f"{Path(name).stem}-loss.png" for name in names]
    for name in dict.fromkeys([*names, *curves]):
        path = folder / Path(name).name
        if path.is_file():
            yield path
    yield manifest
