"""An agent of macOS's launchd."""

from __future__ import annotations

import os
import plistlib
import time
from pathlib import Path
from typing import List

from .account import Account, Start

__all__ = ["LABEL", "available", "files", "program", "render", "switch_off", "switch_on"]

LABEL = "samelight.daemon"

PRIVATE = 0o077

ATTEMPTS = 5
PAUSE_SECONDS = 1.0


def available(account: Account) -> bool:
    """Whether this is macOS."""
    return account.platform == "darwin"


def files(account: Account) -> List[Path]:
    """The agent's description."""
    return [account.home / "Library" / "LaunchAgents" / f"{LABEL}.plist"]


def render(start: Start, home: Path) -> bytes:
    """The description's text. The daemon keeps a log of its own; what is said before that goes beside it."""
    log = str(home / "Library" / "Logs" / "samelight" / "login.log")
    agent = {
        "Label": LABEL,
        "ProgramArguments": [str(start.program), *start.arguments],
        "EnvironmentVariables": dict(start.variables),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 30,
        # "Background" would bind it to the slow cores, also while an artist waits for the layer.
        "ProcessType": "Standard",
        "Umask": PRIVATE,
        "StandardOutPath": log,
        "StandardErrorPath": log,
    }
    return plistlib.dumps(agent)


def program(text: bytes) -> str:
    """The program that an agent starts, "" where it names none."""
    try:
        return str(plistlib.loads(text)["ProgramArguments"][0])
    except Exception:  # plistlib raises what the parser beneath it raises
        return ""


def switch_on(account: Account) -> str:
    """Loads the agent, which starts it now as well; what went wrong, or ""."""
    (account.home / "Library" / "Logs" / "samelight").mkdir(parents=True, exist_ok=True)
    account.run("launchctl", "bootout", f"{_domain()}/{LABEL}")  # an older one; there may be none
    for _ in range(ATTEMPTS):
        code, said = account.run("launchctl", "bootstrap", _domain(), str(files(account)[0]))
        if code == 0:
            break
        time.sleep(PAUSE_SECONDS)  # the older one may not have ended yet: bootout does not wait for that
    return "" if code == 0 else f"launchd cannot be told now, but will see it at the next login: {said}"


def switch_off(account: Account) -> None:
    """Unloads the agent, which also stops the daemon if it was started by launchd."""
    account.run("launchctl", "bootout", f"{_domain()}/{LABEL}")


def _domain() -> str:
    """Where the user's agents live. (Windows has no getuid; tests of this file run there too.)"""
    return f"gui/{os.getuid() if hasattr(os, 'getuid') else 0}"
