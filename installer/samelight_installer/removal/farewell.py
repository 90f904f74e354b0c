"""Removes the environment, possibly the one that this very program runs in.

Where a program may delete itself while it runs, that is done at once. On Windows a small program of the Python that the
environment was made with waits for this one to end, and does it then.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import List, Sequence

from ..environment.slots import environment_folders, environments_homes, remove_environments
from ..record import change_record, read_record
from .belongings import user_folders

__all__ = ["remove_afterwards", "remove_environment", "runs_from"]

# It is given: the process to wait for, trees to delete, folders to remove where they are empty.
SCRIPT = """
import ctypes, json, os, shutil, sys, time
process, trees, folders = json.loads(sys.argv[1])

def lives():
    if os.name == "nt":
        handle = ctypes.windll.kernel32.OpenProcess(0x00100000, False, process)
        if not handle:
            return False
        ended = ctypes.windll.kernel32.WaitForSingleObject(handle, 0) == 0
        ctypes.windll.kernel32.CloseHandle(handle)
        return not ended
    try:
        os.kill(process, 0)
    except OSError:
        return False
    return True

for _ in range(600):
    if not lives():
        break
    time.sleep(0.1)
for _ in range(20):
    for tree in trees:
        shutil.rmtree(tree, ignore_errors=True)
    if not any(os.path.exists(tree) for tree in trees):
        break
    time.sleep(0.5)
for folder in folders:
    try:
        os.rmdir(folder)
    except OSError:
        pass
"""


def runs_from(home: Path) -> bool:
    """Whether this very program runs in an environment in this folder."""
    return home.resolve() in Path(sys.prefix).resolve().parents


def remove_environment() -> List[Path]:
    """Removes all environments; gives what is gone, or will be as soon as this program has ended."""
    homes = environments_homes()
    if sys.platform == "win32" and any(map(runs_from, homes)):
        there = [path for home in homes for path in environment_folders(home)]
        remove_afterwards(there, [*homes, *user_folders(), *map(Path, reversed(read_record().get("folders", [])))])
        change_record(environment=None, homes=None)
        return there
    return remove_environments()


def remove_afterwards(trees: Sequence[Path], folders: Sequence[Path]) -> None:
    """Has things removed as soon as this process has ended.

    Args:
        trees: folders that go with all in them.
        folders: folders that go, in this order, if they are empty then.
    """
    facts = json.dumps([os.getpid(), [str(tree) for tree in trees], [str(folder) for folder in folders]])
    # Not the environment's own Python: it would hold itself back. Not in its folder either, nor with its console.
    python = getattr(sys, "_base_executable", None) or sys.executable
    flags = getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    subprocess.Popen(
        [python, "-I", "-c", SCRIPT, facts], cwd=str(Path(python).anchor), env=variables, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, creationflags=flags,
    )  # fmt: skip
