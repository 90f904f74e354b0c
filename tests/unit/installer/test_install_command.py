"""`samelight install` on made-up machines."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from installer_helpers import make_machine
from installer_trees import APPIMAGE, ELF_X86, put
from typer.testing import CliRunner, Result

from samelight.cli import install as command
from samelight.cli.main import app
from samelight_installer.editors import Machine, find_editors
from samelight_installer.editors.processes import Process
from samelight_installer.plugin.krita_plugin import NAME

pytestmark = pytest.mark.usefixtures("own_user_data")


def run(monkeypatch: pytest.MonkeyPatch, machine: Machine, *arguments: str) -> Result:
    """Runs the command as if it were on that machine, which has no network."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setattr(command, "find_editors", lambda also=(): find_editors(machine, also))
    monkeypatch.setattr(command, "Machine", lambda: machine)
    return CliRunner().invoke(app, ["install", "--no-login", "--no-start", *arguments])


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    found = make_machine(tmp_path / "system")
    return Machine(found.platform, found.processor, found.root, tmp_path / "home", {})


@pytest.fixture
def bare(tmp_path: Path) -> Machine:
    """With a Krita for whose Python nothing compiled is looked for."""
    found = make_machine(tmp_path / "system", library=b"\x7fELF")
    return Machine(found.platform, found.processor, found.root, tmp_path / "home", {}, processes=list)


def test_each_editor_is_reported(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    said = run(monkeypatch, machine, "--json")
    assert said.exit_code == 0, said.output
    (krita,) = json.loads(said.stdout)["editors"]
    folder = machine.home / ".local" / "share" / "krita" / "pykrita" / NAME
    assert krita["folder"] == str(folder)
    assert (krita["name"], krita["kind"], krita["python"]) == ("Krita", "package", "3.13")
    assert krita["client"] == "pure Python"
    assert set(krita["missing"]) == {"pyzmq", "msgpack"}
    assert (folder / "__init__.py").exists()


def test_in_words_with_the_reason_for_what_is_missing(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    said = run(monkeypatch, machine)
    assert said.exit_code == 0
    assert "Krita" in said.output
    assert "without pyzmq" in said.output
    assert "Start Krita anew" in said.output


def test_a_second_time_nothing_is_done(bare: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, bare, "--json")
    (krita,) = json.loads(run(monkeypatch, bare, "--json").stdout)["editors"]
    assert (krita["state"], krita["changed"]) == ("unchanged", False)
    assert set(krita["missing"]) == {"pyzmq", "msgpack"}
    assert "Start Krita anew" not in run(monkeypatch, bare).output


def test_a_list_changes_nothing(bare: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    said = json.loads(run(monkeypatch, bare, "--list", "--json").stdout)
    assert [(editor["name"], editor["state"]) for editor in said["editors"]] == [("Krita", "not installed")]
    assert set(said) == {"editors"}
    assert not bare.home.exists()
    run(monkeypatch, bare)
    assert "up to date" in run(monkeypatch, bare, "--list").output


@pytest.fixture
def several(bare: Machine) -> Machine:
    """With a GIMP, and a Krita of each of two kinds."""
    put(bare.root / "usr" / "bin" / "gimp-3.0", ELF_X86)
    put(bare.root / "usr" / "bin" / "gimp-2.10", ELF_X86)
    put(bare.home / "Applications" / "krita-5.2.9-x86_64.AppImage", APPIMAGE)
    return bare


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (["krita"], {("Krita", "package"), ("Krita", "AppImage")}),
        (["appimage"], {("Krita", "AppImage")}),
        (["Krita-package", "gimp"], {("Krita", "package"), ("GIMP", "package")}),
        (["{home}/Applications/krita-5.2.9-x86_64.AppImage"], {("Krita", "AppImage")}),
        (["{root}/usr/bin/gimp-3.0"], {("GIMP", "package")}),
        (["{root}/usr"], {("Krita", "package"), ("GIMP", "package")}),
    ],
)
def test_single_editors_can_be_asked_for(
    several: Machine, monkeypatch: pytest.MonkeyPatch, wanted: list[str], expected: set[tuple[str, str]]
) -> None:
    names = [text.format(home=several.home, root=several.root) for text in wanted]
    options = [word for name in names for word in ("--editor", name)]
    report = json.loads(run(monkeypatch, several, "--list", "--json", *options).stdout)
    assert {(editor["name"], editor["kind"]) for editor in report["editors"]} == expected


def test_the_daemon_is_left_alone_where_an_editor_is_named(several: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(json.loads(run(monkeypatch, several, "--editor", "gimp", "--json").stdout)) == {"editors"}


def test_an_editor_that_is_not_there_is_an_error_that_names_the_others(
    several: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = run(monkeypatch, several, "--editor", "flatpak", "--json")
    assert said.exit_code == 2
    assert "gimp-package, krita-appimage, krita-package" in json.loads(said.stdout)["error"]["hint"]


def test_every_editor_has_its_line_and_its_note(several: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Process(7, "/usr/bin/krita", {"HOME": str(several.home)})
    machine = replace(several, processes=lambda: [runs])
    monkeypatch.setenv("COLUMNS", "250")
    said = run(monkeypatch, machine).output
    lines = said.splitlines()
    assert any(line.startswith("Krita 5.2.9") and "3.10 or 3.13" in line and "new, running" in line for line in lines)
    assert any(line.startswith("GIMP 2.10") and "too old" in line for line in lines)
    assert "GIMP 2.10: The plugin needs GIMP 3.0 or newer." in lines
    assert "Krita 5.2.9 runs at this moment. Quit it" in said
    assert "Start GIMP anew" in said
    assert "Start Krita anew" not in said


def test_without_an_editor_the_archive_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = Machine("linux", "x86_64", tmp_path, tmp_path, {})
    assert "build-plugins" in run(monkeypatch, nowhere).output
    assert json.loads(run(monkeypatch, nowhere, "--json").stdout)["editors"] == []


def test_what_cannot_be_written_ends_with_two(bare: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    bare.home.mkdir()
    (bare.home / ".local").write_text("a file in the way")
    said = run(monkeypatch, bare, "--json")
    assert said.exit_code == 2
    (krita,) = json.loads(said.stdout)["editors"]
    assert krita["state"] == "failed"
    assert ".local" in krita["reason"]
