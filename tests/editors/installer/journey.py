"""A person in an editor root: installs Samelight, uses both editors, uninstalls; or never had it, for comparison."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from editor_roots import CHECKOUT, EditorRoot
from gimp_harness import GimpHome, make_bare_home, start_gimp
from gimp_window import Window, make_scene_files
from krita_harness import HERE as KRITA_TESTS
from krita_harness import KritaHome, Scenario, run_scenario
from krita_pictures import make_pictures
from screen import Screen

from samelight_installer.fingerprint import SOURCES
from samelight_installer.settings_file import set_value

__all__ = ["Person", "ensure_venv"]

ONCE = Path(__file__).with_name("once.py")

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"

QUIT_SECONDS = 60.0

LONGEST = 1500.0  # seconds; an installation fetches gigabytes


@dataclass(frozen=True)
class Person:
    """Somebody who uses Krita and GIMP, each started before or not."""

    root: EditorRoot
    """The system."""
    home: Path
    """The home folder. Several persons may have had it one after the other, so that no path differs."""
    files: Path
    """Where pictures, logs and screenshots go: not in the home, which is compared."""

    @property
    def command(self) -> Path:
        """The `samelight` command that an installation makes."""
        return self.home / ".local" / "bin" / "samelight"

    @property
    def data(self) -> Path:
        """Samelight's folder."""
        return self.home / ".local" / "share" / "samelight"

    @property
    def sources(self) -> Path:
        """The source tree that is installed."""
        return self.files / "sources"

    @property
    def krita(self) -> KritaHome:
        return KritaHome(self.root, self.home, self.command)

    @property
    def gimp(self) -> GimpHome:
        return GimpHome(self.root, self.home, self.data / "run" / "connection.json")

    def move_in(self) -> None:
        """An empty home, but for what the tests need: Krita's driver, and a GIMP that asks nothing at its start."""
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        self.files.mkdir(parents=True, exist_ok=True)
        shutil.copytree(
            KRITA_TESTS / "driver", self.krita.resources / "pykrita", ignore=shutil.ignore_patterns("__pycache__")
        )
        set_value(self.krita.kritarc, "python", "enable_samelight_driver", "true")
        make_bare_home(self.root, self.home, self.gimp.connection_file)

    def fetch_sources(self) -> None:
        """A source tree as somebody has it who downloaded one."""
        for name in SOURCES:
            source, target = CHECKOUT / name, self.sources / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
            else:
                self.sources.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Runs a program of the system's as this person; pip finds what it finds outside of the root."""
        shared = [Path("/etc/ssl/certs"), *_local_packages(_pip_settings())]
        return subprocess.run(
            self.root.command(*command, share=[path for path in shared if path.is_dir()]),
            env=self._environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            check=False, timeout=LONGEST,
        )  # fmt: skip

    def install(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Runs `python3 installer`."""
        return self.run("python3", str(self.sources / "installer"), *options)

    def _environment(self) -> dict[str, str]:
        dropped = ("XDG_", "SAMELIGHT", "PYTHON", "VIRTUAL_ENV", "OMP_", "DISPLAY", "SUDO_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        return {**kept, **_pip_settings(), "HOME": str(self.home), "PATH": SYSTEM_PATH, "LC_ALL": "C.UTF-8"}

    def use_krita(self, screen: Screen, *, harmonize: bool) -> Scenario:
        """Pastes a layer, harmonizes it or not, and quits."""
        pictures = self.files / "pictures"
        pictures.mkdir(parents=True, exist_ok=True)
        make_pictures(pictures)
        asked = {"SAMELIGHT_HARMONIZE": "1"} if harmonize else {}
        output = self.files / f"krita-{'harmonized' if harmonize else 'plain'}"
        variables = {"SAMELIGHT_SCENARIO": str(ONCE), "SAMELIGHT_RECORD": "0", **asked}
        return run_scenario(self.krita, screen, "once", output, pictures, **variables)

    def use_gimp(self, screen: Screen, *, harmonize: bool) -> list[dict[str, Any]]:
        """The same in GIMP, with the mouse; gives the layers."""
        scene = make_scene_files(self.files / "scene")
        layers: list[dict[str, Any]] = []
        # The end of the loop inside is not reached: GIMP quits before, as by its menu.
        with suppress(OSError), start_gimp(self.gimp, display=screen.name) as gimp:
            window = Window(gimp, screen, self.files / "screenshots", scene)
            image, _ = window.open_scene()
            if harmonize:
                window.click_filter(1, "menu")
                window.wait_for_layers(image, 3)
                window.picture("harmonized")
            layers = window.state(image)["layers"]
            gimp.call("clean", image=image)
            window.close(image)
            screen.xdotool("windowactivate", "--sync", screen.window("GNU Image Manipulation Program"))
            screen.key("ctrl+q")
            gimp.process.wait(QUIT_SECONDS)
        return layers


def ensure_venv(person: Person) -> str:
    """Makes the root's Python able to make environments, as the installer itself says how; gives what it said, or
    nothing where that was done before.
    """
    if person.run("python3", "-c", "import ensurepip").returncode == 0:
        return ""
    said = person.install().stderr
    (package,) = re.findall(r"apt install (python3\.\d+-venv)", said)
    for arguments in (["update"], ["install", "--no-install-recommends", package]):
        command = ["apt-get", "-q", "-y", "-o", "Acquire::Check-Valid-Until=false", *arguments]
        # With nothing of the machine's in the root: a package's script may write, for instance to /etc/ssl/certs.
        inside = person.root.command("env", "DEBIAN_FRONTEND=noninteractive", *command)
        done = subprocess.run(inside, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return said


def _pip_settings() -> dict[str, str]:
    """This machine's settings of pip as variables: its files are not those of the root."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    found = re.findall(r"^global\.([\w-]+)='(.*)'$", listed.stdout, re.MULTILINE)
    return {f"PIP_{name.upper().replace('-', '_')}": value for name, value in found}


def _local_packages(settings: dict[str, str]) -> Sequence[Path]:
    """The folders of this machine in which pip looks for packages, with what an index there may refer to beside it."""
    values = [*settings.values(), *(value for name, value in os.environ.items() if name.startswith("PIP_"))]
    words = (word.removeprefix("file://") for value in values for word in value.split())
    paths = [Path(word) for word in words if word.startswith("/")]
    return sorted({Path("/", *path.parts[1:3]) for path in paths if path.is_dir()})
