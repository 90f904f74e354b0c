"""The same tests again under Python 3.8, the oldest that an editor carries.

The interpreter is what SAMELIGHT_PYTHON38 names, or python3.8 on the path, or one of pyenv's. If it lacks the packages,
an environment with them is made once, in the user's cache.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent.parent.parent
PACKAGES = ["pytest>=8", "msgpack>=1", "pyzmq>=25", "platformdirs>=4"]


def _candidates() -> list[str]:
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [os.environ.get("SAMELIGHT_PYTHON38"), shutil.which("python3.8")]
    found += [str(path) for path in sorted(pyenv.glob("versions/3.8.*/bin/python"))]
    return [each for each in found if each]


def _can_run(python: str | Path, script: str) -> bool:
    run = subprocess.run([str(python), "-c", script], capture_output=True, check=False)
    return run.returncode == 0


def _environment(python: str) -> Path:
    """An environment of this interpreter with the packages, made where there is none yet; skips if that fails."""
    folder = Path(platformdirs.user_cache_dir("samelight")) / "tests-python3.8"
    inside = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if inside.exists() and _can_run(inside, "import pytest, msgpack, zmq, platformdirs"):
        return inside
    install = [str(inside), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES]
    for command in ([python, "-m", "venv", "--clear", str(folder)], install):
        try:
            run = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
        except subprocess.TimeoutExpired:
            pytest.skip(f"`{' '.join(command)}` took too long")
        if run.returncode != 0:
            pytest.skip(f"`{' '.join(command)}` failed: {run.stderr.strip()[-200:]}")
    return inside


@pytest.fixture(scope="module")
def python38() -> str:
    """A Python 3.8 with what the tests need."""
    if sys.version_info < (3, 9):  # noqa: UP036  # the tests of the wire do run there
        pytest.skip("this is Python 3.8")
    usable = [each for each in _candidates() if _can_run(each, "import sys; assert sys.version_info[:2] == (3, 8)")]
    if not usable:
        pytest.skip("no Python 3.8 here: set SAMELIGHT_PYTHON38 to one")
    for each in usable:
        if _can_run(each, "import pytest, msgpack, zmq, platformdirs"):
            return each
    return str(_environment(usable[0]))


@pytest.mark.slow
def test_the_tests_of_the_wire_pass_under_python_38(python38: str) -> None:
    command = [python38, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(FOLDER), f"--ignore={__file__}"]
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-2000:]
    assert " passed" in run.stdout
