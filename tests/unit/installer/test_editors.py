"""Editors are found where they are: made-up machines."""

from __future__ import annotations

from pathlib import Path

import pytest
from installer_helpers import make_gimp_machine, make_machine

from samelight_installer.editors import Machine, find_editors
from samelight_installer.editors.tags import Tag

RELEASES = '<component><releases>\n<release date="2025-01-21" version="5.2.9"/><release version="5.2.6"/></releases>'


@pytest.mark.parametrize("where", ["lib/x86_64-linux-gnu", "lib64", "lib", "local/lib"])
def test_a_packaged_krita_is_found_with_its_python(tmp_path: Path, where: str) -> None:
    machine = make_machine(tmp_path, where=where)
    prefix = tmp_path / "usr" / ("local" if where.startswith("local") else "")
    metainfo = prefix / "share" / "metainfo" / "org.kde.krita.appdata.xml"
    metainfo.parent.mkdir(parents=True)
    metainfo.write_text(RELEASES)
    (krita,) = find_editors(machine)
    assert (krita.name, krita.kind, krita.version, krita.python) == ("Krita", "package", "5.2.9", (3, 13))
    assert krita.tag == Tag((3, 13), "linux_x86_64")
    assert krita.data == Path("/home/someone/.local/share/krita")
    assert krita.config == Path("/home/someone/.config/kritarc")


def test_the_users_own_folders_count(tmp_path: Path) -> None:
    (krita,) = find_editors(make_machine(tmp_path, XDG_DATA_HOME="/data", XDG_CONFIG_HOME="/settings"))
    assert (krita.data, krita.config) == (Path("/data/krita"), Path("/settings/kritarc"))


def test_what_nothing_says_stays_unknown(tmp_path: Path) -> None:
    (krita,) = find_editors(make_machine(tmp_path, library=b"\x7fELF nothing of the kind"))
    assert (krita.version, krita.python, krita.tag) == (None, None, None)


def test_elsewhere_there_is_none(tmp_path: Path) -> None:
    assert list(find_editors(Machine("linux", "x86_64", tmp_path, tmp_path, {}))) == []
    machine = make_machine(tmp_path)
    assert list(find_editors(Machine("darwin", "arm64", machine.root, machine.home, {}))) == []


def test_packaged_gimps_are_found_each_with_its_profile_and_the_systems_python(tmp_path: Path) -> None:
    found = list(find_editors(make_gimp_machine(tmp_path, "3.0", "3.2")))
    assert [(gimp.name, gimp.kind, gimp.python) for gimp in found] == [("GIMP", "package", (3, 13))] * 2
    profiles = [Path("/home/someone/.config/GIMP") / series for series in ("3.0", "3.2")]
    assert [gimp.data for gimp in found] == profiles


def test_gimps_own_variable_moves_the_profile(tmp_path: Path) -> None:
    found = find_editors(make_gimp_machine(tmp_path, "3.0", "3.2", GIMP3_DIRECTORY="/elsewhere/profile"))
    assert [gimp.data for gimp in found] == [Path("/elsewhere/profile")] * 2


def test_a_profile_is_named_from_the_home_folder_on(tmp_path: Path) -> None:
    (gimp,) = find_editors(make_gimp_machine(tmp_path, "3.0", GIMP3_DIRECTORY="my profile"))
    assert (gimp.data, gimp.config) == (Path("/home/someone/my profile"), Path("/home/someone/my profile/gimprc"))


def test_a_python_link_may_lead_on(tmp_path: Path) -> None:
    machine = make_gimp_machine(tmp_path, "3.2", python="alternatives/python3")
    (tmp_path / "usr/bin/alternatives").mkdir()
    (tmp_path / "usr/bin/alternatives/python3").symlink_to("../python3.14")
    (gimp,) = find_editors(machine)
    assert gimp.python == (3, 14)


def test_a_python_link_that_names_no_version_is_unknown(tmp_path: Path) -> None:
    (gimp,) = find_editors(make_gimp_machine(tmp_path, "3.2", python="alternatives/python"))
    assert (gimp.python, gimp.tag) == (None, None)
