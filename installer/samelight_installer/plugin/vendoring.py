"""What a plugin needs beside itself, put into its own folder: an editor's Python has neither pip nor our packages.

    vendor/common/    samelight_wire, msgpack and platformdirs in pure Python: they work in every interpreter
    vendor/TAG/       pyzmq and the compiled half of msgpack for one interpreter (see tags.py)

A plugin looks into the folder of its own interpreter first and into `common` after that. Where there is no TAG folder,
or what is in it does not load, samelight_wire talks to the daemon in pure Python.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Collection, Dict, Iterable, Iterator, Mapping, Tuple

from .. import lockfile
from ..editors.tags import Tag
from ..environment.pip import pip_variables

__all__ = ["COMPILED", "ask_anew", "common_files", "vendor_common", "vendor_compiled"]

COMPILED = ("pyzmq", "msgpack")
"""The packages with a compiled part, as the lock file names them."""

# Without pip's cache: it would outlive Samelight's removal.
PIP = (
    "-I", "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--quiet", "--no-compile",
    "--no-cache-dir",
)  # fmt: skip
LOCKED = ("--require-hashes", "--no-deps", "--only-binary=:all:", "--retries", "2", "--timeout", "20")

PURE = ("*.py", "py.typed")
NOTICES = ("METADATA", "LICENSE*", "COPYING*", "AUTHORS*")

_unavailable: Dict[Tuple[Tag, str], Mapping[str, str]] = {}
"""What pip could not get for an interpreter, by the lock file's text: without a network each question takes its time,
and the next editor with the same Python would get the same answer."""


def vendor_common(folder: Path, packages: Iterable[Path]) -> None:
    """Fills `vendor/common`.

    Args:
        folder: the plugin's folder `vendor`.
        packages: the folders of samelight_wire, msgpack and platformdirs, where they are installed. What is compiled
            in them stays behind; their licences come along.
    """
    for package in packages:
        for path in common_files(package):
            copy = folder / "common" / path.relative_to(package.parent)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


def common_files(package: Path) -> Iterator[Path]:
    """What goes into `vendor/common` of a package: its modules in Python, its licence."""
    yield from _named(package, PURE)
    for notices in package.parent.glob(f"{package.name}-*.dist-info"):
        yield from _named(notices, NOTICES)


def _named(folder: Path, patterns: Iterable[str]) -> Iterator[Path]:
    """The files of these names below a folder."""
    for pattern in patterns:
        for path in folder.rglob(pattern):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def vendor_compiled(folder: Path, tag: Tag, lock: Path) -> Mapping[str, str]:
    """Fills `vendor/TAG` with the wheels that the lock file has for this interpreter.

    Args:
        folder: the plugin's folder `vendor`.
        tag: the interpreter.
        lock: the lock file; a package's version and hash are what it says or the package stays away.

    Returns:
        The packages that could not be had, each with pip's reason; the plugin does without them.
    """
    key = (tag, lock.read_text(encoding="utf-8"))
    if key not in _unavailable:
        missing = _fetch_what_there_is(folder, tag, lock)
        if missing:
            _unavailable[key] = missing
        return missing
    left = [name for name in COMPILED if name not in _unavailable[key]]
    reason = _fetch(folder, tag, lock, left) if left else ""
    return {**_unavailable[key], **(dict.fromkeys(left, reason) if reason else {})}


def ask_anew() -> None:
    """Forgets what could not be had: from now on pip is asked for it again."""
    _unavailable.clear()


def _fetch_what_there_is(folder: Path, tag: Tag, lock: Path) -> Mapping[str, str]:
    """Fetches all that can be had; gives the rest, each with pip's reason."""
    missing: Dict[str, str] = {}
    wanted = list(COMPILED)
    while wanted:
        reason = _fetch(folder, tag, lock, wanted)
        if not reason:
            break
        named = next((name for name in wanted if name in reason), None)
        if named is None:  # pip does not say which one stops it
            reasons = {name: _fetch(folder, tag, lock, [name]) for name in wanted}
            return {**missing, **{name: each for name, each in reasons.items() if each}}
        missing[named] = reason
        wanted.remove(named)
    return missing


def _fetch(folder: Path, tag: Tag, lock: Path, names: Collection[str]) -> str:
    """Puts some packages into `vendor/TAG`, all or none; gives the reason where it is none."""
    with tempfile.TemporaryDirectory() as temporary:
        wheels, part = Path(temporary) / "wheels", Path(temporary) / "part.lock"
        part.write_text(lockfile.select(lock.read_text(encoding="utf-8"), names), encoding="utf-8")
        done, said = _pip([*tag.pip_options(), "--target", str(wheels), "-r", str(part)])
        if done:
            shutil.copytree(wheels, folder / str(tag), dirs_exist_ok=True)
    return "" if done else said or "pip failed"


def _pip(arguments: Iterable[str]) -> Tuple[bool, str]:
    """Runs this Python's pip; whether it did what it was to do, and the last thing it said."""
    done = subprocess.run(
        [sys.executable, *PIP, *LOCKED, *arguments],
        env=pip_variables(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return done.returncode == 0, said[-1] if said else ""
