"""What is there of the plugin in an editor, read from its files; half an installation is told as what it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from samelight_installer.editors import Editor
from samelight_installer.plugin import gimp_plugin, krita_plugin
from samelight_installer.plugin.stamp import is_current, read_stamp
from samelight_installer.settings_file import get_value

__all__ = ["PluginState", "describe_plugin"]


@dataclass(frozen=True)
class PluginState:
    """A plugin in an editor's profile."""

    folder: Path
    """Where its code is, or would be."""
    present: bool
    """Whether there is anything of it."""
    missing: tuple[str, ...]
    """Parts without which the editor does not load it."""
    whole: bool
    """Whether all files are there that were installed, at their sizes."""
    release: str | None
    """Which release of Samelight it is of; None where that cannot be read."""
    connection_file: Path | None
    """Where it looks for the daemon; None where it asks its surroundings."""
    command: Path | None
    """The `samelight` with which it starts the daemon."""


def describe_plugin(editor: Editor) -> PluginState:
    """What is there in this editor's profile."""
    krita = editor.name == "Krita"
    folder = editor.data / ("pykrita" if krita else "plug-ins") / (krita_plugin.NAME if krita else gimp_plugin.NAME)
    missing = _missing_in_krita(editor, folder) if krita else _missing_in_gimp(folder)
    if not (folder / "vendor" / "common" / "samelight_wire").is_dir():
        missing.append("its client")
    stamp = read_stamp(folder)
    return PluginState(
        folder,
        folder.exists(),
        tuple(missing),
        not stamp or is_current(folder, stamp["fingerprint"]),
        _release(folder),
        _path_in(folder / "connection-file.txt"),
        _path_in(folder / "samelight-command.txt"),
    )


def _missing_in_krita(editor: Editor, folder: Path) -> list[str]:
    name = krita_plugin.NAME
    parts = {
        "its code": folder / "__init__.py",
        "its description": folder.with_name(f"{name}.desktop"),
        "its menu entries": editor.data / "actions" / f"{name}.action",
    }
    missing = [part for part, path in parts.items() if not path.exists()]
    enabled = get_value(editor.config, "python", f"enable_{name}")
    return missing if enabled == "true" else [*missing, "the line in kritarc that switches it on"]


def _missing_in_gimp(folder: Path) -> list[str]:
    program = folder / f"{gimp_plugin.NAME}.py"
    if not program.exists():
        return ["its program"]
    return [] if program.stat().st_mode & 0o100 else ["the right to be run as a program"]


def _release(folder: Path) -> str | None:
    try:
        text = (folder / "vendor" / "common" / "samelight_wire" / "release.py").read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        return None
    found = re.search(r'^RELEASE(?::\s*\w+)? = "([^"]+)"', text, re.MULTILINE)
    return found.group(1) if found else None


def _path_in(file: Path) -> Path | None:
    """The path that a text file of the installer's names."""
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError):
        return None
    return Path(text) if text else None
