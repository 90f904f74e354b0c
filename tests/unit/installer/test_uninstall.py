"""Uninstalling: a home folder is afterwards as it was before, whatever state the installation was in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

from samelight.cli.install import vendored_packages
from samelight_installer.editors import Editor
from samelight_installer.environment.environment import Environment
from samelight_installer.environment.slots import Slots
from samelight_installer.errors import InstallError
from samelight_installer.launcher import link_command
from samelight_installer.login import Start, put_login_entry
from samelight_installer.main import main
from samelight_installer.places import CHECKOUT, user_data
from samelight_installer.plugin.installing import Goods, install_all
from samelight_installer.record import change_record, make_folder, record_path
from samelight_installer.removal import belongings
from samelight_installer.removal import plan as uninstall_plan
from samelight_installer.removal.plan import Choices
from samelight_installer.removal.uninstall import uninstall

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps a part of it in its registry")

KRITARC = "theme=Krita dark.colors\n[python]\nenable_tenbrushes=true\n\n[tools]\nsize=7\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user who has painted in Krita for years."""
    folder = tmp_path / "home"
    (folder / ".config").mkdir(parents=True)
    (folder / ".config" / "kritarc").write_text(KRITARC)
    (folder / ".local" / "share" / "krita" / "pykrita" / "tenbrushes").mkdir(parents=True)
    (folder / ".local" / "share" / "krita" / "pykrita" / "tenbrushes" / "__init__.py").write_text("")
    for name in [each for each in os.environ if each.startswith(("XDG_", "SAMELIGHT_", "GIMP"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setattr(uninstall_plan, "find_editors", lambda: iter(editors_in(folder)))
    return folder


def editors_in(home: Path) -> list[Editor]:
    """A Krita and a GIMP of the distribution, and a GIMP in a sandbox; none of them gets compiled packages, for which
    pip would have to be asked.
    """
    config, sandbox = home / ".config", home / ".var" / "app" / "org.gimp.GIMP"
    gimp, inside = config / "GIMP" / "3.0", sandbox / "config" / "GIMP" / "3.0"
    private = sandbox / "data" / "samelight" / "run"
    return [
        Editor("Krita", "package", "5.2.9", (3, 13), None, home / ".local/share/krita", config / "kritarc"),
        Editor("GIMP", "package", "3.0.4", (3, 13), None, gimp, gimp / "gimprc"),
        Editor("GIMP", "flatpak", "3.0.4", (3, 12), None, inside, inside / "gimprc", private=private),
    ]


def install(home: Path) -> None:
    """Does to the home what `python3 installer` and some days of use do, but for the packages' gigabytes."""
    belongings.note_user_folders()
    slots = Slots(user_data() / "env")
    make_folder(slots.home)
    environment = Environment(slots.home / "a")
    environment.samelight.parent.mkdir(parents=True)
    environment.samelight.write_text("#!/bin/sh\n")
    environment.write_stamp({"goal": "all"})
    slots.commit(environment, torch="cpu")
    link_command(environment.samelight)
    goods = Goods(vendored_packages(), belongings.connection_file(), environment.samelight)
    outcomes = install_all(editors_in(home), goods, lambda editor: False)
    assert {outcome.state for outcome in outcomes} == {"new"}
    put_login_entry(Start(environment.samelight))
    write(user_data() / "sample" / "before-after.png", user_data() / "sample" / "harmonized.png")
    use_it()


def use_it() -> None:
    """What the daemon, the commands and the editors leave behind."""
    run, weights, log = belongings.connection_file(), belongings.user_weights(), belongings.user_log()
    write(run, run.with_name("connection.json.lock"), log / "daemon.log", log / "daemon.log.1")
    write(belongings.user_cache() / "costs.json", belongings.user_settings())
    write(weights / "sam_vit_b_01ec64.pth", weights / "sam_vit_b_01ec64.pth.lock", weights / "checked.json")


def write(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("made by Samelight\n")


def contents(home: Path) -> dict[str, bytes | None]:
    """Every file of a home with its bytes, every folder with None."""
    return {
        str(path.relative_to(home)): path.read_bytes() if path.is_file() else None for path in sorted(home.rglob("*"))
    }


def remove(**choices: bool) -> int:
    return uninstall(Choices(**choices), dry_run=False, sure=True, as_json=True)


# ---- the home folder ----


def test_the_home_is_as_it_was_before(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(home)
    install(home)
    assert len(contents(home)) > len(before) + 100
    assert remove() == 0
    assert contents(home) == before


def test_a_new_home_is_empty_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["rm", "-r", str(home / ".config"), str(home / ".local")], check=True)
    install(home)
    assert remove() == 0
    assert contents(home) == {}


def test_files_with_names_like_ours_stay(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMELIGHT_CONNECTION_FILE", str(home / "c[1]"))
    monkeypatch.setenv("SAMELIGHT_WEIGHTS", str(home / "models"))
    theirs = [home / "c[1] of mine.txt", home / "c1", home / "models" / "sam_vit_b_medical.pth"]
    ours = [home / "c[1]", home / "c[1].lock", home / "c[1].copies", home / ".c[1].0a1b2c3d"]
    write(*theirs, *ours, home / "models" / "sam_vit_b_01ec64.pth.part.json")
    assert remove() == 0
    assert [path.exists() for path in theirs] == [True] * 3
    assert [path.exists() for path in ours] == [False] * 4
    assert [path.name for path in (home / "models").iterdir()] == ["sam_vit_b_medical.pth"]


def test_a_second_time_there_is_nothing_to_do(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(home)
    assert remove() == 0
    assert contents(home) == before
    install(home)
    assert remove() == remove() == 0
    assert contents(home) == before


def test_a_home_whose_record_is_lost(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command in ~/.local/bin stays then, because nothing says any more that it is ours; all else goes."""
    install(home)
    record_path().write_text("{ damaged")
    assert remove() == 0
    left = {name for name, content in contents(home).items() if b"amelight" in (content or b"") or "amelight" in name}
    assert left <= {".local/bin/samelight"}


@pytest.mark.parametrize("lacking", ["environment", "plugin", "login", "command", "data"])
def test_half_an_installation(home: Path, monkeypatch: pytest.MonkeyPatch, lacking: str) -> None:
    before = contents(home)
    install(home)
    gone = {
        "environment": [user_data() / "env"],
        "plugin": [home / ".local/share/krita/pykrita/samelight_krita", home / ".config/GIMP/3.0/plug-ins"],
        "login": [home / ".config" / "autostart"],
        "command": [home / ".local" / "bin"],
        "data": [user_data() / "run", user_data() / "sample", belongings.user_log(), user_data() / "weights"],
    }[lacking]
    subprocess.run(["rm", "-r", *map(str, gone)], check=True)
    assert remove() == 0
    assert contents(home) == before


def test_leftovers_of_an_installation_that_was_killed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(home)
    install(home)
    write(user_data() / ".installed-x7", home / ".local/share/krita/pykrita/.samelight-new/samelight_krita/half.py")
    write(home / ".config" / "autostart" / ".samelight-q", user_data() / "env" / "b.part" / "bin" / "python")
    (home / ".local" / "bin" / ".samelight-x").mkdir()
    assert remove() == 0
    assert contents(home) == before


# ---- what stays ----


def test_files_of_the_person_stay_and_are_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(home)
    install(home)
    own = [user_data() / "weights" / "notes.txt", user_data() / "sample" / "mine" / "picture.kra"]
    write(*own)
    capsys.readouterr()
    assert main(["uninstall", "--dry-run", "--json"]) == 0
    assert [Path(kept["path"]) for kept in json.loads(capsys.readouterr().out)["kept"]] == sorted(own)
    assert remove() == 0
    assert [Path(kept["path"]) for kept in json.loads(capsys.readouterr().out)["kept"]] == sorted(own)
    folders = {path for each in own for path in each.parents}
    assert set(contents(home)) - set(before) == {
        str(path.relative_to(home)) for path in {*own, *folders} if home in path.parents and path != home
    } - set(before)


@pytest.mark.skipif(sys.platform == "win32", reason="links take rights there")
def test_a_folder_that_a_link_leads_to_is_not_looked_into(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install(home)
    write(tmp_path / "art" / "picture.kra")
    (user_data() / "art").symlink_to(tmp_path / "art")
    capsys.readouterr()
    assert remove() == 0
    assert [kept["path"] for kept in json.loads(capsys.readouterr().out)["kept"]] == [str(user_data() / "art")]
    assert (tmp_path / "art" / "picture.kra").exists()


def test_settings_and_weights_can_be_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(home)
    with (home / ".config" / "kritarc").open("a") as kritarc:
        kritarc.write("[samelight]\nstrength=40\n")
    assert remove(keep_settings=True, keep_weights=True) == 0
    assert belongings.user_settings().exists()
    assert {path.name for path in belongings.user_weights().iterdir()} >= {"sam_vit_b_01ec64.pth", "checked.json"}
    assert "strength=40" in (home / ".config" / "kritarc").read_text()
    assert "enable_samelight" not in (home / ".config" / "kritarc").read_text()
    assert not user_data().joinpath("env").exists()
    assert remove() == 0
    assert not user_data().exists()
    assert not belongings.user_settings().exists()


def test_trained_weights_go_only_when_that_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(home)
    install(home)
    weights = belongings.user_weights()
    trained = ["hdnet.safetensors", "hdnet.md", "hdnet-loss.png"]
    write(*(weights / name for name in trained))
    (weights / "manifest.json").write_text(json.dumps({"hdnet": {"file": trained[0], "card": trained[1]}}))
    assert remove() == 0
    assert {path.name for path in weights.iterdir()} == {*trained, "manifest.json"}
    assert remove(purge=True) == 0
    assert contents(home) == before


def test_another_samelight_of_that_name_stays(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home / ".local" / "bin" / "samelight")
    before = contents(home)
    install(home)
    assert remove() == 0
    assert contents(home) == before


def test_an_environment_elsewhere_goes_and_its_neighbours_stay(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(home)
    elsewhere = tmp_path / "disk" / "env"
    write(tmp_path / "disk" / "precious", elsewhere / "a" / "pyvenv.cfg")
    change_record(environment={"home": str(elsewhere), "folder": str(elsewhere / "a")})
    assert remove() == 0
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["precious"]


# ---- before anything happens ----


def test_a_dry_run_names_all_and_removes_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(home)
    there = contents(home)
    assert main(["uninstall", "--dry-run", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert contents(home) == there
    named = [Path(path) for part in facts["would_remove"] for path in part["paths"]]
    assert main(["uninstall", "--dry-run"]) == 0
    words = capsys.readouterr().out
    assert all(str(path) in words for path in named)
    before = {path for path in home.rglob("*") if not path.is_dir()}
    assert remove() == 0
    gone = before - {path for path in home.rglob("*") if not path.is_dir()}
    own_papers = {record_path(), user_data() / "installer.lock"}
    unnamed = [path for path in gone - own_papers if not {path, *path.parents} & set(named)]
    assert unnamed == []


def test_nobody_to_ask_is_an_error(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(home)
    there = contents(home)
    command = [sys.executable, str(CHECKOUT / "installer"), "uninstall"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert contents(home) == there


@pytest.mark.parametrize(("answer", "code"), [("n", 2), ("", 2), ("y", 0)])
def test_a_person_is_asked(home: Path, answer: str, code: int) -> None:
    install(home)
    there = contents(home)
    terminal, other_end = os.openpty()
    command = [sys.executable, str(CHECKOUT / "installer"), "uninstall"]
    with subprocess.Popen(
        command, stdin=other_end, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as asking:
        os.write(terminal, f"{answer}\n".encode())
        said, complaint = asking.communicate(timeout=60)
    os.close(terminal)
    os.close(other_end)
    assert asking.returncode == code, complaint
    assert f"{user_data() / 'env' / 'a'}" in said
    assert "Remove all this?" in said
    if code:
        assert "Nothing was removed" in complaint
        assert contents(home) == there
    else:
        assert not user_data().exists()


def test_a_folder_that_somebody_named_is_theirs(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A settings file in somebody's own folder goes, the folder and its neighbours do not."""
    own = home / "src" / "samelight"
    write(own / "config.toml", own / "other.toml")
    monkeypatch.setenv("SAMELIGHT_CONFIG", str(own / "config.toml"))
    assert own not in belongings.user_folders()
    assert remove() == 0
    assert [path.name for path in own.iterdir()] == ["other.toml"]


def test_what_cannot_be_removed_stops_nothing_else(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*arguments: object, **more: object) -> None:
        raise InstallError("The plugin is held open.", "Quit Krita.")

    install(home)
    monkeypatch.setattr(uninstall_plan, "remove_plugin", refuse)
    capsys.readouterr()
    assert remove() == 1
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert len(problems) == 3
    assert "Quit Krita" in problems[0]
    assert not (user_data() / "env").exists()
    assert not (home / ".config" / "autostart").exists()


def test_what_could_not_be_deleted_is_known_to_the_next_one(
    common_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [each for each in os.environ if each.startswith(("XDG_", "SAMELIGHT_", "GIMP"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(common_home))
    monkeypatch.setattr(uninstall_plan, "find_editors", lambda: iter(()))
    before = contents(common_home)
    install(common_home)
    closed = [user_data() / "env" / "a" / "bin", common_home / ".local/share/krita/pykrita/samelight_krita"]
    for folder in closed:
        folder.chmod(0o555)
    capsys.readouterr()
    assert remove() == 1
    report = json.loads(capsys.readouterr().out)
    problems = report["problems"]
    assert report["kept"] == []
    assert sum(str(folder.parent) in problem for folder in closed for problem in problems) == len(problems) == 2
    for folder in closed:
        folder.chmod(0o755)
    assert remove() == 0
    assert contents(common_home) == before


def test_an_editor_that_runs_is_told_of(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(home)
    assert main(["uninstall", "--dry-run"]) == 0
    assert "is running" not in capsys.readouterr().out
    monkeypatch.setattr(uninstall_plan, "running_editors", lambda machine: lambda editor: editor.name == "Krita")
    assert main(["uninstall", "--dry-run"]) == 0
    assert "Krita is running. Quit it first" in capsys.readouterr().out
    assert remove() == 0
    (note,) = json.loads(capsys.readouterr().out)["notes"]
    assert note.startswith("Krita is running")


def test_the_user_folders_are_those_of_platformdirs(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (None, str(home / "elsewhere")):
        for name in ("CONFIG", "CACHE", "STATE", "DATA") if place else ():
            monkeypatch.setenv(f"XDG_{name}_HOME", f"{place}/{name}")
        assert belongings.user_settings().parent == Path(platformdirs.user_config_dir("samelight", appauthor=False))
        assert belongings.user_cache() == Path(platformdirs.user_cache_dir("samelight", appauthor=False))
        assert belongings.user_log() == Path(platformdirs.user_log_dir("samelight", appauthor=False))
        assert belongings.connection_file().parent.parent == user_data()
