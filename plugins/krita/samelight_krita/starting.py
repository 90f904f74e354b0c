"""Starting the daemon from within Krita, where Krita may start programs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from samelight_wire.errors import ConnectionFailed

from .qt import QProcess, QProcessEnvironment
from .vendored import text_file

__all__ = ["is_sandboxed", "start_daemon"]

ARGUMENTS = ["daemon", "--detach"]

# What an AppImage sets for its own programs; others would load the wrong libraries by it.
BUNDLED = ("LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "QT_PLUGIN_PATH", "QML2_IMPORT_PATH", "APPDIR", "APPIMAGE")


def is_sandboxed() -> bool:
    """Whether Krita runs in a sandbox (flatpak or snap) that cannot start programs outside of it."""
    return bool(os.environ.get("FLATPAK_ID") or os.environ.get("SNAP")) or Path("/.flatpak-info").exists()


def start_daemon() -> None:
    """Start the daemon in the background, without waiting for it.

    Raises:
        ConnectionFailed: this Krita cannot start programs, or the command is not found.
    """
    if is_sandboxed():
        raise ConnectionFailed(
            "This Krita runs in a sandbox and cannot start the daemon itself.",
            "Open a terminal and run: samelight daemon --detach",
        )
    command = _command()
    process = QProcess()
    process.setProgram(command[0])
    process.setArguments([*command[1:], *ARGUMENTS])
    process.setProcessEnvironment(_environment())
    process.setStandardOutputFile(QProcess.nullDevice())
    process.setStandardErrorFile(QProcess.nullDevice())
    started = process.startDetached()
    if not (started[0] if isinstance(started, tuple) else started):
        raise ConnectionFailed(
            f"The daemon could not be started: “{command[0]}” does not run.",
            "Run the installer again (python3 installer).",
        )


def _command() -> list[str]:
    """What starts Samelight's command line; the installer wrote it down. Raises ConnectionFailed if there is none."""
    command = text_file("samelight-command.txt") or [name for name in [shutil.which("samelight")] if name]
    if not command:
        raise ConnectionFailed(
            "The command “samelight” was not found, so the daemon cannot be started from here.",
            "Run the installer again (python3 installer), or open a terminal and run: samelight daemon --detach",
        )
    return command


def _environment() -> QProcessEnvironment:
    """Krita's environment without what belongs to Krita's bundle alone."""
    environment = QProcessEnvironment.systemEnvironment()
    if environment.contains("APPIMAGE") or environment.contains("APPDIR"):
        for name in BUNDLED:
            environment.remove(name)
    return environment
