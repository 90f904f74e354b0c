"""What the installer remembers, and that one of them works at a time."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from samelight_installer.errors import InstallError
from samelight_installer.one_at_a_time import INHERITED, only_one
from samelight_installer.places import CHECKOUT
from samelight_installer.record import (
    change_record,
    forget_record,
    lock_path,
    make_folder,
    read_record,
    record_path,
    remove_empty_folders,
)

PLUGIN = {"editor": "Krita", "kind": "package", "data": "/d", "config": "/c", "private": None}

HOLDER = """
import subprocess, sys
from samelight_installer.one_at_a_time import held_descriptors, only_one
with only_one():
    child = subprocess.Popen(["sleep", "60"], pass_fds=held_descriptors())
    print(child.pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv(INHERITED, raising=False)
    return folder


def test_parts_are_replaced_one_by_one() -> None:
    assert read_record() == {}
    change_record(command="/c", environment={"home": "/e"})
    change_record(command=None, login={"wanted": False})
    assert {key: value for key, value in read_record().items() if key != "folders"} == {
        "format": 1,
        "environment": {"home": "/e"},
        "login": {"wanted": False},
    }
    assert stat.S_IMODE(record_path().stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 2}', "\xff"])
def test_a_damaged_record_counts_as_none(content: str) -> None:
    change_record(command="/c")
    record_path().write_text(content, encoding="latin-1")
    assert read_record() == {}


@pytest.mark.parametrize(
    ("damaged", "left"),
    [
        ({"environment": "x", "command": "/c"}, {"command": "/c"}),
        ({"environment": {"home": 5, "folder": "/e/a"}}, {"environment": {"folder": "/e/a"}}),
        ({"environment": None, "login": None, "plugins": None, "folders": None, "command": 7}, {}),
        ({"folders": ["/a", 1, None]}, {"folders": ["/a"]}),
        ({"login": {"wanted": False, "files": "/f"}}, {"login": {"wanted": False, "files": []}}),
        ({"plugins": [1, {"editor": "Krita"}, {**PLUGIN, "private": 3}, PLUGIN]}, {"plugins": [PLUGIN]}),
    ],
)
def test_parts_that_make_no_sense_are_left_out(damaged: dict[str, object], left: dict[str, object]) -> None:
    change_record(command="/c")
    record_path().write_text(json.dumps({"format": 1, **damaged}))
    assert read_record() == {"format": 1, **left}


def test_the_home_is_as_it_was(home: Path) -> None:
    (home / ".config").mkdir()
    make_folder(home / ".config" / "ours" / "deeper")
    make_folder(home / ".config" / "ours" / "deeper")
    make_folder(home / ".local" / "bin")
    (home / ".local" / "bin" / "theirs").write_text("")
    folders = read_record()["folders"]
    assert len(set(folders)) == len(folders)
    removed = remove_empty_folders()
    assert home / ".config" / "ours" in removed
    forget_record()
    assert {path.relative_to(home).as_posix() for path in home.rglob("*")} == {
        ".config",
        ".local",
        ".local/bin",
        ".local/bin/theirs",
    }


def test_what_cannot_be_written_is_said(home: Path) -> None:
    (home / ".local").write_text("a file in the way")
    with pytest.raises(InstallError, match="cannot be written"):
        change_record(command="/c")


@pytest.mark.skipif(sys.platform == "win32", reason="starts sleep")
def test_a_second_one_waits_even_for_what_a_killed_one_left_running() -> None:
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "installer")}
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as holder:
        assert holder.stdout is not None
        child = int(holder.stdout.readline())
        waited: list[str] = []
        with pytest.raises(InstallError, match="Another installation"), only_one(lambda: waited.append("once"), 0.5):
            pass
        assert waited == ["once"]
        holder.kill()
    with pytest.raises(InstallError, match="Another installation"), only_one(wait_seconds=0.3):
        pass
    os.kill(child, signal.SIGKILL)
    with only_one(wait_seconds=10):
        assert lock_path().exists()


def test_what_an_installer_starts_works_under_its_lock() -> None:
    inner = "from samelight_installer.one_at_a_time import only_one\nwith only_one(wait_seconds=0): print('in')"
    environment = {"PYTHONPATH": str(CHECKOUT / "installer")}
    with only_one():
        command = [sys.executable, "-c", inner]
        said = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=True)
    assert said.stdout == "in\n"
    assert INHERITED not in os.environ
