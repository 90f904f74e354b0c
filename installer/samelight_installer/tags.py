"""Which compiled packages an editor's Python loads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, List, Tuple

from .errors import InstallError

__all__ = ["BUNDLED", "Tag"]

# pip wants every name that a wheel for the machine may carry; macOS's it spells out itself.
PLATFORMS: Dict[Tuple[str, str], Tuple[str, ...]] = {
    ("linux", "x86_64"): ("manylinux_2_28_x86_64", "manylinux_2_26_x86_64", "manylinux2014_x86_64"),
    ("linux", "arm64"): ("manylinux_2_28_aarch64", "manylinux_2_26_aarch64", "manylinux2014_aarch64"),
    ("win", "x86_64"): ("win_amd64",),
    ("win", "arm64"): ("win_arm64",),
    ("macos", "x86_64"): ("macosx_11_0_x86_64",),
    ("macos", "arm64"): ("macosx_11_0_arm64",),
}

_SYSTEMS = {"linux": "linux", "win32": "win", "darwin": "macos"}
_MACHINES = {"amd64": "x86_64", "x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
_TEXT = re.compile(r"cp(\d)(\d+)-([a-z]+)-([a-z0-9_]+)")


@dataclass(frozen=True, order=True)
class Tag:
    """An interpreter and the machine it runs on; written `cp313-linux-x86_64`, which is also its folder's name.

    python: major and minor version.
    system: "linux", "win" or "macos".
    machine: "x86_64" or "arm64".
    """

    python: Tuple[int, int]
    system: str
    machine: str

    @classmethod
    def of(cls, python: Tuple[int, int], platform: str, machine: str) -> Tag | None:
        """The tag of an interpreter; None on a system for which nobody builds packages.

        Args:
            python: its version.
            platform: what `sys.platform` is there.
            machine: what `platform.machine()` is there.
        """
        system, kind = _SYSTEMS.get(platform), _MACHINES.get(machine.lower())
        return cls(python, system, kind) if system and kind else None

    @classmethod
    def parse(cls, text: str) -> Tag:
        """The tag of this name.

        Raises:
            InstallError: it is none.
        """
        match = _TEXT.fullmatch(text)
        if match is None or (match.group(3), match.group(4)) not in PLATFORMS:
            known = ", ".join(f"cp313-{system}-{machine}" for system, machine in PLATFORMS)
            raise InstallError(f"{text} is no tag of a Python.", f"Python 3.13's, for instance, are {known}.")
        return cls((int(match.group(1)), int(match.group(2))), match.group(3), match.group(4))

    def __str__(self) -> str:
        return f"cp{self.python[0]}{self.python[1]}-{self.system}-{self.machine}"

    def pip_options(self) -> List[str]:
        """What makes pip choose for this interpreter and not for the one it runs on."""
        options = ["--implementation", "cp", "--python-version", ".".join(map(str, self.python))]
        for platform in PLATFORMS[self.system, self.machine]:
            options += ["--platform", platform]
        return options


BUNDLED = tuple(
    Tag((3, minor), system, machine)
    for minor in (10, 13)
    for system, machine in (("linux", "x86_64"), ("win", "x86_64"), ("macos", "x86_64"), ("macos", "arm64"))
)
"""The interpreters that the editors' own packages bring along (AppImage, flatpak, Windows, macOS)."""
