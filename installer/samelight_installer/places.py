"""Where things are and where they go."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["CHECKOUT", "PLUGINS", "REQUIREMENTS", "user_data"]

CHECKOUT = Path(__file__).resolve().parents[2]
"""The source tree that this installer belongs to."""

_PACKAGE = Path(__file__).resolve().parent

REQUIREMENTS = next(
    folder / "requirements"
    for folder in (_PACKAGE.parent, _PACKAGE)
    if (folder / "requirements" / "run.lock").exists() or folder == _PACKAGE
)
"""The lock files: beside this package in the source tree, inside it when installed from a wheel."""

PLUGINS = _PACKAGE / "plugins" if (_PACKAGE / "plugins").is_dir() else CHECKOUT / "plugins"
"""The editors' plugins: inside this package when installed from a wheel."""


def user_data() -> Path:
    """Samelight's folder among the user's data: the same one that the daemon gets from platformdirs."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
        return Path(base) / "samelight"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "samelight"
    base = os.environ.get("XDG_DATA_HOME", "").strip() or str(Path.home() / ".local" / "share")
    return Path(base) / "samelight"
