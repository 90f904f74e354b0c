"""Where things are and where they go."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["CHECKOUT", "REQUIREMENTS", "user_data"]

CHECKOUT = Path(__file__).resolve().parents[2]
"""The source tree that this installer belongs to."""

REQUIREMENTS = CHECKOUT / "installer" / "requirements"
"""The lock files."""


def user_data() -> Path:
    """Samelight's folder among the user's data: the same one that the daemon gets from platformdirs."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
        return Path(base) / "samelight"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "samelight"
    base = os.environ.get("XDG_DATA_HOME", "").strip() or str(Path.home() / ".local" / "share")
    return Path(base) / "samelight"
