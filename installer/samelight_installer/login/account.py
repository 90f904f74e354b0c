"""Whose login it is, and what starts then."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Mapping, Sequence, Tuple

__all__ = ["CARRIED", "Account", "Start"]

CARRIED = (
    "SAMELIGHT_CONNECTION_FILE", "SAMELIGHT_CONFIG", "SAMELIGHT_WEIGHTS",
    "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME",
)  # fmt: skip
"""The variables on which it depends where the daemon's files are: a shell may set them where a login does not."""

SECONDS = 30.0
"""How long one of the system's tools may take."""


@dataclass(frozen=True)
class Account:
    """A user of a machine; the defaults are this one, tests make up others.

    platform: `sys.platform` there.
    home: the user's folder.
    environment: the user's environment variables.
    """

    platform: str = sys.platform
    home: Path = field(default_factory=Path.home)
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def config_folder(self) -> Path:
        """The folder of the user's settings on a Linux desktop."""
        given = self.environment.get("XDG_CONFIG_HOME", "").strip()
        return Path(given) if given else self.home / ".config"

    def carried(self) -> Dict[str, str]:
        """The variables that the daemon must have at login as it would have them now."""
        return {name: self.environment[name] for name in CARRIED if self.environment.get(name)}

    def run(self, *command: str) -> Tuple[int, str]:
        """Runs one of the system's tools; its exit code and what it said. One that is not there fails."""
        try:
            answer = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                encoding="oem" if sys.platform == "win32" else None,  # what Windows' tools write to a pipe
                errors="replace",
                timeout=SECONDS,
                env=dict(self.environment),
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            return 127, str(error)
        return answer.returncode, (answer.stdout + answer.stderr).strip()


@dataclass(frozen=True)
class Start:
    """What is started at login.

    program: an executable, by its absolute path.
    arguments: its arguments.
    variables: what is set for it.
    """

    program: Path
    arguments: Sequence[str] = ("daemon", "--unless-running")
    variables: Mapping[str, str] = field(default_factory=dict)
