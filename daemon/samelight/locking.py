"""Exclusive locks on open files, which the system gives up whenever the process that holds them ends."""

from __future__ import annotations

import os
import sys

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["lock"]

# On Windows a locked byte cannot be read by others, so the lock lies behind what may be written at the start.
LOCKED_BYTE = 64

if sys.platform == "win32":

    def lock(descriptor: int) -> None:
        """Takes an exclusive lock without waiting; raises OSError where somebody else has it."""
        os.lseek(descriptor, LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)

else:

    def lock(descriptor: int) -> None:
        """Takes an exclusive lock without waiting; raises OSError where somebody else has it."""
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
