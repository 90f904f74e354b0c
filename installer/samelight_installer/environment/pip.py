"""Runs an environment's pip and tells what it is at."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections import deque
from pathlib import Path
from typing import Callable, Deque, Dict, List, Optional, Sequence

from ..errors import InstallError
from ..one_at_a_time import held_descriptors
from .environment import Environment

__all__ = ["Progress", "pip_variables", "run_pip"]

# No cache of pip's own: it would keep gigabytes that nobody asked for, and outlive an uninstallation.
OPTIONS = ("--no-input", "--disable-pip-version-check", "--no-cache-dir", "--retries", "5", "--timeout", "60")
RESUMING = {"PIP_RESUME_RETRIES": "20"}  # by the environment: pip before 25.1 would stumble over an option
FOREIGN = {
    "PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_CONSTRAINT", "PIP_REQUIREMENT",
    "PIP_REQUIRE_HASHES", "PIP_DRY_RUN",
}  # fmt: skip
"""Variables with which a person tells pip to put something else somewhere else. Where it looks stays as they say."""

RAW_SINCE = (24, 1)
"""From this pip on, a download's progress can be had as numbers."""

PAUSES = (2.0, 8.0)
"""Seconds between the attempts where a connection fails."""

# What another attempt would not change.
FINAL = re.compile(r"No matching distribution|No space left|Disk quota|Permission denied")

MISMATCH = "DO NOT MATCH THE HASHES"
WHOLE_SINCE = (25, 1)
"""Before this pip, half a file that a connection left may count as a wrong one."""

Progress = Callable[[str, int, int], None]
"""Called with what pip is at (a file's name or a word), and the bytes that it has and wants; 0 where that is open."""


def run_pip(
    environment: Environment, arguments: Sequence[str], on_progress: Progress, *, attempts: int = len(PAUSES) + 1
) -> None:
    """Runs pip; again, where a connection fails.

    Args:
        environment: whose pip, for whose Python.
        arguments: "install" or "download" first.
        on_progress: told what pip is at.
        attempts: how often it is tried.

    Raises:
        InstallError: with the last lines that pip wrote.
    """
    for attempt in range(attempts):
        code, said = _run_once(environment, arguments, on_progress)
        if code == 0:
            return
        if _is_final("\n".join(said), environment) or attempt == attempts - 1:
            break
        on_progress("the connection failed; trying again", 0, 0)
        time.sleep(PAUSES[min(attempt, len(PAUSES) - 1)])
    last = "\n".join(f"        {line}" for line in said[-12:])
    raise InstallError(
        f"pip could not install the packages. Its last lines:\n{last}",
        "Check the network connection and the free disk space, and run this again; it goes on from here.",
    )


def _is_final(said: str, environment: Environment) -> bool:
    """Whether another attempt would end the same way."""
    return bool(FINAL.search(said)) or (MISMATCH in said and environment.pip_version() >= WHOLE_SINCE)


def _run_once(environment: Environment, arguments: Sequence[str], on_progress: Progress) -> tuple[int, List[str]]:
    """Runs pip once; its exit code and the last lines that it wrote."""
    said: Deque[str] = deque(maxlen=60)
    temporary = environment.folder / "temporary"  # on the disk that was found large enough; /tmp often is not
    temporary.mkdir(exist_ok=True)
    with subprocess.Popen(
        [str(environment.python), "-I", "-m", "pip", *arguments[:1], *OPTIONS, *_bar(environment), *arguments[1:]],
        env=pip_variables(temporary),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=held_descriptors(),
    ) as process:
        reader = _Reader(on_progress)
        for line in process.stdout or ():
            if not reader.read(line.strip()):
                said.append(line.rstrip())
    return process.returncode, [line for line in said if line.strip()]


def pip_variables(temporary: Optional[Path] = None) -> Dict[str, str]:
    """The environment variables for pip.

    Args:
        temporary: where it puts what it needs for a moment only; None for the usual place.
    """
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    folders = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary)) if temporary else {}
    return {**RESUMING, **kept, **folders, "PIP_USER": "0"}  # the settings file may ask for that, too


def _bar(environment: Environment) -> Sequence[str]:
    """The option for progress in numbers, as far as this pip has it."""
    return ("--progress-bar", "raw" if environment.pip_version() >= RAW_SINCE else "off")


class _Reader:
    """Understands what pip writes.

    on_progress: told what pip is at.
    """

    def __init__(self, on_progress: Progress) -> None:
        self._on_progress = on_progress
        self._file = ""

    def read(self, line: str) -> bool:
        """Whether the line was a mere sign of progress."""
        progress = re.fullmatch(r"Progress (\d+) of (\d+)", line)
        if progress:
            self._on_progress(self._file, int(progress.group(1)), int(progress.group(2)))
            return True
        if line.startswith("Downloading "):
            self._file = Path(line.split()[1]).name
            self._on_progress(self._file, 0, 0)
        elif line.startswith("Installing collected"):
            self._on_progress("unpacking, which can take a minute", 0, 0)
        return False
