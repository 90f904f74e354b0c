"""Starts a real Krita in an editor root with the plugin, a daemon and a scenario that runs inside it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from editor_roots import CHECKOUT, EditorRoot
from numpy.typing import NDArray
from screen import Screen

from samelight.cli.install import vendored_packages
from samelight_installer.editors import Machine, find_editors
from samelight_installer.plugin.krita_plugin import install_plugin
from samelight_installer.settings_file import set_value

__all__ = ["SCENARIOS", "KritaHome", "Scenario", "krita_running", "make_bare_home", "make_home", "run_scenario"]

HERE = Path(__file__).parent
SCENARIOS = HERE / "scenarios"

START_SECONDS = 60.0
RUN_SECONDS = 300.0
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"


@dataclass(frozen=True)
class KritaHome:
    """A user's folders with Krita's settings, the plugin and the driver in them."""

    root: EditorRoot
    folder: Path
    command: Path
    """The `samelight` command that the plugin may start the daemon with."""

    @property
    def resources(self) -> Path:
        return self.folder / ".local" / "share" / "krita"

    @property
    def kritarc(self) -> Path:
        return self.folder / ".config" / "kritarc"

    def in_root(self, *arguments: str) -> list[str]:
        """A command that runs in the root, where this Python and its packages are to be found too."""
        share = {Path(sys.prefix), Path(sys.base_prefix)} - {Path("/usr"), Path("/")}
        return self.root.command(*arguments, share=sorted(share))

    def environment(self, screen: Screen, **more: str) -> dict[str, str]:
        """The environment of a Krita of this user."""
        dropped = ("XDG_", "SAMELIGHT", "PYTHON", "VIRTUAL_ENV")
        kept = {name: value for name, value in screen.environment.items() if not name.startswith(dropped)}
        runtime = self.folder / "runtime"
        runtime.mkdir(mode=0o700, exist_ok=True)
        # The tests' own Python must not be the first on the path: Krita's would take itself for it.
        own = {"HOME": str(self.folder), "XDG_RUNTIME_DIR": str(runtime), "PATH": PATH}
        return {**kept, **own, **more}


def make_home(root: EditorRoot, folder: Path, connection_file: Path) -> KritaHome:
    """Installs plugin and driver for a new user, the plugin as `samelight install` does."""
    home = make_bare_home(root, folder)
    machine = Machine(root=root.folder, home=folder, environment={})
    (krita,) = [editor for editor in find_editors(machine) if editor.name == "Krita"]
    install_plugin(krita, vendored_packages(), connection_file, home.command)
    return home


def make_bare_home(root: EditorRoot, folder: Path) -> KritaHome:
    """A new user who has the driver, but no plugin."""
    folder.mkdir(parents=True, exist_ok=True)
    home = KritaHome(root, folder, _write_command(folder))
    shutil.copytree(
        HERE / "driver", home.resources / "pykrita", dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
    )
    set_value(home.kritarc, "python", "enable_samelight_driver", "true")
    return home


def _write_command(folder: Path) -> Path:
    """A `samelight` command that works inside the root too: this very Python with this checkout's packages."""
    command = folder / "samelight"
    path = os.pathsep.join(str(CHECKOUT / part) for part in ("daemon", "shared", "installer"))
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{path}" exec "{sys.executable}" -m samelight.cli.main "$@"\n')
    command.chmod(0o755)
    return command


@dataclass(frozen=True)
class Scenario:
    """What came of the cases of a scenario."""

    output: Path
    results: Mapping[str, Any]
    exit_code: int | None
    """Krita's; None if it had to be killed."""
    said: str
    """What Krita wrote to its standard streams."""

    def __getitem__(self, case: str) -> Any:
        """What a case returned; fails with its traceback where it raised."""
        assert case in self.results, f"{case} did not run; Krita said:\n{self.said[-3000:]}"
        result = self.results[case]
        assert "traceback" not in result, f"inside Krita:\n{result['traceback']}\n{self.said[-1500:]}"
        return result["value"]

    def messages(self, case: str, kind: str) -> list[dict[str, Any]]:
        """What the plugin sent or got in a case, of this kind."""
        return [message for message in self.results[case]["requests"] if message["kind"] == kind]

    def octets(self, file: str) -> bytes:
        """What a case left in a file."""
        return (self.output / file).read_bytes()

    def pixels(self, file: str, shape: tuple[int, ...], dtype: str = "uint8") -> NDArray[Any]:
        """The same as an array."""
        return np.frombuffer(self.octets(file), dtype).reshape(shape)


@contextmanager
def krita_running(
    home: KritaHome, screen: Screen, log: Path, *arguments: str, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A Krita process; killed at the end if it still runs."""
    command = home.in_root("krita", "--nosplash", *arguments)
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, env=home.environment(screen, **environment), stdin=subprocess.DEVNULL, stdout=file, stderr=file
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def run_scenario(
    home: KritaHome, screen: Screen, name: str, output: Path, pictures: Path, *cases: str, **environment: str
) -> Scenario:
    """Runs the cases of `scenarios/NAME.py` (all of them, or these) in a Krita of their own, to its end."""
    output.mkdir(parents=True, exist_ok=True)
    log = output / "krita.log"
    variables = {
        "SAMELIGHT_SCENARIO": str(SCENARIOS / f"{name}.py"),
        "SAMELIGHT_OUTPUT": str(output),
        "SAMELIGHT_PICTURES": str(pictures),
        "SAMELIGHT_CASES": " ".join(cases),
        **environment,
    }
    with krita_running(home, screen, log, **variables) as process:
        try:
            process.wait(RUN_SECONDS)
        except subprocess.TimeoutExpired:
            screen.picture(output / "hanging.png")
    results = output / "results.json"
    found = json.loads(results.read_text()) if results.exists() else {}
    exit_code = process.returncode if process.returncode != -signal.SIGKILL else None
    return Scenario(output, found, exit_code, log.read_text(errors="replace"))
