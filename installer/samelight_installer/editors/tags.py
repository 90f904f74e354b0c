"""Which compiled packages an editor's Python loads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, List, Tuple

from ..errors import InstallError

__all__ = ["BUNDLED", "Tag"]

# What pip calls the platforms. It wants every name that a Linux wheel may carry; macOS's it spells out itself.
PLATFORMS: Dict[str, Tuple[str, ...]] = {
    "linux_x86_64": ("manylinux_2_28_x86_64", "manylinux_2_26_x86_64", "manylinux2014_x86_64"),
    "linux_arm64": ("manylinux_2_28_aarch64", "manylinux_2_26_aarch64", "manylinux2014_aarch64"),
    "win_amd64": ("win_amd64",),
    "win_arm64": ("win_arm64",),
    "macosx_x86_64": ("macosx_11_0_x86_64",),
    "macosx_arm64": ("macosx_11_0_arm64",),
}

# The same for Linux systems with another C library, such as Alpine's.
MUSL: Dict[str, Tuple[str, ...]] = {
    "linux_x86_64": ("musllinux_1_2_x86_64", "musllinux_1_1_x86_64"),
    "linux_arm64": ("musllinux_1_2_aarch64", "musllinux_1_1_aarch64"),
}

_SYSTEMS = {"linux": "linux", "win32": "win", "darwin": "macosx"}
_MACHINES = {"amd64": "x86_64", "x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
_TEXT = re.compile(r"cp(\d)(\d+)-(\w+)")


@dataclass(frozen=True, order=True)
class Tag:
    """An interpreter and the machine it runs on.

    Written `cp313-linux_x86_64`: so a plugin calls its interpreter, and the folder of its compiled packages.

    python: major and minor version.
    platform: a key of PLATFORMS.
    libc: the C library on Linux, "glibc" or "musl". It is no part of the name: an interpreter does not know it, and one
        machine has one.
    """

    python: Tuple[int, int]
    platform: str
    libc: str = "glibc"

    @classmethod
    def of(cls, python: Tuple[int, int], system: str, machine: str, libc: str = "glibc") -> Tag | None:
        """The tag of an interpreter; None on a machine for which nobody builds packages.

        Args:
            python: its version.
            system: what `sys.platform` is there.
            machine: what `platform.machine()` is there.
            libc: the C library there.
        """
        joined = f"{_SYSTEMS.get(system)}_{_MACHINES.get(machine.lower())}".replace("win_x86_64", "win_amd64")
        return cls(python, joined, libc) if joined in PLATFORMS else None

    @classmethod
    def parse(cls, text: str) -> Tag:
        """The tag of this name.

        Raises:
            InstallError: it is none.
        """
        match = _TEXT.fullmatch(text)
        if match is None or match.group(3) not in PLATFORMS:
            known = ", ".join(f"cp313-{platform}" for platform in PLATFORMS)
            raise InstallError(f"{text} is no tag of a Python.", f"Python 3.13's, for instance, are {known}.")
        return cls((int(match.group(1)), int(match.group(2))), match.group(3))

    def __str__(self) -> str:
        return f"cp{self.python[0]}{self.python[1]}-{self.platform}"

    def pip_options(self) -> List[str]:
        """What makes pip choose for this interpreter and not for the one it runs on."""
        options = ["--implementation", "cp", "--python-version", ".".join(map(str, self.python))]
        names = MUSL.get(self.platform, ()) if self.libc == "musl" else PLATFORMS[self.platform]
        for platform in names:
            options += ["--platform", platform]
        return options


BUNDLED = tuple(
    Tag((3, minor), platform)
    for minor in (10, 13)
    for platform in ("linux_x86_64", "win_amd64", "macosx_x86_64", "macosx_arm64")
)
"""The interpreters that the editors' own packages bring along (AppImage, flatpak, Windows, macOS)."""
