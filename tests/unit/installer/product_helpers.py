"""A whole product to install that takes seconds: a checkout, its packages, and a `samelight` that keeps a small state.

Its `samelight install` writes down which program an editor would start, as the real one does in the plugins' folders;
its daemon is a file that says which program runs.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from installer_helpers import BACKEND, make_wheel, write_lock

__all__ = ["TRIAL", "Product", "Site", "make_product"]

TRIAL = Path(__file__).with_name("installer_trial.py")

PROGRAM = """
import json, os, sys
from pathlib import Path

VERSION = "{version}"

def main():
    words = [word for word in sys.argv[1:] if word != "--json"]
    state = Path(os.environ["HOME"]) / "state"
    state.mkdir(exist_ok=True)
    program = str(Path(sys.executable).parent / "samelight")
    report = {{}}
    if words == ["--version"]:
        print("samelight", VERSION)
        return
    if words == ["daemon", "stop"]:
        (state / "daemon").unlink(missing_ok=True)
    elif words[0] == "install":
        (state / "plugin").write_text(program)
        if not (state / "daemon").exists():
            (state / "daemon").write_text(program + " " + VERSION)
        report = {{"editors": [], "login": {{"state": "on"}}, "daemon": {{"state": "running"}}}}
    elif words[0] == "harmonize":
        Path(words[words.index("--before-after") + 1]).write_text(VERSION)
    else:
        sys.exit(f"unknown: {{words}}")
    print(json.dumps(report))
"""

SAMPLE = 'SAMPLE_COMPOSITE = "composite.jpg"\nSAMPLE_MASK = "mask.png"\n'


@dataclass(frozen=True)
class Product:
    """A source to install.

    checkout: its tree.
    requirements: its lock files.
    """

    checkout: Path
    requirements: Path


def make_product(folder: Path, wheels: Path, version: str, **packages: str) -> Product:
    """A checkout of this version that needs these packages (name=version)."""
    checkout = folder / f"checkout-{version}"
    checkout.mkdir(parents=True)
    modules = {"samelight/__init__.py": PROGRAM.format(version=version), "samelight/cli/__init__.py": ""}
    make_wheel(checkout, "samelight", version, "samelight", {**modules, "samelight/cli/sample.py": SAMPLE})
    (checkout / "backend.py").write_text(BACKEND)
    project = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    (checkout / "pyproject.toml").write_text(f"# {version}\n{project}")
    requirements = folder / f"requirements-{version}"
    needed = [make_wheel(wheels, name, number) for name, number in packages.items()]
    for lock in ("run.lock", "small.lock", "cpu.lock"):
        write_lock(requirements, lock, *needed)
    write_lock(requirements, "pip.lock")
    return Product(checkout, requirements)


@dataclass(frozen=True)
class Site:
    """A user for whom a product is installed.

    folder: holds the home and what is put aside.
    wheels: where pip finds packages, and nowhere else.
    """

    folder: Path
    wheels: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "SAMELIGHT", "PIP_"))}
        return {**kept, "HOME": str(self.home), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels)}

    def install(self, product: Product, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs the installer in a process group of its own, so that a kill reaches all it has started."""
        self.home.mkdir(exist_ok=True)
        command = [sys.executable, str(TRIAL), str(product.checkout), str(product.requirements), *arguments]
        return subprocess.run(
            command, env={**self.environment, **variables}, capture_output=True, text=True, start_new_session=True
        )

    def say(self) -> str:
        """What the command answers that a person types."""
        command = [str(self.home / ".local" / "bin" / "samelight"), "--version"]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True).stdout.strip()

    def state(self, name: str) -> str:
        return (self.home / "state" / name).read_text()

    @property
    def data(self) -> Path:
        return self.home / ".local" / "share" / "samelight"

    def record(self) -> dict[str, Any]:
        content = json.loads((self.data / "installed.json").read_text())
        assert isinstance(content, dict)
        return content

    def put_aside(self) -> Path:
        """Keeps a copy of the home; gives its place."""
        aside = self.folder / "aside"
        subprocess.run(["cp", "-a", str(self.home), str(aside)], check=True)
        return aside

    def bring_back(self, aside: Path) -> None:
        """Makes the home what it was."""
        shutil.rmtree(self.home)
        subprocess.run(["cp", "-a", str(aside), str(self.home)], check=True)
