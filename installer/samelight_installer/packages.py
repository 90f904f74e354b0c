"""Puts the packages of a lock file, and Samelight itself, into an environment, as far as they are not there already."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections import deque
from pathlib import Path
from typing import Sequence

from . import lockfile
from .console import Console
from .environment import Environment
from .errors import InstallError
from .fingerprint import fingerprint, source_files

__all__ = ["ensure_packages", "ensure_samelight"]

PIP = ("-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--progress-bar", "off")
LOCKED = ("--require-hashes", "--no-deps", "--retries", "10", "--timeout", "60")
RESUMING = {"PIP_RESUME_RETRIES": "20"}  # by the environment: pip before 25.1 would stumble over an option


def ensure_packages(environment: Environment, requirements: Path, lock: str, console: Console) -> bool:
    """Makes the environment hold what a lock file says, whole.

    Args:
        environment: a working one.
        requirements: the folder of the lock files.
        lock: the lock file's name.
        console: where progress goes.

    Returns:
        Whether anything had to be done.

    Raises:
        InstallError: a package cannot be had or does not fit on the disk.
    """
    path = requirements / lock
    wanted = fingerprint([path, requirements / "pip.lock"], requirements)
    stamp = environment.stamp()
    if stamp.get("packages") == wanted:
        damaged = [name for name, (_, whole) in environment.packages().items() if not whole and name != "samelight"]
        missing = set(stamp.get("names", "").split()) - {lockfile.canonical(name) for name in environment.packages()}
        if not damaged and not missing:
            return False
        _repair(environment, requirements, path, {*damaged, *missing}, console)
    else:
        environment.write_stamp({})
        _pip(environment, [*PIP, *LOCKED, "-r", str(requirements / "pip.lock")], console, 1)
        total = lockfile.count(path.read_text(encoding="utf-8"))
        console.note("being downloaded and unpacked, which can take some minutes the first time")
        _pip(environment, [*PIP, *LOCKED, "-r", str(path)], console, total)
    names = " ".join(sorted(map(lockfile.canonical, set(environment.packages()) - {"samelight"})))
    environment.write_stamp({"packages": wanted, "names": names})
    return True


def _repair(environment: Environment, requirements: Path, lock: Path, names: set[str], console: Console) -> None:
    """Installs some packages of a lock file again."""
    console.note(f"{len(names)} packages are damaged and are installed again: {', '.join(sorted(names))}")
    environment.write_stamp({})
    for source in (requirements / "pip.lock", lock):
        chosen = lockfile.select(source.read_text(encoding="utf-8"), names)
        if not chosen.strip():
            continue
        with tempfile.TemporaryDirectory() as folder:
            part = Path(folder) / source.name
            part.write_text(chosen, encoding="utf-8")
            # What is damaged cannot always be uninstalled, so it is written over.
            _pip(environment, [*PIP, *LOCKED, "--force-reinstall", "-r", str(part)], console, len(names))


def ensure_samelight(environment: Environment, checkout: Path, console: Console, *, editable: bool = False) -> bool:
    """Makes the environment hold this checkout's Samelight; ``editable`` leaves its files where they are.

    Returns:
        Whether anything had to be done.

    Raises:
        InstallError: it cannot be built.
    """
    # An editable installation changes with its files; only what is said about it can become outdated.
    files = [checkout / "pyproject.toml"] if editable else source_files(checkout)
    wanted = fingerprint(files, checkout) + (" editable" if editable else "")
    stamp = environment.stamp()
    there = environment.packages().get("samelight")
    if stamp.get("samelight") == wanted and there is not None and there[1] and environment.samelight.exists():
        return False
    environment.write_stamp({key: value for key, value in stamp.items() if key != "samelight"})
    target = ["--editable", str(checkout)] if editable else [str(checkout)]
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--force-reinstall"]
    _pip(environment, [*PIP, *options, *target], console, 1)
    environment.write_stamp({**stamp, "samelight": wanted})
    return True


def _pip(environment: Environment, arguments: Sequence[str], console: Console, total: int) -> None:
    """Runs pip; tells what it is at.

    Raises:
        InstallError: with the last lines that pip wrote.
    """
    command = [str(environment.python), *arguments]
    last: deque[str] = deque(maxlen=12)
    number = 0
    with subprocess.Popen(
        command,
        env={**RESUMING, **os.environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            last.append(line.rstrip())
            if line.startswith("Collecting "):
                number += 1
                console.passing(f"{min(number, total)} of up to {total}: {line.split()[1]}")
            elif line.startswith("Installing collected"):
                console.passing("unpacking (this takes a minute)")
    if process.returncode != 0:
        said = "\n".join(f"        {line}" for line in last)
        raise InstallError(
            f"pip could not install the packages. Its last lines:\n{said}",
            "Check the network connection and the free disk space, and run this again; it goes on from here.",
        )
