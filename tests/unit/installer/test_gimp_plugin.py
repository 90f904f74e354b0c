"""The plug-in is put into GIMP's folder and nothing else is touched; the archive keeps the run bit."""

from __future__ import annotations

import dataclasses
import json
import os
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from samelight.cli.install import vendored_packages
from samelight.cli.main import app
from samelight_installer.editors import Editor
from samelight_installer.errors import InstallError
from samelight_installer.plugin import gimp_plugin
from samelight_installer.plugin.folder import InstalledPlugin
from samelight_installer.plugin.gimp_plugin import install_plugin


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")


@pytest.fixture
def gimp(tmp_path: Path) -> Editor:
    """A GIMP that was never started."""
    profile = tmp_path / "home" / "GIMP" / "3.0"
    return Editor("GIMP", "package", "3.0.4", (3, 13), None, profile, profile / "gimprc")


def put_into(gimp: Editor, folder: Path) -> InstalledPlugin:
    return install_plugin(gimp, vendored_packages(), folder / "connection.json", folder / "bin" / "samelight")


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_all_parts_are_where_gimp_looks(tmp_path: Path, gimp: Editor) -> None:
    done = put_into(gimp, tmp_path)
    assert done.folder == gimp.data / "plug-ins" / "samelight"
    assert os.access(done.folder / "samelight.py", os.X_OK)
    assert (done.folder / "samelight_gimp" / "__init__.py").exists()
    assert (done.folder / "vendor" / "common" / "samelight_wire" / "__init__.py").exists()
    assert (done.folder / "connection-file.txt").read_text() == f"{tmp_path / 'connection.json'}\n"
    assert done.client == "pure Python"
    assert [path.name for path in gimp.data.iterdir()] == ["plug-ins"]


def test_a_second_run_replaces_the_plug_in_alone(tmp_path: Path, gimp: Editor) -> None:
    done = put_into(gimp, tmp_path)
    before = tree(tmp_path / "home")
    other = gimp.data / "plug-ins" / "other" / "other.py"
    other.parent.mkdir()
    other.write_text("x")
    (done.folder / "left_over.py").write_text("old")
    put_into(gimp, tmp_path)
    assert tree(tmp_path / "home") == {**before, str(other.relative_to(tmp_path / "home")): b"x"}


def test_a_failure_half_way_leaves_the_plug_in_that_was_there(
    tmp_path: Path, gimp: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_into(gimp, tmp_path)
    before = tree(tmp_path / "home")
    monkeypatch.setattr(gimp_plugin, "PLUGINS", tmp_path / "nowhere")
    with pytest.raises(InstallError):
        put_into(gimp, tmp_path)
    assert tree(tmp_path / "home") == before


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, gimp: Editor) -> None:
    blocked = tmp_path / "a-file"
    blocked.write_text("")
    with pytest.raises(InstallError, match="a-file"):
        put_into(dataclasses.replace(gimp, data=blocked / "below"), tmp_path)


def test_the_archive_holds_one_folder_whose_script_can_be_run(tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["build-plugins", "--pure", "-o", str(tmp_path), "--json"])
    assert said.exit_code == 0, said.output
    path = next(path for path in json.loads(said.output)["archives"] if "gimp" in path)
    entries = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in zipfile.ZipFile(path).infolist()}
    assert {name.split("/")[0] for name in entries} == {"samelight"}
    assert entries["samelight/samelight.py"] == 0o755
    assert entries["samelight/samelight_gimp/__init__.py"] == 0o644
