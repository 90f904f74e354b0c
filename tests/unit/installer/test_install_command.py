"""`samelight install` on made-up machines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from installer_helpers import make_machine
from typer.testing import CliRunner, Result

from samelight.cli import install as command
from samelight.cli.main import app
from samelight_installer.editors import Machine, find_editors
from samelight_installer.krita_plugin import NAME


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


def test_without_an_editor_the_archive_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = Machine("linux", "x86_64", tmp_path, tmp_path, {})
    assert "build-plugins" in run(monkeypatch, nowhere).output
    assert json.loads(run(monkeypatch, nowhere, "--json").stdout)["editors"] == []


def test_what_cannot_be_written_ends_with_two(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.home.mkdir()
    (machine.home / ".local").write_text("a file in the way")
    said = run(monkeypatch, machine, "--json")
    assert said.exit_code == 2
    (krita,) = json.loads(said.stdout)["editors"]
    assert krita["state"] == "failed"
    assert ".local" in krita["reason"]
