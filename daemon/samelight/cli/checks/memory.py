"""How much main memory is free, as each system says it."""

from __future__ import annotations

import ctypes
import re
import subprocess
import sys
from pathlib import Path

__all__ = ["main_memory", "read_meminfo", "read_vm_stat"]

CGROUP = Path("/sys/fs/cgroup")


def main_memory() -> tuple[int, int] | None:
    """Bytes that are free or can be freed at once, and all bytes; None where the system does not say."""
    if sys.platform == "win32":
        return _windows_memory()
    if sys.platform == "darwin":
        return _macos_memory()
    meminfo = Path("/proc/meminfo")
    return _within_container(read_meminfo(meminfo.read_text(encoding="ascii"))) if meminfo.exists() else None


def read_meminfo(text: str) -> tuple[int, int]:
    """Free and all bytes as Linux writes them to /proc/meminfo."""
    kilobytes = {name: int(value) for name, value in re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE)}
    return 1024 * kilobytes["MemAvailable"], 1024 * kilobytes["MemTotal"]


def _within_container(memory: tuple[int, int]) -> tuple[int, int]:
    """The same where a container has a limit of its own below the machine's."""
    free, total = memory
    try:
        limit, used = (int((CGROUP / name).read_text(encoding="ascii")) for name in ("memory.max", "memory.current"))
    except (OSError, ValueError):  # there is none; without a limit the file says "max"
        return memory
    return (min(free, max(0, limit - used)), limit) if limit < total else memory


def read_vm_stat(text: str) -> int:
    """Free bytes as macOS's vm_stat says them: pages that are empty, or hold what can be had again."""
    size = int(re.findall(r"page size of (\d+) bytes", text)[0])
    pages = {name: int(count) for name, count in re.findall(r"^Pages ([\w ]+):\s+(\d+)\.$", text, re.MULTILINE)}
    return size * sum(pages[name] for name in ("free", "inactive", "speculative"))


def _macos_memory() -> tuple[int, int]:
    total = subprocess.run(["/usr/sbin/sysctl", "-n", "hw.memsize"], capture_output=True, text=True, check=True).stdout
    pages = subprocess.run(["/usr/bin/vm_stat"], capture_output=True, text=True, check=True).stdout
    return read_vm_stat(pages), int(total)


class _WindowsMemory(ctypes.Structure):
    """MEMORYSTATUSEX of the Windows API."""

    _fields_ = [
        ("length", ctypes.c_ulong),
        ("load", ctypes.c_ulong),
        ("total", ctypes.c_ulonglong),
        ("free", ctypes.c_ulonglong),
        ("total_page_file", ctypes.c_ulonglong),
        ("free_page_file", ctypes.c_ulonglong),
        ("total_virtual", ctypes.c_ulonglong),
        ("free_virtual", ctypes.c_ulonglong),
        ("free_extended_virtual", ctypes.c_ulonglong),
    ]


def _windows_memory() -> tuple[int, int] | None:
    found = _WindowsMemory(ctypes.sizeof(_WindowsMemory))
    windows = getattr(ctypes, "windll")  # noqa: B009 - there on Windows alone
    return (found.free, found.total) if windows.kernel32.GlobalMemoryStatusEx(ctypes.byref(found)) else None
