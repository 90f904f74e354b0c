"""The house rules that a machine can check: ruff, strict types, one version number, no package index named anywhere."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import samelight
import samelight_wire.release

ROOT = Path(__file__).parents[2]

OLD_PYTHON = ("shared", "installer", "plugins")

# Written in pieces, so that this file does not name them either.
INDEX_HOSTS = re.compile(r"(pypi|pythonhosted|npmjs|crates|anaconda|conda|deb\.debian|download\.pytorch)\.(org|com|io)")


def run_tool(*arguments: str) -> str:
    """Runs a tool in the checkout; gives what it complains about."""
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("tool", ["ruff check .", "ruff format --check .", "mypy"])
def test_a_tool_has_no_complaint(tool: str) -> None:
    complaint = run_tool(*tool.split())
    assert not complaint, complaint


def test_what_must_run_on_python_3_8_is_written_for_it() -> None:
    old = [path for path in tracked_files() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in OLD_PYTHON]
    assert len(old) > 10
    for path in old:
        ast.parse(path.read_text(encoding="utf-8"), str(path), feature_version=(3, 8))


def test_one_version_number() -> None:
    assert samelight.__version__ == samelight_wire.release.RELEASE


def test_no_file_names_a_package_index() -> None:
    named = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked_files()
        for match in INDEX_HOSTS.finditer(path.read_text(encoding="utf-8", errors="ignore"))
    ]
    assert named == []


def test_lock_files_are_complete_and_pinned_by_hash() -> None:
    for name in ("pip.lock", "run.lock", "small.lock", "cpu.lock", "test.lock"):
        lines = (ROOT / "installer" / "requirements" / name).read_text(encoding="utf-8").splitlines()
        entries = [index for index, line in enumerate(lines) if line and not line.startswith((" ", "#"))]
        assert entries, name
        for index in entries:
            assert re.match(r"[a-z0-9][a-z0-9._-]*==[^ ]+( ; .+)? \\$", lines[index]), lines[index]
            assert lines[index + 1].strip().startswith("--hash=sha256:"), lines[index]


def test_torch_is_locked_with_its_torchvision() -> None:
    lock = (ROOT / "installer" / "requirements" / "run.lock").read_text(encoding="utf-8")
    assert re.search(r"^torch==2\.15\.0 ", lock, re.MULTILINE)
    assert re.search(r"^torchvision==0\.29\.2 ", lock, re.MULTILINE)
    assert "torch==2.13.0" not in lock


def test_no_module_is_longer_than_400_lines() -> None:
    code = [path for path in tracked_files() if path.suffix == ".py" and "tests" not in path.relative_to(ROOT).parts]
    assert {str(path.relative_to(ROOT)): n for path in code if (n := path.read_text().count("\n")) > 400} == {}
