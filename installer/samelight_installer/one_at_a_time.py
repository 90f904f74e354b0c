"""One installation at a time: a lock that the system takes back when its holder ends, however it ends."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator, List, Sequence

from .errors import InstallError
from .record import lock_path, make_folder

__all__ = ["INHERITED", "held_descriptors", "only_one"]

INHERITED = "SAMELIGHT_INSTALLING"
"""Set for the children of a process that holds the lock: they work under it."""

WAIT_SECONDS = 600.0
POLL_SECONDS = 0.2

_held: List[int] = []


def held_descriptors() -> Sequence[int]:
    """What a child must inherit (``pass_fds``) that must not outlive the lock: pip goes on writing when the installer
    is killed, and the next one has to wait for it.
    """
    return () if sys.platform == "win32" else tuple(_held)


@contextmanager
def only_one(on_wait: Callable[[], None] = lambda: None, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Holds the lock for the block; waits while another installation or uninstallation holds it.

    Args:
        on_wait: called once if there is a wait.
        wait_seconds: how long to wait.

    Raises:
        InstallError: the other one did not end, or the lock file cannot be made.
    """
    if os.environ.get(INHERITED):
        yield
        return
    descriptor = _open(lock_path())
    try:
        _wait(descriptor, on_wait, wait_seconds)
        os.environ[INHERITED] = str(os.getpid())
        _held.append(descriptor)
        yield
    finally:
        _held.clear()
        os.environ.pop(INHERITED, None)
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        make_folder(path.parent)
        return os.open(str(path), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise InstallError(
            f"The file {path} cannot be made: {error.strerror}.", "Make its folder writable, and run this again."
        ) from error


def _wait(descriptor: int, on_wait: Callable[[], None], wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    waited = False
    while not _lock(descriptor):
        if time.monotonic() > deadline:
            raise InstallError(
                "Another installation or removal of Samelight is at work.",
                "Wait until it has ended, and run this again.",
            )
        if not waited:
            on_wait()
        waited = True
        time.sleep(POLL_SECONDS)


def _lock(descriptor: int) -> bool:
    """Takes the lock; whether that went well. Some network drives have no locks: there nobody is kept waiting."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
    else:
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True
    return True
