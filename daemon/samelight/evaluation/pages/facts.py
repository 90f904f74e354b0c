"""What has to be known to repeat an evaluation: when, where and how it was run."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from datetime import datetime, timezone
from pathlib import Path

import torch

from samelight import __version__

__all__ = ["facts_of_the_run"]


def facts_of_the_run() -> dict[str, str]:
    """A few lines of (what, value), in the order in which they are printed."""
    program = Path(sys.argv[0]).stem
    return {
        # `python -m samelight.cli.main` is the same program
        "command": shlex.join(["samelight" if program == "main" else program, *sys.argv[1:]]),
        "date": datetime.now(timezone.utc).astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "software": f"Samelight {__version__}, Python {platform.python_version()}, PyTorch {torch.__version__}",
    }


def _processor() -> str:
    """The processor's name where the system tells it, its architecture elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()
