"""What the plugins of all editors have in common when they are put together and moved to their place."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Mapping, Optional, Sequence

from .editors import Editor
from .places import REQUIREMENTS
from .tags import Tag
from .vendoring import COMPILED, vendor_common, vendor_compiled

__all__ = ["InstalledPlugin", "Missing", "copy_code", "lacking", "swap", "tell_machine", "vendor_all"]

Missing = Mapping[Tag, Mapping[str, str]]
"""For each interpreter the compiled packages that could not be had, with the reason."""

_PASSING = shutil.ignore_patterns("__pycache__", "*.pyc", ".*", "vendor")


@dataclass(frozen=True)
class InstalledPlugin:
    """What came of an installation.

    editor: the editor that has the plugin now.
    folder: where its code lies.
    missing: the compiled packages that the editor's Python does without, each with the reason.
    """

    editor: Editor
    folder: Path
    missing: Mapping[str, str]

    @property
    def client(self) -> str:
        """How the plugin talks to the daemon: "pyzmq", or "pure Python" where that is not there."""
        return "pure Python" if "pyzmq" in self.missing else "pyzmq"


def copy_code(source: Path, target: Path) -> None:
    """Copies a plugin's folder, but not what running it left behind."""
    shutil.copytree(source, target, ignore=_PASSING)


def vendor_all(plugin: Path, packages: Iterable[Path], tags: Sequence[Tag]) -> Missing:
    """Fills the folder `vendor` of a plugin.

    Args:
        plugin: the folder with its code.
        packages: the folders of samelight_wire, msgpack and platformdirs.
        tags: the interpreters that get compiled packages.
    """
    vendor_common(plugin / "vendor", packages)
    return {tag: vendor_compiled(plugin / "vendor", tag, REQUIREMENTS / "run.lock") for tag in tags}


def lacking(missing: Missing, tag: Optional[Tag]) -> Mapping[str, str]:
    """Which compiled packages an editor does without; all of them where its Python is not known."""
    return missing.get(tag, {}) if tag else dict.fromkeys(COMPILED, "the editor's Python is not known")


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


def swap(new: Path, place: Path, old: Path) -> None:
    """Moves something to its place; what was there goes to `old`, in the same file system."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists() or place.is_symlink():
        place.rename(old)
    new.rename(place)
