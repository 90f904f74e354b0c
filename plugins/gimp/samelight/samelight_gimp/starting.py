"""Starting the daemon where it does not run and GIMP may start programs: the installer wrote down how."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .places import PLUG_IN, connection_file

__all__ = ["start_daemon"]

ARGUMENTS = ("daemon", "--detach")

# What GIMP or its bundle sets for its own programs; with it, another Python would load the wrong libraries.
BUNDLED = ("PYTHONHOME", "PYTHONPATH", "GI_TYPELIB_PATH")
APPIMAGES = ("LD_LIBRARY_PATH", "LD_PRELOAD", "XDG_DATA_DIRS", "APPDIR", "APPIMAGE", "OWD", "ARGV0")


def start_daemon(plug_in: Path = PLUG_IN) -> subprocess.Popen[bytes] | None:
    """Begin to start the daemon; the process that does it ends with 0 once the daemon answers.

    Returns: None where this GIMP is in a sandbox, nobody wrote down the command, or it does not run.
    """
    command = _command(plug_in)
    if command is None or _is_sandboxed():
        return None
    try:
        return subprocess.Popen(
            [command, *ARGUMENTS],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_environment(plug_in),
            cwd=Path.home(),
            # GIMP's Cancel kills this process and must not hinder what it has begun; on Windows no console pops up.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError:
        return None


def _command(plug_in: Path) -> str | None:
    try:
        return (plug_in / "samelight-command.txt").read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeError):
        return None


def _is_sandboxed() -> bool:
    """Whether GIMP runs in a sandbox (flatpak or snap) that cannot start programs outside of it."""
    return bool(os.environ.get("FLATPAK_ID") or os.environ.get("SNAP")) or Path("/.flatpak-info").exists()


def _environment(plug_in: Path) -> dict[str, str]:
    """GIMP's environment without what belongs to GIMP alone."""
    in_bundle = bool(os.environ.get("APPIMAGE") or os.environ.get("APPDIR")) or sys.platform == "darwin"
    dropped = {*BUNDLED, *(APPIMAGES if in_bundle else ())}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    told = connection_file(plug_in)  # this plug-in looks for the daemon there, so there it has to say where it is
    return {**kept, "SAMELIGHT_CONNECTION_FILE": str(told)} if told else kept
