"""Ends this user's daemon, with nothing but what the system says of its lock file.

It must work where the environment does not start any more, so nothing of the daemon's own code is used. The process
number in the lock file is the daemon's own for as long as the lock is held.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import Optional

from ..errors import InstallError

__all__ = ["end_daemon", "running_daemon"]

ASK_SECONDS = 15.0
KILL_SECONDS = 5.0
POLL_SECONDS = 0.05

LOCKED_BYTE = 64  # where the daemon locks its file on Windows, see samelight.locking


def running_daemon(connection_file: Path) -> Optional[int]:
    """The process number of the daemon that belongs to a connection file; None where none runs.

    Raises:
        InstallError: one runs, but does not say as which process.
    """
    lock = connection_file.with_name(connection_file.name + ".lock")
    if not _is_held(lock):
        return None
    text = lock.read_bytes()[:20].strip()
    if not text.isdigit():
        raise InstallError("The daemon runs, but does not say as which process.", "End it, and run this again.")
    return int(text)


def end_daemon(connection_file: Path) -> Optional[int]:
    """Asks the daemon to end and waits for that; one that does not listen is killed.

    Returns:
        Its process number; None where none ran.

    Raises:
        InstallError: it cannot be ended.
    """
    process = running_daemon(connection_file)
    if process is None:
        return None
    kill = getattr(signal, "SIGKILL", signal.SIGTERM)
    for number, seconds in ((signal.SIGTERM, ASK_SECONDS), (kill, KILL_SECONDS)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if running_daemon(connection_file) is None:
                return process
            time.sleep(POLL_SECONDS)
    raise InstallError(
        f"The daemon (process {process}) does not end.", "End it with the system's own means, and run this again."
    )


def _is_held(path: Path) -> bool:
    """Whether some process holds the lock on this file."""
    try:
        descriptor = os.open(str(path), os.O_RDWR)
    except OSError:
        return False
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
