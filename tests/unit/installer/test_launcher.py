"""The link to the `samelight` command: made, kept, mended, and never over somebody else's."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from samelight_installer import launcher
from samelight_installer.launcher import link_command, on_path, remove_command
from samelight_installer.places import user_data

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such folder")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    return tmp_path / "home"


@pytest.fixture
def command(tmp_path: Path) -> Path:
    path = tmp_path / "env" / "bin" / "samelight"
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n")
    return path


def test_is_made_once_and_found_again(home: Path, command: Path) -> None:
    link = link_command(command)
    assert link == home / ".local" / "bin" / "samelight"
    assert link.resolve() == command
    assert link_command(command) == link


def test_one_that_leads_nowhere_is_replaced(home: Path, command: Path, tmp_path: Path) -> None:
    link = link_command(tmp_path / "gone" / "samelight")
    assert link is not None
    assert not link.exists()
    assert link_command(command) == link
    assert link.resolve() == command


@pytest.mark.parametrize("kind", ["file", "link"])
def test_another_program_of_that_name_is_left_alone(home: Path, command: Path, tmp_path: Path, kind: str) -> None:
    other = tmp_path / "other"
    other.write_text("something else")
    place = home / ".local" / "bin" / "samelight"
    place.parent.mkdir(parents=True)
    if kind == "link":
        place.symlink_to(other)
    else:
        place.write_text("something else")
    assert link_command(command) is None
    assert place.read_text() == "something else"


def test_a_folder_that_cannot_be_made_is_no_failure(home: Path, command: Path) -> None:
    (home / ".local").mkdir(parents=True)
    (home / ".local" / "bin").write_text("a file where the folder should be")
    assert link_command(command) is None


def test_follows_an_upgrade(home: Path, command: Path, tmp_path: Path) -> None:
    link = link_command(command)
    new = tmp_path / "new" / "bin" / "samelight"
    new.parent.mkdir(parents=True)
    new.write_text("#!/bin/sh\n")
    (home / ".local" / "bin" / ".samelight.part").symlink_to("left by a kill")
    assert link_command(new) == link
    assert link is not None
    assert link.resolve() == new
    assert [path.name for path in link.parent.iterdir()] == ["samelight"]


def test_is_removed_if_it_is_ours(home: Path, command: Path, tmp_path: Path) -> None:
    assert remove_command() is None
    link = link_command(command)
    assert link is not None
    assert remove_command() == link
    assert not link.is_symlink()
    link.symlink_to(command)  # somebody's own
    assert remove_command() is None
    assert link.is_symlink()


def test_one_that_was_replaced_by_a_program_stays(home: Path, command: Path) -> None:
    link = link_command(command)
    assert link is not None
    link.unlink()
    link.write_text("something else")
    assert link_command(command) is None
    assert remove_command() is None
    assert link.read_text() == "something else"


def test_windows_script_names_no_user(home: Path) -> None:
    """Whose name may have letters that the console does not know."""
    inside = launcher._script(user_data() / "env" / "a" / "Scripts" / "samelight.exe")
    assert inside == '@"%~dp0..\\env\\a\\Scripts\\samelight.exe" %*\n'
    outside = launcher._script(Path("D:/Zoë/env/a/Scripts/samelight.exe"))
    assert outside.splitlines() == ["@chcp 65001 >nul", '@"D:/Zoë/env/a/Scripts/samelight.exe" %*']


def test_knows_whether_a_shell_finds_it(monkeypatch: pytest.MonkeyPatch, command: Path) -> None:
    monkeypatch.setenv("PATH", f"/usr/bin:{command.parent}")
    assert on_path(command)
    monkeypatch.setenv("PATH", "/usr/bin")
    assert not on_path(command)
