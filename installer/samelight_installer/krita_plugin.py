"""The plugin for Krita: put together with what it needs, copied to where Krita looks, switched on.

    <resources>/pykrita/samelight_krita.desktop     names the plugin
    <resources>/pykrita/samelight_krita/            its code; vendor/, connection-file.txt and samelight-command.txt
    <resources>/actions/samelight_krita.action      its menu entries and shortcuts
    kritarc, [python], enable_samelight_krita=true  switches it on

Krita's own importer deletes the plugin's folder before it puts in a new one, and so does this one: nothing that
belongs to the user is ever kept in there.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Mapping, Optional, Sequence

from .editors import Editor
from .errors import InstallError
from .places import PLUGINS, REQUIREMENTS
from .settings_file import set_value
from .tags import Tag
from .vendoring import COMPILED, vendor_common, vendor_compiled

__all__ = ["NAME", "InstalledPlugin", "assemble", "install_plugin"]

NAME = "samelight_krita"

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


def install_plugin(
    editor: Editor, packages: Iterable[Path], connection_file: Path, command: Optional[Path]
) -> InstalledPlugin:
    """Puts the plugin into a Krita, in place of an older one; it is there at Krita's next start.

    Args:
        editor: a Krita.
        packages: the folders of samelight_wire, msgpack and platformdirs.
        connection_file: where the daemon says how it is reached.
        command: the `samelight` command with which the plugin may start the daemon; None: it may not.

    Raises:
        InstallError: a folder of Krita's cannot be written.
    """
    try:
        (editor.data / "pykrita").mkdir(parents=True, exist_ok=True)
        # Made beside its place and moved there when it is whole: Krita never meets half a plugin.
        with tempfile.TemporaryDirectory(prefix=".samelight-", dir=editor.data / "pykrita") as temporary:
            new = Path(temporary)
            missing = assemble(new, packages, [editor.tag] if editor.tag else [])
            _tell_machine(new / NAME, connection_file, command)
            _swap(new / NAME, editor.data / "pykrita" / NAME, new / "old")
            _swap(new / f"{NAME}.action", editor.data / "actions" / f"{NAME}.action", new / "old-action")
            _swap(new / f"{NAME}.desktop", editor.data / "pykrita" / f"{NAME}.desktop", new / "old-desktop")
        set_value(editor.config, "python", f"enable_{NAME}", "true")
    except OSError as error:
        raise InstallError(
            f"The plugin cannot be put into Krita: {error.strerror} ({error.filename}).",
            f"Make {editor.data} and {editor.config} writable, and run this again.",
        ) from error
    unknown = "Krita's own Python is not known"
    lacking = missing.get(editor.tag, {}) if editor.tag else dict.fromkeys(COMPILED, unknown)
    return InstalledPlugin(editor, editor.data / "pykrita" / NAME, lacking)


def assemble(target: Path, packages: Iterable[Path], tags: Sequence[Tag]) -> Mapping[Tag, Mapping[str, str]]:
    """Puts the plugin together in a folder: description, code with `vendor`, actions.

    Args:
        target: an existing folder.
        packages: the folders of samelight_wire, msgpack and platformdirs.
        tags: the interpreters that get compiled packages.

    Returns:
        For each interpreter the packages that could not be had, with the reason.
    """
    source = PLUGINS / "krita"
    for name in (f"{NAME}.desktop", f"{NAME}.action"):
        shutil.copyfile(source / name, target / name)
    shutil.copytree(source / NAME, target / NAME, ignore=_PASSING)
    vendor = target / NAME / "vendor"
    vendor_common(vendor, packages)
    return {tag: vendor_compiled(vendor, tag, REQUIREMENTS / "run.lock") for tag in tags}


def _tell_machine(plugin: Path, connection_file: Path, command: Optional[Path]) -> None:
    """Writes what the plugin cannot find out by itself: a sandbox gives other answers than the machine."""
    (plugin / "connection-file.txt").write_text(f"{connection_file.absolute()}\n", encoding="utf-8")
    if command is not None:
        (plugin / "samelight-command.txt").write_text(f"{command.absolute()}\n", encoding="utf-8")


def _swap(new: Path, place: Path, old: Path) -> None:
    """Moves something to its place; what was there goes to `old`, in the same file system."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists() or place.is_symlink():
        place.rename(old)
    new.rename(place)
