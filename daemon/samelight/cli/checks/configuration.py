"""The settings file."""

from __future__ import annotations

from collections.abc import Iterator

from samelight.cli.checks.check import Check, ok
from samelight.settings import Settings, load_settings, settings_path
from samelight_wire.errors import InvalidOptionError

__all__ = ["check_settings", "usable_settings"]


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
