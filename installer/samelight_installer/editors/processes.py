"""What runs on this machine, without starting anything that is not there on every system."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Mapping

__all__ = ["Process", "list_processes"]

_SECONDS = 10.0


@dataclass(frozen=True)
class Process:
    """A running program of this user.

    pid: its number.
    program: its file, as the process itself sees it; on Windows the file's name alone.
    environment: its environment variables; empty where the system does not tell them.
    """

    pid: int
    program: str
    environment: Mapping[str, str] = field(default_factory=dict)


def list_processes() -> List[Process]:
    """The programs that run, as far as this user may know; none where the system does not say."""
    platform = str(sys.platform)  # not as a constant: the checker of types looks at all ways
    if platform == "linux":
        return _from_proc(Path("/proc"))
    if platform == "win32":
        return _from_tasklist(_output("tasklist", "/fo", "csv", "/nh"))
    return _from_ps(_output("ps", "-axww", "-o", "pid=", "-o", "comm="))


def _from_proc(folder: Path) -> List[Process]:
    """Reads Linux's list: `exe` is a link to the program, `environ` what it was started with."""
    found = []
    for entry in folder.glob("[0-9]*"):
        try:
            program = os.readlink(entry / "exe")  # noqa: PTH115 - Path has it from 3.9 on
            environ = (entry / "environ").read_bytes()
        except OSError:  # of another user, or gone meanwhile
            continue
        found.append(Process(int(entry.name), program.split(" (deleted)")[0], _variables(environ)))
    return found


def _variables(environ: bytes) -> Dict[str, str]:
    pairs = (each.partition(b"=") for each in environ.split(b"\0") if b"=" in each)
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}


def _from_tasklist(text: str) -> List[Process]:
    """Reads what tasklist says: the program's name and its number come first in each line."""
    rows = [row for row in csv.reader(text.splitlines()) if len(row) > 1 and row[1].isdigit()]
    return [Process(int(row[1]), row[0]) for row in rows]


def _from_ps(text: str) -> List[Process]:
    """Reads what ps says on macOS: the number, then the whole path of the program."""
    rows = [line.split(None, 1) for line in text.splitlines()]
    return [Process(int(row[0]), row[1].strip()) for row in rows if len(row) == 2 and row[0].isdigit()]


def _output(*command: str) -> str:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=_SECONDS
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout
