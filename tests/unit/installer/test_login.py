"""The start at login: written for each system, checked by the system's own tools where they can be had."""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import pytest

from samelight_installer.errors import InstallError
from samelight_installer.login import (
    Account,
    Start,
    autostart,
    launchd,
    login_entry,
    login_files,
    login_kind,
    put_login_entry,
    remove_login_entry,
    systemd,
    task,
)
from samelight_installer.record import read_record

AWKWARD = 'a folder with 100% "quotes" $HOME `tick` \\ back'


@dataclass(frozen=True)
class Recorded(Account):
    """An account on a system whose tools are not here: what would be run is written down, and answered as told."""

    asked: list[tuple[str, ...]] = field(default_factory=list)
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)

    def run(self, *command: str) -> tuple[int, str]:
        self.asked.append(command)
        return self.answers.get(" ".join(command[:2]), (0, ""))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder in which the record lies, too."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    return folder


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """A program whose path has every character that means something to somebody."""
    program = tmp_path / AWKWARD / "samelight"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$0" "$@" "$XDG_DATA_HOME" > "$(dirname "$0")/said"\n')
    program.chmod(0o755)
    return Start(program, variables={"XDG_DATA_HOME": f"/data of {AWKWARD}"})


def desktop(home: Path) -> Account:
    """A Linux without systemd for the user."""
    return Account("linux", home, {"PATH": ""})


def snapshot(folder: Path) -> dict[str, str]:
    """All that is in a folder, but for the record."""
    return {
        str(path.relative_to(folder)): str(path.readlink()) if path.is_symlink() else path.read_text(errors="replace")
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


# ---- XDG autostart ----


def test_autostart_entry_is_valid(home: Path, start: Start) -> None:
    tool = shutil.which("desktop-file-validate")
    if tool is None:
        pytest.skip("desktop-file-validate is not installed (package desktop-file-utils)")
    entry = put_login_entry(start, desktop(home))
    assert entry.kind == "autostart"
    assert entry.path == home / ".config" / "autostart" / "samelight.desktop"
    said = subprocess.run([tool, "--warn-kde", str(entry.path)], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (0, "")


def unescaped(line: str) -> list[str]:
    """An Exec line's words as the specification has them read: the value's escapes, a shell's quotes, field codes."""
    value = line.removeprefix("Exec=").replace("\\\\", "\\")
    said = subprocess.run(["sh", "-c", f"printf '%s\\n' {value}"], capture_output=True, text=True, check=True).stdout
    return [word.replace("%%", "%") for word in said.splitlines()]


def test_autostart_entry_starts_the_program_wherever_it_lies(home: Path, start: Start) -> None:
    text = autostart.render(start).decode()
    words = unescaped(next(line for line in text.splitlines() if line.startswith("Exec=")))
    assert words[-3:] == [str(start.program), "daemon", "--unless-running"]
    subprocess.run(words, check=True)
    said = (start.program.parent / "said").read_text().splitlines()
    assert said == [str(start.program), "daemon", "--unless-running", start.variables["XDG_DATA_HOME"]]
    assert autostart.program(text.encode()) == str(start.program)


# ---- systemd ----


def test_systemd_unit_is_valid(home: Path, start: Start, tmp_path: Path) -> None:
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not installed (package systemd)")
    unit = tmp_path / systemd.NAME
    unit.write_bytes(systemd.render(start))
    said = subprocess.run(
        [tool, "--user", "--man=no", "verify", str(unit)],
        capture_output=True, text=True, check=False, env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
    )  # fmt: skip
    assert (said.returncode, said.stdout + said.stderr) == (0, "")
    assert systemd.program(unit.read_bytes()) == str(start.program)


def test_systemd_unit_is_guarded(start: Start, tmp_path: Path) -> None:
    """A unit of a user's cannot have all that a system's can; what systemd counts must not become worse than this."""
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not installed (package systemd)")
    unit = tmp_path / systemd.NAME
    unit.write_bytes(systemd.render(start))
    command = [tool, "security", "--offline=yes", "--user", "--no-pager", "--threshold=70", str(unit)]
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    said = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if "unrecognized option" in said.stderr:
        pytest.skip("this systemd-analyze judges no files")
    assert said.returncode == 0, said.stdout[-400:] + said.stderr
    for setting in ("Restart=on-failure", "MemoryMax=", "NoNewPrivileges=yes", "UMask=0077"):
        assert setting in unit.read_text()


def test_systemd_is_told_and_the_link_made(home: Path, start: Start) -> None:
    account = Recorded("linux", home, {}, answers={"systemctl --user": (0, "Version=257")})
    entry = put_login_entry(start, account)
    assert (entry.kind, entry.changed, entry.problem) == ("systemd", True, "")
    folder = home / ".config" / "systemd" / "user"
    assert (folder / "default.target.wants" / systemd.NAME).resolve() == folder / systemd.NAME
    assert account.asked[-1] == ("systemctl", "--user", "daemon-reload")
    assert read_record()["login"]["kind"] == "systemd"


def test_a_session_that_gets_systemd_later_has_one_entry(home: Path, start: Start) -> None:
    put_login_entry(start, desktop(home))
    put_login_entry(start, Recorded("linux", home, {}, answers={"systemctl --user": (0, "Version=257")}))
    assert {path.name for path in login_files(desktop(home))} == {systemd.NAME}
    put_login_entry(start, desktop(home))
    assert {path.name for path in login_files(desktop(home))} == {autostart.NAME}


# ---- macOS ----


def test_launchd_agent(home: Path, start: Start) -> None:
    account = Recorded("darwin", home, {})
    entry = put_login_entry(start, account)
    assert entry.path is not None
    agent = plistlib.loads(entry.path.read_bytes())
    assert agent["ProgramArguments"] == [str(start.program), "daemon", "--unless-running"]
    assert agent["KeepAlive"] == {"SuccessfulExit": False}
    assert agent["RunAtLoad"] is True
    assert agent["Umask"] == 0o077
    assert agent["EnvironmentVariables"] == start.variables
    assert Path(agent["StandardErrorPath"]).parent.is_dir()
    assert [command[:2] for command in account.asked] == [("launchctl", "bootout"), ("launchctl", "bootstrap")]
    assert launchd.program(b"no plist") == ""
    remove_login_entry(account)
    assert not entry.path.exists()
    assert account.asked[-1][:2] == ("launchctl", "bootout")


def test_launchd_that_has_not_ended_the_older_one_yet_is_asked_again(
    home: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launchd, "PAUSE_SECONDS", 0.0)
    account = Recorded("darwin", home, {}, answers={"launchctl bootstrap": (5, "Input/output error")})
    assert "will see it at the next login: Input/output error" in put_login_entry(start, account).problem
    assert [command[1] for command in account.asked] == ["bootout", *["bootstrap"] * launchd.ATTEMPTS]


# ---- Windows ----

WINDOWS = {"USERDOMAIN": "DESK & CO", "USERNAME": "anna"}


def test_windows_task() -> None:
    start = Start(Path("C:/Users/anna & co/env/a/Scripts/pythonw.exe"), ("-I", "-m", "samelight.cli.daemon"))
    text = task.render(start, Account("win32", Path("C:/Users/anna"), WINDOWS)).decode("utf-16")
    root = ElementTree.fromstring(text.split("?>", 1)[1])  # noqa: S314 - our own text
    facts = {element.tag.rpartition("}")[2]: element.text for element in root.iter()}
    assert facts["UserId"] == "DESK & CO\\anna"
    assert facts["Arguments"] == "-I -m samelight.cli.daemon"
    assert (facts["Hidden"], facts["ExecutionTimeLimit"], facts["RunLevel"]) == ("true", "PT0S", "LeastPrivilege")
    assert (facts["Interval"], facts["Count"]) == ("PT1M", "3")
    assert facts["RunOnlyIfNetworkAvailable"] == facts["DisallowStartIfOnBatteries"] == "false"
    assert task.program(text.split("?>", 1)[1]) == str(start.program)


def test_windows_task_is_made_once_and_removed(home: Path, start: Start) -> None:
    account = Recorded("win32", home, WINDOWS, answers={"schtasks /query": (1, ""), "reg query": (1, "")})
    assert put_login_entry(start, account).kind == "task"
    assert ("schtasks", "/create", "/tn", task.NAME) in {command[:4] for command in account.asked}
    described = task.render(start, account).decode("utf-16").split("?>", 1)[1]
    there = Recorded("win32", home, WINDOWS, answers={"schtasks /query": (0, f"HostName\n{described}")})
    assert not put_login_entry(start, there).changed
    found = login_entry(there)
    assert found is not None
    assert found.program == str(start.program)
    assert found.works
    remove_login_entry(there)
    assert ("schtasks", "/delete") in {command[:2] for command in there.asked}


def test_windows_without_the_right_to_make_tasks(home: Path) -> None:
    start = Start(Path("C:/Users/anna & co/env/a/Scripts/pythonw.exe"), ("-I", "-m", "samelight.cli.daemon"))
    refused = {"schtasks /create": (1, "Access is denied."), "schtasks /query": (1, ""), "reg query": (1, "")}
    account = Recorded("win32", home, WINDOWS, answers=refused)
    put_login_entry(start, account)
    added = next(command for command in account.asked if command[:2] == ("reg", "add"))
    assert added[added.index("/d") + 1].startswith(f'"{start.program}" ')
    value = f"    {task.NAME}    REG_SZ    {task.run_value(start)}"
    there = Recorded("win32", home, WINDOWS, answers={"schtasks /query": (1, ""), "reg query": (0, value)})
    found = login_entry(there)
    assert found is not None
    assert found.program == str(start.program)
    nothing = Recorded("win32", home, WINDOWS, answers={**refused, "reg add": (1, "no")})
    with pytest.raises(InstallError, match="Access is denied"):
        put_login_entry(start, nothing)


# ---- all of them ----


@pytest.mark.parametrize("system", ["desktop", "systemd", "macOS"])
def test_put_twice_changes_nothing_and_removal_leaves_nothing(home: Path, start: Start, system: str) -> None:
    (home / ".config").mkdir()
    (home / ".config" / "other").write_text("somebody else's")
    before = snapshot(home)
    account: Account = {
        "desktop": desktop(home),
        "systemd": Recorded("linux", home, {}, answers={"systemctl --user": (0, "Version=257")}),
        "macOS": Recorded("darwin", home, {}),
    }[system]
    assert login_entry(account) is None
    first = put_login_entry(start, account)
    there = snapshot(home)
    second = put_login_entry(start, account)
    assert (first.changed, second.changed) == (True, False)
    assert snapshot(home) == there
    found = login_entry(account)
    assert found is not None
    assert (found.kind, found.program, found.works) == (login_kind(account), str(start.program), True)
    removed = remove_login_entry(account)
    assert first.path in removed
    after = snapshot(home)
    assert {name for name in after if "installed.json" not in name} == set(before)
    assert remove_login_entry(account) == []


def test_an_upgrade_replaces_the_program(home: Path, start: Start, tmp_path: Path) -> None:
    put_login_entry(start, desktop(home))
    entry = put_login_entry(Start(tmp_path / "b" / "samelight"), desktop(home))
    assert entry.changed
    assert not entry.works
    found = login_entry(desktop(home))
    assert found is not None
    assert found.program == str(tmp_path / "b" / "samelight")


def test_what_cannot_be_written_is_said(home: Path, start: Start) -> None:
    (home / ".config").write_text("a file in the way")
    with pytest.raises(InstallError, match="cannot be written"):
        put_login_entry(start, desktop(home))


def test_variables_that_move_the_daemons_files_come_along(home: Path) -> None:
    account = Account(
        "linux", home, {"SAMELIGHT_CONFIG": "/c", "XDG_DATA_HOME": "/d", "LANG": "C", "SAMELIGHT_WEIGHTS": ""}
    )
    assert account.carried() == {"SAMELIGHT_CONFIG": "/c", "XDG_DATA_HOME": "/d"}
