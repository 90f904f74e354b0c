"""What `python3 installer` says before and after: its help, its plan, its table, its refusals."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from samelight_installer.closing import describe_end
from samelight_installer.environment import preparing
from samelight_installer.environment.preparing import check_space
from samelight_installer.environment.slots import Slots, copy_environment, environments_home, remove_environments
from samelight_installer.environment.torch_choice import CASES
from samelight_installer.errors import InstallError
from samelight_installer.main import main
from samelight_installer.places import CHECKOUT
from samelight_installer.record import change_record, remove_empty_folders

Usage = namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    return folder


def run(*arguments: str) -> str:
    command = [sys.executable, "-I", str(CHECKOUT / "installer"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_help_names_every_option() -> None:
    said = run("--help")
    for option in ("--env", "--login", "--no-login", "--no-start", "--torch", "--cpu-index", "--dry-run", "--json"):
        assert option in said
    assert max(map(len, said.splitlines())) <= 120


def test_a_plan_changes_nothing(home: Path) -> None:
    plan = json.loads(run("--dry-run", "--json"))
    assert plan["environment"] == str(home / ".local" / "share" / "samelight" / "env")
    assert plan["action"] == "installed"
    assert plan["needed_gigabytes"] > 1
    assert "This would be done" in run("--dry-run")
    assert list(home.iterdir()) == []


def test_contradictions_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--login", "--no-login"])
    assert caught.value.code == 2
    assert "exclude each other" in capsys.readouterr().err


REPORT = {
    "environment": {"folder": "/e/a", "torch": "small", "changed": True},
    "command": "samelight",
    "editors": [
        {"name": "Krita", "version": "5.2.9", "kind": "package", "folder": "/k"},
        {"name": "GIMP", "version": None, "kind": "flatpak", "folder": "/g", "problem": "It cannot be written."},
    ],
    "login": {"kind": "systemd", "state": "on", "problem": ""},
    "daemon": {"state": "started", "problem": ""},
    "sample": "/s.png",
}


def test_the_table_at_the_end() -> None:
    said = describe_end(REPORT)
    for words in ("Krita 5.2.9", "/k", "It cannot be written.", "samelight login off", "started", "/s.png"):
        assert words in said
    assert "samelight harmonize PICTURE MASK" in said
    assert "Tools > Scripts" in said
    nothing = describe_end({**REPORT, "editors": [], "login": {"state": "off"}, "daemon": {"problem": "No port."}})
    for words in ("none found", "samelight login on", "No port."):
        assert words in nothing


# ---- disk ----


def test_a_disk_too_small_is_refused_with_the_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, 5 * 10**9))
    for case, (needed, _) in ((case.name, case.gigabytes) for case in CASES.values()):
        if needed > 5:
            with pytest.raises(InstallError, match=rf"needs {needed} GB .* has 5.0 GB left") as caught:
                check_space(tmp_path / "env" / case, needed * 1e9)
            assert "--env" in caught.value.hint
        else:
            check_space(tmp_path / "env" / case, needed * 1e9)


def test_what_is_there_already_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing.shutil, "disk_usage", lambda _: Usage(10**9, 0, 500))
    (tmp_path / "half").write_bytes(bytes(600))
    check_space(tmp_path, 1000)
    with pytest.raises(InstallError):
        check_space(tmp_path, 1200)
    (tmp_path / "shared").hardlink_to(tmp_path / "half")  # with the environment in use: takes no space of its own
    with pytest.raises(InstallError):
        check_space(tmp_path, 1000)


# ---- the two places ----


def make_environment(folder: Path) -> Path:
    """What looks like an environment in a place."""
    (folder / "bin").mkdir(parents=True)
    (folder / "lib").mkdir()
    (folder / "lib" / "module.py").write_text("whatever")
    (folder / "bin" / "samelight").write_text(f"#!{folder}/bin/python\n")
    (folder / "bin" / "samelight").chmod(0o755)
    (folder / "bin" / "python").symlink_to(sys.executable)
    (folder / "lib64").symlink_to("lib")
    (folder / "pyvenv.cfg").write_text(f"command = python -m venv {folder}\n")
    return folder


def test_a_copy_knows_its_place_and_shares_the_rest(tmp_path: Path) -> None:
    first = make_environment(tmp_path / "env" / "a")
    second = tmp_path / "env" / "b"
    copy_environment(first, second)
    assert (second / "bin" / "samelight").read_text() == f"#!{second}/bin/python\n"
    assert (second / "bin" / "samelight").stat().st_mode == (first / "bin" / "samelight").stat().st_mode
    assert str(second) in (second / "pyvenv.cfg").read_text()
    assert (second / "bin" / "python").readlink() == Path(sys.executable)
    assert (second / "lib64").is_symlink()
    assert (second / "lib" / "module.py").samefile(first / "lib" / "module.py")
    assert (first / "bin" / "samelight").read_text() == f"#!{first}/bin/python\n"


def test_where_the_environment_is(home: Path, tmp_path: Path) -> None:
    assert environments_home() == home / ".local" / "share" / "samelight" / "env"
    change_record(environment={"home": str(tmp_path / "mine"), "folder": str(tmp_path / "mine" / "b")})
    assert environments_home() == tmp_path / "mine"
    assert environments_home(tmp_path / "other") == tmp_path / "other"
    slots = Slots(tmp_path / "mine")
    assert slots.active is not None
    assert slots.next().folder == tmp_path / "mine" / "a"


def test_somebody_elses_environment_is_left_alone(tmp_path: Path) -> None:
    foreign = make_environment(tmp_path / "venv")
    with pytest.raises(InstallError, match="something that is not Samelight's"):
        Slots(foreign)


@pytest.mark.parametrize("name", ["a", "b", "a.part"])
def test_a_persons_folder_of_that_name_is_left_alone(tmp_path: Path, name: str) -> None:
    precious = tmp_path / "disk" / name / "precious"
    precious.parent.mkdir(parents=True)
    precious.write_text("somebody's")
    with pytest.raises(InstallError, match="something that is not Samelight's"):
        Slots(tmp_path / "disk")
    precious.unlink()
    Slots(tmp_path / "disk")
    make_environment(tmp_path / "disk" / name)
    Slots(tmp_path / "disk")


def test_an_environment_that_was_only_begun_is_known(tmp_path: Path) -> None:
    """Killed before it was an environment, in a folder that the person named."""
    Slots(tmp_path / "new" / "mine").begin("a goal")
    half = tmp_path / "new" / "mine" / "a" / "lib" / "half"
    half.parent.mkdir(parents=True)
    half.write_text("")
    Slots(tmp_path / "new" / "mine")
    assert remove_environments() == [tmp_path / "new" / "mine" / "a", tmp_path / "new" / "mine"]
    assert remove_empty_folders()[0] == tmp_path / "new"


def test_removal_takes_what_is_ours(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    make_environment(mine / "a")
    make_environment(mine / "b.part")
    (mine / "notes.txt").write_text("somebody's")
    change_record(environment={"home": str(mine), "folder": str(mine / "a")})
    removed = remove_environments()
    assert [path.name for path in mine.iterdir()] == ["notes.txt"]
    assert mine / "a" in removed
    assert remove_environments() == []
