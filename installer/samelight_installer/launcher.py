"""The `samelight` command where a shell finds it: a link in the user's own folder of commands."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Optional

__all__ = ["link_command", "on_path"]


def link_command(target: Path) -> Optional[Path]:
    """Links ~/.local/bin/samelight to the environment's command, or leaves things as they are.

    Gives the link, or None: on Windows, which has no such folder, and where another program (or another Samelight's
    environment that still exists) has that name already.
    """
    if sys.platform == "win32":
        return None
    link = Path.home() / ".local" / "bin" / target.name
    if link.is_symlink() and link.resolve() == target.resolve():
        return link
    if link.exists() or (link.is_symlink() and link.resolve().name != target.name):
        return None
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        if link.is_symlink():  # of an environment that is gone
            link.unlink()
        link.symlink_to(target)
    except OSError:
        return None
    return link


def on_path(command: Path) -> bool:
    """Whether a shell looks for commands in this command's folder."""
    return str(command.parent) in os.environ.get("PATH", "").split(os.pathsep)
