"""Finds a Python that Samelight can run on; the one that runs the installer may be too old."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from ..errors import InstallError

__all__ = ["NEWEST", "OLDEST", "Interpreter", "find_interpreter", "probe"]

OLDEST = (3, 10)
"""What Samelight and the packages it stands on need."""

NEWEST = (3, 14)
"""The newest one that all pinned packages are built for."""

# Virtual environments need both modules, and Debian ships Python without the second one.
PROBE = """
import json, sys
try:
    import ensurepip, venv
    able = True
except ImportError:
    able = False
print(json.dumps([sys.version_info[0], sys.version_info[1], able, sys._base_executable or sys.executable]))
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python on this machine.

    path: its executable.
    version: major and minor.
    makes_environments: whether it has venv and ensurepip.
    """

    path: Path
    version: tuple[int, int]
    makes_environments: bool

    @property
    def fits(self) -> bool:
        """Whether Samelight can be installed with it."""
        return OLDEST <= self.version <= NEWEST and self.makes_environments


def find_interpreter(candidates: Iterator[str] | None = None) -> Interpreter:
    """The first Python that fits: the running one, or one on the PATH.

    Args:
        candidates: commands to try, in this order; None means the usual ones.

    Raises:
        InstallError: there is none; the hint names what to install.
    """
    seen = []
    for command in candidates if candidates is not None else _usual_candidates():
        found = probe(command)
        if found is not None and found.fits:
            return found
        if found is not None:
            seen.append(found)
    raise _explanation(seen)


def probe(command: str) -> Interpreter | None:
    """What a Python command is; None where it is no working Python."""
    try:
        answer = subprocess.run(
            [command, "-I", "-c", PROBE],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
            stdin=subprocess.DEVNULL,
        )
        major, minor, able, path = json.loads(answer.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return Interpreter(Path(path), (major, minor), able)


def _usual_candidates() -> Iterator[str]:
    yield sys.executable
    names = [f"python3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    # The well-tried versions come first, then whatever "python3" is.
    for name in ["python3.12", "python3.13", "python3.11", *names, "python3", "python"]:
        path = shutil.which(name)
        if path is not None:
            yield path


def _explanation(seen: list[Interpreter]) -> InstallError:
    """Why none of these will do."""
    oldest, newest = (".".join(map(str, version)) for version in (OLDEST, NEWEST))
    for found in seen:
        if OLDEST <= found.version <= NEWEST:
            name = f"python3.{found.version[1]}"
            return InstallError(
                f"{found.path} cannot make virtual environments.",
                f"Install the rest of it (on Debian and Ubuntu: sudo apt install {name}-venv) and run this again.",
            )
    there = ", ".join(sorted({".".join(map(str, found.version)) for found in seen})) or "none"
    return InstallError(
        f"Samelight needs Python {oldest} to {newest}, and this machine has {there}.",
        "Install one of them and run this again.",
    )
