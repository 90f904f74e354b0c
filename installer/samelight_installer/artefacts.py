"""`python3 installer build`: all that is given away, made of this source tree by one command.

    samelight-VERSION-py3-none-any.whl    for pip: `pip install samelight && samelight install`
    samelight-VERSION.tar.gz              the sources; builds the same wheel
    samelight_krita.zip                   for Krita's "Import Python Plugin from File"
    samelight_gimp.zip                    to unpack in GIMP's folder of plug-ins

The same sources give the same bytes: packages are pinned by hash, files carry a fixed date (or that of
SOURCE_DATE_EPOCH), and nothing of this machine goes in.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Dict, List, Sequence

from . import lockfile
from .console import Console
from .environment.environment import Environment
from .environment.packages import ensure_packages
from .environment.preparing import prepare
from .errors import InstallError
from .places import CHECKOUT, REQUIREMENTS

__all__ = ["BUILDERS", "build", "build_archives", "build_distributions", "run_build"]

BUILDERS = (
    "hatchling", "packaging", "pathspec", "pluggy", "tomli", "tomlkit", "trove-classifiers",
    "typer", "annotated-doc", "annotated-types", "pydantic", "pydantic-core", "typing-extensions", "typing-inspection",
    "rich", "markdown-it-py", "mdurl", "pygments", "shellingham", "colorama",
    "msgpack", "platformdirs",
)  # fmt: skip
"""The packages of run.lock that building takes: hatchling's, `build-plugins`', and what the plugins carry along."""

NEEDED_BYTES = 300_000_000

ARCHIVES = "import typer; from samelight.cli.build_plugins import build_plugins; typer.run(build_plugins)"


def run_build(arguments: Sequence[str]) -> int:
    """Does what the command line says; the exit code is 0.

    Raises:
        InstallError: something could not be built.
    """
    parser = argparse.ArgumentParser(
        prog="python3 installer build",
        description="Builds wheel, sdist and the editors' archives from this source tree.",
    )
    parser.add_argument("-o", "--output", type=Path, default=CHECKOUT / "dist", metavar="DIR", help="default: dist")
    parser.add_argument("--pure", action="store_true", help="archives without compiled packages: small, for all")
    options = parser.parse_args(arguments)
    build(options.output.expanduser().resolve(), pure=options.pure)
    return 0


def build(output: Path, *, pure: bool = False) -> List[Path]:
    """Builds everything in an environment of its own, `build/env` in the checkout.

    Args:
        output: the folder for what is built; what it holds of an earlier build is replaced.
        pure: whether the editors' archives do without compiled packages.

    Returns:
        The files.

    Raises:
        InstallError: the environment cannot be made, or something cannot be built.
    """
    console = Console(3)
    environment = Environment(CHECKOUT / "build" / "env")
    console.step(f"What building takes, in {environment.folder}")
    prepare(environment, console, NEEDED_BYTES)
    changed = ensure_packages(environment, _builders_only(CHECKOUT / "build" / "requirements"), "build.lock", console)
    console.note("installed" if changed else "all there")
    console.step("Wheel and sdist")
    built = build_distributions(environment.python, CHECKOUT, output)
    console.step("Archives for Krita and GIMP")
    built += build_archives(environment.python, CHECKOUT, output, pure=pure)
    for path in built:
        print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path}")
    return built


def _builders_only(folder: Path) -> Path:
    """A folder with lock files for what building takes, torch and its like left out."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(REQUIREMENTS / "pip.lock", folder / "pip.lock")
    text = (REQUIREMENTS / "run.lock").read_text(encoding="utf-8")
    (folder / "build.lock").write_text(lockfile.select(text, BUILDERS), encoding="utf-8")
    return folder


def build_distributions(python: Path, checkout: Path, output: Path) -> List[Path]:
    """Builds sdist and wheel.

    Args:
        python: an interpreter with hatchling.
        checkout: the source tree.
        output: the folder for both.

    Raises:
        InstallError: hatchling failed.
    """
    said = _run([str(python), "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel", "-d", str(output)], checkout)
    names = [Path(line.strip()) for line in said.splitlines() if line.strip().endswith((".whl", ".tar.gz"))]
    return [output / path.name for path in names]


def build_archives(python: Path, checkout: Path, output: Path, *, pure: bool) -> List[Path]:
    """Builds the editors' archives by this checkout's own `samelight build-plugins`.

    Args:
        python: an interpreter with the packages of BUILDERS.
        checkout: the source tree.
        output: the folder for both.
        pure: whether they do without compiled packages.

    Raises:
        InstallError: they could not be written, or not with all that belongs in.
    """
    command = [str(python), "-c", ARCHIVES, "-o", str(output), "--json", *(["--pure"] if pure else [])]
    report: Dict[str, Any] = json.loads(_run(command, checkout))
    if report["missing"]:
        lacking = ", ".join(f"{' and '.join(packages)} for {tag}" for tag, packages in report["missing"].items())
        raise InstallError(
            f"The archives lack compiled packages: {lacking}.",
            "Check the network connection and run this again, or say --pure to do without them.",
        )
    return [Path(path) for path in report["archives"]]


def _run(command: Sequence[str], checkout: Path) -> str:
    """Runs a program on the sources as they are in the checkout; gives what it wrote to its standard streams."""
    sources = os.pathsep.join(str(checkout / part) for part in ("daemon", "shared", "installer"))
    # Without bytecode: nothing may be left in the source tree, from where it would get into an archive.
    variables = {**os.environ, "PYTHONPATH": sources, "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"}
    done = subprocess.run(
        list(command), cwd=checkout, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        errors="replace", check=False,
    )  # fmt: skip
    if done.returncode != 0:
        said = "\n".join(f"        {line}" for line in (done.stdout + done.stderr).strip().splitlines()[-12:])
        raise InstallError(f"It could not be built. The last lines:\n{said}", "Mend that, and run this again.")
    return done.stdout if done.stdout.strip() else done.stderr
