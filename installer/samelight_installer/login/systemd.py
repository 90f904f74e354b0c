"""A unit of the user's systemd: starts with the user's session, again after a failure, and with few rights."""

from __future__ import annotations

import re
from pathlib import Path
from typing import List

from .account import Account, Start

__all__ = ["NAME", "available", "files", "program", "render", "start_unit", "switch_off", "switch_on"]

NAME = "samelight.service"

ENV = "/usr/bin/env"

# What a unit of a user's may ask for without root's rights; no sandbox of files, since pictures lie anywhere (and it
# needs user namespaces, which many systems forbid). The addresses: 127.0.0.1, and what NVIDIA's driver asks the kernel.
UNIT = """\
[Unit]
Description=Samelight daemon (harmonizes layers for Krita and GIMP)
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=simple
ExecStart={command}
{variables}Restart=on-failure
RestartSec=5
TimeoutStopSec=20
UMask=0077
MemoryMax=75%
OOMScoreAdjust=200
NoNewPrivileges=yes
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=default.target
"""


def available(account: Account) -> bool:
    """Whether systemd runs for the user."""
    if not account.platform.startswith("linux"):
        return False
    code, said = account.run("systemctl", "--user", "show", "--property=Version")
    return code == 0 and "Version=" in said


def files(account: Account) -> List[Path]:
    """The unit, and the link by which it is switched on (what `systemctl enable` makes)."""
    folder = account.config_folder() / "systemd" / "user"
    return [folder / NAME, folder / "default.target.wants" / NAME]


def render(start: Start) -> bytes:
    """The unit's text."""
    words = [str(start.program), *start.arguments]
    # systemd takes no program with these characters in its path, but arguments with any.
    indirectly = [ENV] if set(words[0]) & set("\"'\\") else []
    first, *others = [*indirectly, *words]
    command = " ".join([_quoted(first), *(_quoted(each, "$") for each in others)])
    variables = "".join(f"Environment={_quoted(f'{name}={value}')}\n" for name, value in start.variables.items())
    return UNIT.format(command=command, variables=variables).encode("utf-8", "surrogateescape")


def _quoted(word: str, doubled: str = "") -> str:
    """A word of a command line. The program's own path is not searched for variables, its arguments are."""
    for special in ("\\", '"'):
        word = word.replace(special, "\\" + special)
    for special in "%" + doubled:
        word = word.replace(special, special * 2)
    return f'"{word}"'


def program(text: bytes) -> str:
    """The program that a unit starts, "" where it names none."""
    for line in text.decode("utf-8", "surrogateescape").splitlines():
        if line.startswith("ExecStart="):
            words = line[len("ExecStart=") :].strip('"').split('" "')
            if words[0] == ENV and len(words) > 1:
                return _plain(words[1]).replace("$$", "$")
            return _plain(words[0])
    return ""


def _plain(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word.replace("%%", "%"))


def switch_on(account: Account) -> str:
    """Makes systemd see the unit and start it at login; what went wrong, or ""."""
    unit, link = files(account)
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(unit)
    code, said = account.run("systemctl", "--user", "daemon-reload")
    return "" if code == 0 else f"systemd cannot be told now, but will see it at the next login: {said}"


def switch_off(account: Account) -> None:
    """After the unit is gone: makes systemd forget it. The daemon goes on until it is stopped."""
    account.run("systemctl", "--user", "daemon-reload")


def start_unit(account: Account) -> bool:
    """Starts the unit now; whether systemd did."""
    account.run("systemctl", "--user", "reset-failed", NAME)
    return account.run("systemctl", "--user", "start", NAME)[0] == 0
