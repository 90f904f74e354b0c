"""An entry of the desktop's autostart folder (XDG), for sessions without systemd."""

from __future__ import annotations

import re
from pathlib import Path
from typing import List

from .account import Account, Start

__all__ = ["NAME", "available", "files", "program", "render", "switch_off", "switch_on"]

NAME = "samelight.desktop"

ENTRY = """\
[Desktop Entry]
Type=Application
Name=Samelight
Comment=Harmonizes layers for Krita and GIMP
Exec={command}
Terminal=false
NoDisplay=true
StartupNotify=false
"""


def available(account: Account) -> bool:
    """Whether there can be desktops that read such entries."""
    return account.platform not in ("win32", "darwin")


def files(account: Account) -> List[Path]:
    """The entry."""
    return [account.config_folder() / "autostart" / NAME]


def render(start: Start) -> bytes:
    """The entry's text."""
    variables = ["env", *(f"{name}={value}" for name, value in start.variables.items())] if start.variables else []
    words = [*variables, str(start.program), *start.arguments]
    return ENTRY.format(command=" ".join(map(_quoted, words))).encode("utf-8", "surrogateescape")


def _quoted(word: str) -> str:
    """A word of an Exec line: quoted as a shell would have it, and then escaped once more as every value is."""
    for special in ("\\", '"', "`", "$"):
        word = word.replace(special, "\\" + special)
    return '"' + word.replace("\\", "\\\\").replace("%", "%%") + '"'


def program(text: bytes) -> str:
    """The program that an entry starts, "" where it names none."""
    for line in text.decode("utf-8", "surrogateescape").splitlines():
        if line.startswith("Exec="):
            words = [_plain(word) for word in line[len("Exec=") :].strip('"').split('" "')]
            return next((word for word in words if word != "env" and not word.split("=")[0].isupper()), "")
    return ""


def _plain(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word.replace("%%", "%").replace("\\\\", "\\"))


def switch_on(account: Account) -> str:
    """Nothing is to be done: desktops read the folder at login."""
    return ""


def switch_off(account: Account) -> None:
    """Nothing is to be done either."""
