"""Which build of torch a machine gets: the one for NVIDIA's cards is several times as large as the one for the CPU.

    cuda   an NVIDIA card is seen: all that the lock file names
    cpu    none is seen, and an index has torch's builds for the CPU: the lock file without torch and what only
           its other builds need, and torch from that index
    small  none is seen, and there is no such index: the default build without those of NVIDIA's libraries that it
           starts without (it is linked to the others)

An index for builds comes from the person (an option or a variable) or from pip's own settings; none is named here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Optional, Tuple

from .environment import Environment

__all__ = ["CASES", "CPU_INDEX", "CUDA_INDEX", "Case", "Wish", "choose_case", "nvidia_seen", "settled_case"]

CPU_INDEX = "SAMELIGHT_TORCH_CPU_INDEX"
CUDA_INDEX = "SAMELIGHT_TORCH_CUDA_INDEX"

INDEX_SECONDS = 8
"""How long an index may take to say what it has."""


@dataclass(frozen=True)
class Case:
    """One of the ways to install the packages.

    name: what the record calls it.
    lock: its lock file.
    gigabytes: what it takes on the disk at most while it is installed, and afterwards.
    words: what is said about it.
    """

    name: str
    lock: str
    gigabytes: Tuple[float, float]
    words: str


# Measured on Linux with Python 3.11; see `update.sh` for what the lock files hold.
CASES = {
    "cuda": Case("cuda", "run.lock", (9.5, 5.9), "torch for NVIDIA cards"),
    "cpu": Case("cpu", "cpu.lock", (2.5, 1.8), "torch for the CPU"),
    "small": Case("small", "small.lock", (7.5, 4.6), "torch's default build without what it can do without"),
    "default": Case("default", "run.lock", (9.5, 5.9), "torch's default build"),
}
if sys.platform != "linux":  # where the default build is for the CPU (Windows) or for Apple's chips
    CASES["default"] = CASES["small"] = Case("default", "run.lock", (2.5, 1.8), "torch's default build")


@dataclass(frozen=True)
class Wish:
    """What the person asked for.

    build: "auto", "cpu", "cuda" or "default"; "" for what was asked for before, or "auto".
    cpu_index: where torch's builds for the CPU are; "" for wherever pip looks.
    cuda_index: where its builds for NVIDIA cards are; "" for wherever pip looks.
    """

    build: str = ""
    cpu_index: str = ""
    cuda_index: str = ""

    @property
    def index(self) -> Mapping[str, str]:
        """The index for each case that has one of its own."""
        named = {"cpu": self.cpu_index or os.environ.get(CPU_INDEX, ""),
                 "cuda": self.cuda_index or os.environ.get(CUDA_INDEX, "")}  # fmt: skip
        return {case: index for case, index in named.items() if index}


def nvidia_seen(root: Path = Path("/"), platform: str = sys.platform) -> Optional[str]:
    """By what an NVIDIA card that can be used shows; None where there is none.

    Args:
        root: the folder that holds the system.
        platform: its `sys.platform`.
    """
    if platform == "win32":
        system = Path(os.environ.get("SYSTEMROOT", "C:\\Windows")) if root == Path("/") else root / "Windows"
        library = system / "System32" / "nvcuda.dll"  # part of NVIDIA's driver
        return str(library) if library.exists() else None
    if platform != "linux":
        return None
    cards = root / "proc" / "driver" / "nvidia" / "gpus"
    if cards.is_dir() and any(cards.iterdir()):
        return str(cards)
    for device in ("dev/nvidia0", "dev/dxg"):  # the second one is Windows' card seen by its Linux subsystem
        if (root / device).exists() and (device != "dev/dxg" or (root / "usr/lib/wsl/lib/libcuda.so.1").exists()):
            return str(root / device)
    return "nvidia-smi" if root == Path("/") and _smi_lists_a_card() else None


def _smi_lists_a_card() -> bool:
    """Whether NVIDIA's own tool knows a card."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return False
    try:
        answer = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.returncode == 0 and "GPU" in answer.stdout


def settled_case(wish: Wish, card: Optional[str], recorded: Mapping[str, str]) -> Optional[Case]:
    """The way to install the packages, where no index has to be asked: what was chosen before stays. A machine that
    was given an NVIDIA card since then gets its build; one whose card is not seen keeps what it has.

    Args:
        wish: what the person asks for now.
        card: by what an NVIDIA card shows, None where there is none.
        recorded: what the record says about the environment: "torch", the case, and "asked", the wish.
    """
    build = wish.build or recorded.get("asked") or "auto"
    if build == "default":
        return CASES["default"]
    if build == "cuda" or (build == "auto" and card is not None):
        # For other systems than Linux the default build is not for NVIDIA's cards.
        has_it = sys.platform == "linux" or "cuda" in wish.index or recorded.get("torch") == "cuda"
        return CASES["cuda" if has_it else "default"]
    if sys.platform == "darwin":
        return CASES["default"]
    before = recorded.get("torch", "")
    fresh = wish.cpu_index or (build == "cpu" and before not in ("cpu", "small", "default"))
    return None if fresh else CASES.get(before)


def choose_case(wish: Wish, environment: Environment, torch: str) -> Case:
    """The way to install the packages on a machine without an NVIDIA card, or for somebody who wants none used.

    Args:
        wish: what the person asked for.
        environment: one whose pip can ask an index.
        torch: torch's version in the lock file.
    """
    return CASES["cpu"] if has_build(environment, torch, "cpu", wish.index.get("cpu", "")) else CASES["small"]


def has_build(environment: Environment, torch: str, kind: str, index: str) -> bool:
    """Whether an index (or pip's own settings, where it is "") has a build of torch for this Python.

    Args:
        environment: whose Python and pip it is about.
        torch: the version.
        kind: what the version goes on with, such as "cpu" in 1.0+cpu.
        index: its address.
    """
    command = [
        str(environment.python),
        "-I",
        "-m",
        "pip",
        "--no-input",
        "--disable-pip-version-check",
        "--retries",
        "0",
    ]
    command += ["--timeout", "5", "index", "versions", "torch", "--pre", *(["--index-url", index] if index else [])]
    try:
        answer = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=INDEX_SECONDS, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return f"{torch}+{kind}" in answer.stdout.replace(",", " ").replace("(", " ").replace(")", " ").split()
