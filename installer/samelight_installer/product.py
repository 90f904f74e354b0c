"""`python3 installer`: Samelight in an environment of its own, its daemon, and a picture that shows that it works."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from .console import Console
from .environment import Environment
from .errors import InstallError
from .interpreters import find_interpreter
from .launcher import link_command, on_path
from .packages import ensure_packages, ensure_samelight
from .places import CHECKOUT, REQUIREMENTS, user_data

__all__ = ["install"]

STEPS = 6

# What the packages take unpacked and while they are unpacked: torch comes with NVIDIA's libraries for Linux, and
# without them for other systems.
NEEDED_BYTES = 8_000_000_000 if sys.platform == "linux" else 3_000_000_000

SAMPLE = "from samelight.cli.sample import *; print(SAMPLE_COMPOSITE); print(SAMPLE_MASK)"


def install(folder: Path | None, *, start: bool) -> None:
    """Installs or repairs Samelight, starts its daemon and harmonizes the sample.

    Args:
        folder: where the environment goes; None means a folder among the user's data.
        start: whether the daemon is started; if not, the sample is harmonized without it.

    Raises:
        InstallError: a step failed; the next run takes it up there.
    """
    environment = Environment(folder or user_data() / "env")
    console = Console(STEPS)
    console.step(f"Python environment in {environment.folder}")
    prepare(environment, console, NEEDED_BYTES)
    console.step("Packages")
    changed = ensure_packages(environment, REQUIREMENTS, "run.lock", console)
    console.note("installed" if changed else "all there")
    console.step("Samelight")
    changed = ensure_samelight(environment, CHECKOUT, console) or changed
    console.note("installed" if changed else "up to date")
    link = link_command(environment.samelight)
    command = link if link is not None and on_path(link) else environment.samelight
    console.step("Krita and GIMP")
    _fill_editors(environment, console)
    # The start at login is a step of its own and belongs here.
    console.step("Daemon")
    _start_daemon(environment, console, restart=changed) if start else console.note("not started, as you asked")
    console.step("Sample picture")
    sheet = _harmonize_sample(environment, user_data() / "sample", by_daemon=start)
    console.note(f"before and after: {sheet}")
    _say_how_to_go_on("samelight" if command is link else str(command))


def prepare(environment: Environment, console: Console, needed_bytes: int) -> None:
    """Makes the environment if there is none that works.

    Raises:
        InstallError: no suitable Python, too little space, or a folder that cannot be used.
    """
    if environment.works():
        console.note("there already")
        return
    interpreter = find_interpreter()
    _check_space(environment.folder, needed_bytes)
    environment.create(interpreter)
    console.note(f"made with Python {'.'.join(map(str, interpreter.version))} ({interpreter.path})")


def _check_space(folder: Path, needed_bytes: int) -> None:
    """Refuses early what could not end well."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    # What a broken environment holds is freed before the new one is filled, so this errs on the safe side.
    free = shutil.disk_usage(there).free
    if free < needed_bytes:
        raise InstallError(
            f"Samelight needs {needed_bytes / 1e9:.0f} GB of disk space, and {there} has {free / 1e9:.1f} GB left.",
            "Free some space, or name a folder on another disk with --env.",
        )


def _fill_editors(environment: Environment, console: Console) -> None:
    """Puts the plugins into the editors; what fails there is said and stops nothing."""
    reply = _samelight(environment, "install")
    if "error" in reply:
        console.note(f"{reply['error']['message']} {reply['error']['hint']}")
        return
    for editor in reply["editors"]:
        console.note(f"{editor['name']} {editor['version'] or ''}: Harmonize layer is there when it starts next")
    if not reply["editors"]:
        console.note("none of the system's packages found; `samelight build-plugins` makes archives for others")


def _start_daemon(environment: Environment, console: Console, *, restart: bool) -> None:
    """Leaves a daemon of this release running."""
    if restart:
        _samelight(environment, "daemon", "stop")
    elif "error" not in _samelight(environment, "daemon", "status"):
        console.note("running already")
        return
    reply = _samelight(environment, "daemon", "--detach")
    error = reply.get("error", {})
    if error and error.get("code") != "already-running":
        raise InstallError(f"The daemon could not be started: {error.get('message')}", str(error.get("hint")))
    console.note("running")


def _harmonize_sample(environment: Environment, folder: Path, *, by_daemon: bool) -> Path:
    """Harmonizes the bundled sample; gives the picture that shows both."""
    paths = subprocess.run([str(environment.python), "-c", SAMPLE], capture_output=True, text=True, check=False)
    if paths.returncode != 0:
        raise InstallError(
            "Samelight was installed but does not start.", f"Delete {environment.folder}, run this again."
        )
    folder.mkdir(parents=True, exist_ok=True)
    composite, mask = paths.stdout.split("\n")[:2]
    sheet = folder / "before-after.png"
    arguments = [composite, mask, "-o", str(folder / "harmonized.png"), "--before-after", str(sheet)]
    reply = _samelight(environment, "harmonize", *arguments, *([] if by_daemon else ["--no-daemon"]))
    if "error" in reply:
        error = reply["error"]
        raise InstallError(f"The sample could not be harmonized: {error['message']}", error["hint"])
    return sheet


def _samelight(environment: Environment, *arguments: str) -> dict[str, Any]:
    """Runs a command of the installed Samelight and gives its report."""
    command = [str(environment.samelight), *arguments, "--json"]
    answer = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    try:
        report = json.loads(answer.stdout)
    except ValueError:
        said = (answer.stderr or answer.stdout).strip()[-400:]
        raise InstallError(
            f"`samelight {' '.join(arguments)}` failed: {said}", f"Delete {environment.folder} and run this again."
        ) from None
    return dict(report)


def _say_how_to_go_on(command: str) -> None:
    sys.stdout.write(
        "\nDone. To harmonize a picture of your own (the mask is white where the pasted object is):\n"
        f"  {command} harmonize PICTURE MASK -o RESULT.png\n"
        f"To see whether all is well:\n  {command} doctor\n"
    )
