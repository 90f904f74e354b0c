"""The plugin is put into Krita's folders and nothing else is touched; the archive keeps the importer's rules."""

from __future__ import annotations

import dataclasses
import errno
import json
import platform
import runpy
import sys
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from samelight.cli.install import vendored_packages
from samelight.cli.main import app
from samelight_installer.editors import Editor
from samelight_installer.editors.tags import Tag
from samelight_installer.errors import InstallError
from samelight_installer.places import PLUGINS
from samelight_installer.plugin import krita_plugin
from samelight_installer.plugin.folder import what_helps
from samelight_installer.plugin.krita_plugin import NAME, install_plugin


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")


@pytest.fixture
def krita(tmp_path: Path) -> Editor:
    """A Krita that was never started."""
    home = tmp_path / "home"
    return Editor("Krita", "package", "5.2.9", (3, 13), None, home / "share" / "krita", home / "config" / "kritarc")


def put_into(krita: Editor, folder: Path) -> krita_plugin.InstalledPlugin:
    return install_plugin(krita, vendored_packages(), folder / "connection.json", folder / "bin" / "samelight")


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_all_parts_are_where_krita_looks(tmp_path: Path, krita: Editor) -> None:
    done = put_into(krita, tmp_path)
    assert done.folder == krita.data / "pykrita" / NAME
    assert (done.folder / "__init__.py").exists()
    assert (done.folder / "vendor" / "common" / "samelight_wire" / "__init__.py").exists()
    assert (krita.data / "pykrita" / f"{NAME}.desktop").exists()
    assert (krita.data / "actions" / f"{NAME}.action").exists()
    assert (done.folder / "connection-file.txt").read_text() == f"{tmp_path / 'connection.json'}\n"
    assert (done.folder / "samelight-command.txt").read_text() == f"{tmp_path / 'bin' / 'samelight'}\n"
    assert krita.config.read_text() == f"[python]\nenable_{NAME}=true\n"
    assert done.client == "pure Python"


def test_a_second_run_changes_nothing_and_leaves_nothing(tmp_path: Path, krita: Editor) -> None:
    put_into(krita, tmp_path)
    before = tree(tmp_path / "home")
    put_into(krita, tmp_path)
    assert tree(tmp_path / "home") == before


def test_an_older_plugin_goes_and_all_else_stays(tmp_path: Path, krita: Editor) -> None:
    pykrita = krita.data / "pykrita"
    others = {"other.desktop": "x", "other/__init__.py": "y", "notes.txt": "z"}
    for name, text in {**others, f"{NAME}/left_over.py": "old", f"{NAME}.desktop": "old"}.items():
        (pykrita / name).parent.mkdir(parents=True, exist_ok=True)
        (pykrita / name).write_text(text)
    krita.config.parent.mkdir(parents=True)
    krita.config.write_text(f"[python]\nenable_other=true\nenable_{NAME}=false\n")
    put_into(krita, tmp_path)
    assert not (pykrita / NAME / "left_over.py").exists()
    assert (pykrita / f"{NAME}.desktop").read_text() != "old"
    assert {name: (pykrita / name).read_text() for name in others} == others
    assert krita.config.read_text() == f"[python]\nenable_other=true\nenable_{NAME}=true\n"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, krita: Editor) -> None:
    blocked = tmp_path / "a-file"
    blocked.write_text("")
    with pytest.raises(InstallError, match="a-file"):
        put_into(dataclasses.replace(krita, data=blocked), tmp_path)


def test_a_failure_half_way_leaves_the_plugin_that_was_there(
    tmp_path: Path, krita: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_into(krita, tmp_path)
    before = tree(tmp_path / "home")
    monkeypatch.setattr(krita_plugin, "PLUGINS", tmp_path / "nowhere")
    with pytest.raises(InstallError):
        put_into(krita, tmp_path)
    assert tree(tmp_path / "home") == before


def test_a_plugin_that_a_killed_run_took_from_its_place_goes_back_even_if_there_is_no_new_one(
    tmp_path: Path, krita: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_into(krita, tmp_path)
    before = tree(tmp_path / "home")
    work = krita.data / "pykrita" / ".samelight-new"
    work.mkdir()
    (krita.data / "pykrita" / NAME).rename(work / "old")
    monkeypatch.setattr(krita_plugin, "assemble", None)
    monkeypatch.setattr(krita_plugin, "PLUGINS", tmp_path / "nowhere")
    with pytest.raises((InstallError, TypeError)):
        put_into(krita, tmp_path)
    assert tree(tmp_path / "home") == before


def test_the_archive_is_what_kritas_importer_takes(tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["build-plugins", "--pure", "-o", str(tmp_path / "new"), "--json"])
    assert said.exit_code == 0, said.output
    path = next(path for path in json.loads(said.output)["archives"] if "krita" in path)
    names = zipfile.ZipFile(path).namelist()
    assert {f"{NAME}/", f"{NAME}/__init__.py", f"{NAME}.desktop", f"{NAME}.action"} <= set(names)
    assert [name for name in names if name.endswith((".desktop", ".action"))] == [f"{NAME}.action", f"{NAME}.desktop"]
    assert [name for name in names if name.endswith(".txt") and "/vendor/" not in name] == []
    first = Path(path).read_bytes()
    CliRunner().invoke(app, ["build-plugins", "--pure", "-o", str(tmp_path / "new")])
    assert Path(path).read_bytes() == first


def test_plugin_and_installer_call_an_interpreter_the_same() -> None:
    vendored = runpy.run_path(str(PLUGINS / "krita" / NAME / "vendored.py"))
    assert vendored["interpreter_tag"]() == str(Tag.of(sys.version_info[:2], sys.platform, platform.machine()))


def test_a_tag_that_is_none_ends_with_two() -> None:
    said = CliRunner().invoke(app, ["build-plugins", "--for", "windows", "--json"])
    assert said.exit_code == 2
    assert "cp313-win_amd64" in json.loads(said.output)["error"]["hint"]


def test_a_full_disk_is_not_taken_for_a_lack_of_rights(tmp_path: Path) -> None:
    krita = Editor("Krita", "package", "5.2.9", None, None, tmp_path, tmp_path / "kritarc")
    assert what_helps(krita, OSError(errno.ENOSPC, "No space left on device", "/k")).startswith("Free some space")
    assert what_helps(krita, OSError(errno.EACCES, "Permission denied", "/k")).startswith(
        "Quit Krita, make /k writable"
    )
