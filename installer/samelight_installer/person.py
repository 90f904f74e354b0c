"""For whom it is installed: refuses where that would be nobody, or somebody else than the person wants."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Mapping

from .errors import InstallError

__all__ = ["check_person"]


def check_person(variables: Mapping[str, str] = os.environ) -> None:
    """Looks whose home folder it is that all will go into.

    Args:
        variables: the person's environment variables.

    Raises:
        InstallError: there is no home folder, or it is not that of the person who runs this.
    """
    home = _home(variables)
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    caller = variables.get("SUDO_USER", "root")
    if root and (caller != "root" or home.stat().st_uid != 0):
        whose = "root" if home.stat().st_uid == 0 else "root in somebody else's home folder"
        raise InstallError(
            f"With root's rights Samelight would be installed for {whose} ({home}).",
            "Run this without sudo, as the person who paints: nothing here needs an administrator's rights.",
        )


def _home(variables: Mapping[str, str]) -> Path:
    try:
        home = Path.home()
    except RuntimeError:  # neither a variable nor the system's list of users names one
        home = Path()
    named = os.name != "posix" or variables.get("HOME", "/") != ""
    if not named or not home.is_absolute() or not home.is_dir():
        raise InstallError(f"There is no home folder {home if named else ''}".rstrip() + ".", "Set HOME to yours.")
    return home
