"""One daemon at a time: an operating-system lock on a file beside the connection file.

The system gives the lock up whenever the process ends, a SIGKILL included, so a lock file that was left behind never
hinders the next start. The file itself is not deleted: another process may already have opened it, and two processes
holding locks on two files of the same name would both believe to be alone.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import TracebackType

from samelight.locking import lock
from samelight_wire.errors import AlreadyRunningError, OutputError

__all__ = ["InstanceLock"]

GLANCES = 4
GLANCE_SECONDS = 0.03


class InstanceLock:
    """Holds the lock for as long as the context is open.

    Args:
        path: the lock file; created (0600) with its folder (0700) where it does not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def __enter__(self) -> InstanceLock:
        """Takes the lock.

        Raises:
            AlreadyRunningError: another process holds it.
            OutputError: the file cannot be made or written.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # A link is not followed: the file is emptied below.
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        except OSError as error:
            raise self._unusable(error) from error
        try:
            _lock_patiently(descriptor)
        except OSError as error:
            os.close(descriptor)
            holder = self.holder()
            process = "" if holder is None else f" (process {holder})"
            raise AlreadyRunningError(
                f"A Samelight daemon{process} is already running for this user.",
                "Use it as it is, or stop it first with `samelight daemon stop`.",
            ) from error
        try:
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode("ascii"))
        except OSError as error:
            os.close(descriptor)
            raise self._unusable(error) from error
        self._descriptor = descriptor
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Gives the lock up; the file stays."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def is_held_elsewhere(self) -> bool:
        """Whether some other process holds the lock at this moment, without taking it for longer than the look.

        Raises:
            OutputError: the file is there, but may not be opened.
        """
        try:
            descriptor = os.open(self.path, os.O_RDWR)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise self._unusable(error) from error
        try:
            lock(descriptor)
        except OSError:
            return True
        finally:
            os.close(descriptor)
        return False

    def _unusable(self, error: OSError) -> OutputError:
        """The error for a lock file that the system does not let us use."""
        return OutputError(
            f'The daemon\'s lock file "{self.path}" cannot be used: {error.strerror}.',
            "Check that its folder is yours, is writable and has free space.",
        )

    def holder(self) -> int | None:
        """The process id that the last holder wrote, which is the present one's while the lock is held; None if there
        is none.
        """
        try:
            text = self.path.read_bytes()[:20].strip()
        except OSError:
            return None
        return int(text) if text.isdigit() else None


def _lock_patiently(descriptor: int) -> None:
    """As ``lock``, but outlasts those who hold the lock for a moment only, to see whether a daemon does."""
    for _ in range(GLANCES):
        try:
            return lock(descriptor)
        except OSError:
            time.sleep(GLANCE_SECONDS)
    return lock(descriptor)
