"""The settings file, and whether the running daemon has read it as it is now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from samelight.cli.checks.check import Check, ok
from samelight.settings import Settings, load_settings, settings_path
from samelight_wire.endpoint import connection_path
from samelight_wire.errors import InvalidOptionError
from samelight_wire.messages import StatusReply

__all__ = ["RESTART", "check_settings", "describe_unread_settings", "usable_settings"]

RESTART = "Restart it: `samelight daemon stop`, then `samelight daemon --detach`."


def check_settings() -> Iterator[Check]:
    """Reading them names every mistake in the file."""
    load_settings()
    path = settings_path()
    yield ok("settings", str(path) if path.exists() else f"defaults ({path} does not exist)")


def usable_settings() -> Settings:
    """The settings, or the defaults where the file is wrong: that is told once, and the other checks go on."""
    try:
        return load_settings()
    except InvalidOptionError:
        return Settings()


def describe_unread_settings(status: StatusReply) -> str | None:
    """What the running daemon does not have of the settings on disk, in a sentence; None where nothing is known of it.

    The daemon reads them at its start only, and tells of no other than the default network. A file that cannot be used
    is told of elsewhere.
    """
    path = settings_path()
    try:
        wanted = load_settings().default_model
    except InvalidOptionError:
        return None
    if wanted != status.default_model:
        says = f"{path} says" if path.exists() else f"without {path} it is"
        return f'the daemon runs with default_model = "{status.default_model}", but {says} "{wanted}"'
    if _is_newer(path, connection_path()):
        return f"{path} was changed after the daemon's start, and is read at its start only"
    return None


def _is_newer(path: Path, other: Path) -> bool:
    """Whether a file was written after another; False where one of them is not there."""
    try:
        return path.stat().st_mtime > other.stat().st_mtime
    except OSError:
        return False
