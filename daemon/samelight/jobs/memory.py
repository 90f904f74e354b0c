"""How much memory this process uses, and giving back what it no longer needs."""

from __future__ import annotations

import ctypes
import gc
import os
import subprocess
import sys
from pathlib import Path

__all__ = ["give_back", "resident_bytes"]


def resident_bytes() -> int:
    """The resident memory of this process in bytes; 0 where the system does not say."""
    if sys.platform == "win32":
        return _resident_on_windows()
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    command = ["ps", "-o", "rss=", "-p", str(os.getpid())]  # in kilobytes
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return int(answer.stdout.strip() or 0) * 1024


def give_back() -> None:
    """Returns freed memory to the system.

    The C library keeps freed blocks for later use. For a daemon that worked on a large picture and may now idle for
    hours that is wasted memory, so glibc is asked to trim its heaps; other C libraries do so by themselves.
    """
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


if sys.platform == "win32":

    def _resident_on_windows() -> int:
        """The working set of this process, asked from the process status interface."""

        class Counters(ctypes.Structure):
            """PROCESS_MEMORY_COUNTERS: two 32-bit fields, then eight sizes, of which the second is the working set."""

            _fields_ = [("bytes", ctypes.c_ulong), ("faults", ctypes.c_ulong), ("sizes", ctypes.c_size_t * 8)]

        counters = Counters(bytes=ctypes.sizeof(Counters))
        process = ctypes.c_void_p(ctypes.windll.kernel32.GetCurrentProcess())
        known = ctypes.windll.psapi.GetProcessMemoryInfo(process, ctypes.byref(counters), counters.bytes)
        return int(counters.sizes[1]) if known else 0
