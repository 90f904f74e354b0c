"""`python3 installer test`: the test environment in .venv, then the tests."""

from __future__ import annotations

import subprocess
from typing import Sequence

from .console import Console
from .environment.environment import Environment
from .environment.packages import ensure_packages, ensure_samelight
from .environment.preparing import prepare
from .environment.torch_choice import CASES
from .places import CHECKOUT, REQUIREMENTS

__all__ = ["run_tests"]


def run_tests(arguments: Sequence[str]) -> int:
    """Prepares .venv and runs pytest there with these arguments; gives pytest's exit code.

    Raises:
        InstallError: the environment cannot be prepared.
    """
    environment = Environment(CHECKOUT / ".venv")
    console = Console(4)
    console.step(f"Python environment in {environment.folder}")
    prepare(environment, console, CASES["default"].gigabytes[0] * 1e9)
    console.step("Packages")
    console.note("installed" if ensure_packages(environment, REQUIREMENTS, "test.lock", console) else "all there")
    console.step("Samelight, editable")
    changed = ensure_samelight(environment, CHECKOUT, console, editable=True)
    console.note("installed" if changed else "there already")
    console.step("Tests (with ruff and mypy among them)")
    return subprocess.run([str(environment.python), "-m", "pytest", *arguments], cwd=CHECKOUT, check=False).returncode
