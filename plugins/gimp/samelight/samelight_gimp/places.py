"""Where the plug-in finds what it stands on: its vendored packages, and the daemon's connection file.

The installer puts beside this package

    vendor/common/          pure Python: samelight_wire, msgpack, platformdirs
    vendor/<tag>/           compiled packages for one Python, such as cp313-linux_x86_64: pyzmq, msgpack
    connection-file.txt     the absolute path of the daemon's connection file
    samelight-command.txt   the command that starts the daemon, see starting.py

Any of them may be missing: without compiled packages the client in pure Python serves.
"""

from __future__ import annotations

import os
import platform
import sys
import sysconfig
from pathlib import Path

__all__ = ["connection_file", "use_vendored"]

PLUG_IN = Path(__file__).resolve().parents[1]

_SYSTEMS = {"linux": "linux", "win32": "win", "darwin": "macosx"}
_MACHINES = {"amd64": "x86_64", "x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def use_vendored(plug_in: Path = PLUG_IN) -> None:
    """Let imports find the vendored packages, those compiled for this Python first."""
    folders = [plug_in / "vendor" / name for name in (_tag(), "common") if name]
    sys.path[:0] = [str(folder) for folder in folders if folder.is_dir() and str(folder) not in sys.path]
    try:
        import zmq  # noqa: F401
    except ImportError:
        pass  # samelight_wire does without
    except Exception:  # a library that is there but cannot be loaded fails in ways of its own
        os.environ["SAMELIGHT_PURE_PYTHON_ZMTP"] = "1"


def _tag() -> str | None:
    """The name of the folder with packages compiled for this Python; None where the usual ones cannot be loaded.

    GIMP for Windows carries a Python built with MinGW, for which nobody publishes packages.
    """
    system, machine = _SYSTEMS.get(sys.platform), _MACHINES.get(platform.machine().lower())
    if system is None or machine is None or "mingw" in sysconfig.get_platform():
        return None
    if (system, machine) == ("win", "x86_64"):
        machine = "amd64"
    return f"cp{sys.version_info[0]}{sys.version_info[1]}-{system}_{machine}"


def connection_file(plug_in: Path = PLUG_IN) -> Path | None:
    """The daemon's connection file: what the environment says, else what the installer wrote down.

    Returns: None where neither says anything; samelight_wire knows the usual place.
    """
    if os.environ.get("SAMELIGHT_CONNECTION_FILE"):
        return None  # samelight_wire reads the variable itself
    try:
        written = (plug_in / "connection-file.txt").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    return Path(written) if written else None
