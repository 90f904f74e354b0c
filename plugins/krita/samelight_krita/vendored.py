"""Makes `samelight_wire` importable in Krita's Python, which has no pip.

The installer puts copies beside this file:

    vendor/common/   pure Python, for every interpreter: samelight_wire, msgpack without its compiled part, platformdirs
    vendor/TAG/      compiled packages (pyzmq, msgpack) for one interpreter; TAG as `interpreter_tag` says it

Without a folder for this interpreter, or where its packages do not load, the wire speaks with the daemon through its
client in pure Python.
"""

from __future__ import annotations

import platform
import sys
from pathlib import Path

__all__ = ["FOLDER", "interpreter_tag", "prepare", "text_file"]

FOLDER = Path(__file__).resolve().parent
"""The plugin's own folder."""

_SYSTEMS = {"linux": "linux", "win32": "win", "darwin": "macosx"}
_MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def interpreter_tag() -> str:
    """What names this interpreter, such as cp313-linux_x86_64, cp310-win_amd64 or cp313-macosx_arm64."""
    system = _SYSTEMS.get(sys.platform, sys.platform)
    machine = _MACHINES.get(platform.machine().lower(), platform.machine().lower())
    joined = "win_amd64" if (system, machine) == ("win", "x86_64") else f"{system}_{machine}"
    return f"cp{sys.version_info[0]}{sys.version_info[1]}-{joined}"


def prepare() -> None:
    """Put the folders with our copies in front of the module search path, the compiled ones first."""
    for folder in (FOLDER / "vendor" / "common", FOLDER / "vendor" / interpreter_tag()):
        if folder.is_dir() and str(folder) not in sys.path:
            sys.path.insert(0, str(folder))


def text_file(name: str) -> list[str]:
    """The lines of a text file that the installer left in the plugin's folder; none if there is no such file."""
    try:
        lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError):
        return []
    return [line.strip() for line in lines if line.strip()]
