"""A virtual environment that is made, checked and repaired, and that remembers what was put into it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, Iterator, Mapping, Sequence, Tuple

from ..errors import InstallError
from . import inspection
from .interpreters import Interpreter, probe

__all__ = ["STAMP", "Environment", "own_variables"]

STAMP = "samelight.json"


def own_variables() -> Dict[str, str]:
    """The variables for a program of an environment's, without those that would put other packages before its own."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}


class Environment:
    """A virtual environment in a folder of its own.

    folder: where it is, or will be.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        scripts = folder / ("Scripts" if sys.platform == "win32" else "bin")
        suffix = ".exe" if sys.platform == "win32" else ""
        self.python = scripts / f"python{suffix}"
        self.samelight = scripts / f"samelight{suffix}"

    def works(self) -> bool:
        """Whether there is an environment whose Python starts, suits Samelight and can install packages."""
        found = probe(str(self.python)) if self.python.exists() else None
        if found is None or not found.fits:
            return False
        pip = subprocess.run([str(self.python), "-I", "-m", "pip", "--version"], capture_output=True, check=False)
        return pip.returncode == 0

    def create(self, interpreter: Interpreter) -> None:
        """Makes the environment, in place of whatever is in its folder.

        Raises:
            InstallError: the folder holds something else, or cannot be written.
        """
        if self.folder.exists() and any(self.folder.iterdir()) and not (self.folder / "pyvenv.cfg").exists():
            raise InstallError(
                f"The folder {self.folder} holds something that is not a Python environment.",
                "Choose another folder with --env, or empty that one.",
            )
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InstallError(
                f"The folder {self.folder.parent} cannot be made: {error.strerror}.", "Choose another one with --env."
            ) from error
        made = subprocess.run(
            [str(interpreter.path), "-I", "-m", "venv", "--clear", str(self.folder)],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if made.returncode != 0:
            raise InstallError(
                f"The environment {self.folder} could not be made: {(made.stderr or made.stdout).strip()[-300:]}",
                "Check that the folder is writable and has free space, and run this again.",
            )

    def sweep(self) -> None:
        """Removes what a pip that was killed had set aside: packages whose names begin with a ~."""
        for found in self._site_packages("~*"):
            shutil.rmtree(str(found), ignore_errors=True)

    def forget_damaged(self) -> None:
        """Removes the descriptions of packages that are not whole, so that they count as not installed."""
        damaged = {name for name, (_, whole) in self.packages().items() if not whole}
        for found in self._site_packages("*.dist-info") if damaged else ():
            if found.name.rsplit("-", 1)[0] in {name.replace("-", "_") for name in damaged} | damaged:
                shutil.rmtree(str(found), ignore_errors=True)

    def _site_packages(self, pattern: str) -> Iterator[Path]:
        yield from self.folder.glob(f"lib/python*/site-packages/{pattern}")
        yield from self.folder.glob(f"Lib/site-packages/{pattern}")

    def python_version(self) -> Tuple[int, int]:
        """Major and minor.

        Raises:
            InstallError: the environment's Python does not work.
        """
        found = probe(str(self.python))
        if found is None:
            raise self._damaged()
        return found.version

    def pip_version(self) -> Tuple[int, ...]:
        """Major and minor of the environment's pip; (0,) where that cannot be seen."""
        for found in self._site_packages("pip-*.dist-info"):
            parts = found.name[len("pip-") : -len(".dist-info")].split(".")[:2]
            return tuple(int(part) for part in parts if part.isdigit())
        return (0,)

    def uninstall(self, names: Sequence[str]) -> None:
        """Removes packages; one that cannot be removed stays."""
        command = [str(self.python), "-I", "-m", "pip", "uninstall", "--yes", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*command, *names], stdin=subprocess.DEVNULL, capture_output=True, check=False)

    def packages(self) -> dict[str, tuple[str, bool]]:
        """What is installed: name -> (version, whether its files are all there).

        Raises:
            InstallError: the environment's Python does not work.
        """
        answer = subprocess.run(
            [str(self.python), "-I", inspection.__file__], capture_output=True, text=True, check=False
        )
        if answer.returncode != 0:
            raise self._damaged()
        return {name: (version, whole) for name, (version, whole) in json.loads(answer.stdout).items()}

    def _damaged(self) -> InstallError:
        return InstallError(f"The environment {self.folder} is damaged.", "Delete that folder and run this again.")

    def stamp(self) -> Dict[str, str]:
        """What was put in by the last run that got to its end; empty where none did."""
        try:
            content = json.loads((self.folder / STAMP).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def write_stamp(self, content: Mapping[str, str]) -> None:
        """Remembers what is in now, in one step."""
        temporary = self.folder / (STAMP + ".part")
        temporary.write_text(json.dumps(dict(content), indent=2) + "\n", encoding="utf-8")
        temporary.replace(self.folder / STAMP)
