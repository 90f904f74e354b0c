"""Editors on made-up Windows and macOS machines."""

from __future__ import annotations

from pathlib import Path

import pytest
from installer_trees import PE_X86, bundle, put, windows, windows_gimp, windows_krita

from samelight_installer.editors import Machine, find_editors
from samelight_installer.editors.registry import PACKAGES, UNINSTALL
from samelight_installer.editors.tags import Tag


def test_a_krita_from_its_installer(tmp_path: Path) -> None:
    machine = windows(tmp_path)
    windows_krita(tmp_path / "Program Files" / "Krita (x64)", "5.2.14.0", "313")
    (krita,) = find_editors(machine)
    assert (krita.kind, krita.version, krita.problem) == ("installer", "5.2.14.0", "")
    assert krita.tag == Tag((3, 13), "win_amd64")
    assert krita.data == machine.home / "AppData" / "Roaming" / "krita"
    assert krita.config == machine.home / "AppData" / "Local" / "kritarc"


def test_gimps_for_all_and_for_one_load_no_published_packages(tmp_path: Path) -> None:
    machine = windows(tmp_path)
    windows_gimp(tmp_path / "Program Files" / "GIMP 3", "3.0", "3.0.4.0")
    windows_gimp(machine.home / "AppData/Local/Programs/GIMP 3", "3.2", "3.2.0.0")
    windows_gimp(tmp_path / "Program Files" / "GIMP 2", "2.10", "2.10.38.0")
    gimps = {gimp.data.name: gimp for gimp in find_editors(machine)}
    assert {series: gimp.problem for series, gimp in gimps.items()} == {"3.0": "", "3.2": "", "2.10": "too old"}
    # Their Python comes from MinGW: the packages for Windows that are published do not load there.
    assert (gimps["3.0"].python, gimps["3.0"].tags) == ((3, 12), ())
    assert gimps["3.2"].data == machine.home / "AppData/Roaming/GIMP/3.2"


def test_an_installer_may_have_put_it_anywhere(tmp_path: Path) -> None:
    folder = windows_krita(tmp_path / "D" / "Art" / "Krita (x64)", "5.3.1.0", "313")
    key = {"Krita_x64": {"DisplayName": "Krita (x64) 5.3.1", "InstallLocation": f'"{folder}"'}}
    other = {"{0}": {"DisplayName": "Other", "InstallLocation": str(folder)}, "{1}": {"DisplayName": "Krita"}}
    (krita,) = find_editors(windows(tmp_path, {UNINSTALL[0]: key, UNINSTALL[2]: other}))
    assert krita.program == folder / "bin" / "krita.exe"


def test_one_installation_by_two_ways_is_one(tmp_path: Path) -> None:
    folder = windows_krita(tmp_path / "Program Files" / "Krita (x64)", "5.2.14.0", "313")
    key = {"Krita_x64": {"DisplayName": "Krita (x64)", "InstallLocation": str(folder)}}
    assert len(list(find_editors(windows(tmp_path, {UNINSTALL[0]: key})))) == 1


@pytest.fixture
def krita_data(tmp_path: Path) -> Path:
    folder = tmp_path / "Users/Some One/AppData/Local/Packages/49800KritaProject.Krita_n3kgb906j1zjg"
    folder.mkdir(parents=True)
    return folder


def test_a_krita_from_the_store_keeps_its_data_in_its_package(tmp_path: Path, krita_data: Path) -> None:
    root = tmp_path / "Program Files" / "WindowsApps" / "49800KritaProject.Krita_5.2.13.0_x64__n3kgb906j1zjg"
    put(root / "krita" / "bin" / "krita.exe", PE_X86)
    put(root / "krita" / "bin" / "python310.dll")
    key = {root.name: {"PackageRootFolder": str(root), "DisplayName": "Krita"}}
    (krita,) = find_editors(windows(tmp_path, {PACKAGES: key}))
    assert (krita.kind, krita.version) == ("store", "5.2.13.0")
    assert krita.data == krita_data / "LocalCache" / "Roaming" / "krita"
    assert krita.config == krita_data / "LocalCache" / "Local" / "kritarc"
    assert krita.tag == Tag((3, 10), "win_amd64")


def test_a_store_that_tells_nothing_still_shows_its_data(tmp_path: Path, krita_data: Path) -> None:
    (krita,) = find_editors(windows(tmp_path))
    assert (krita.version, krita.problem) == (None, "")
    assert krita.data.is_relative_to(krita_data)
    assert krita.tags == (Tag((3, 10), "win_amd64"), Tag((3, 13), "win_amd64"))


def test_a_gimp_from_the_store(tmp_path: Path) -> None:
    root = tmp_path / "Program Files/WindowsApps/GIMP.43237F745459_3.2.44.0_x64__nq49gba4h4mx8"
    windows_gimp(root / "VFS/ProgramFilesX64/GIMP", "3.2", "3.2.4.0")
    data = tmp_path / "Users/Some One/AppData/Local/Packages/GIMP.43237F745459_nq49gba4h4mx8"
    data.mkdir(parents=True)
    (gimp,) = find_editors(windows(tmp_path, {PACKAGES: {root.name: {"PackageRootFolder": str(root)}}}))
    assert (gimp.kind, gimp.version, gimp.tags) == ("store", "3.2.4", ())
    assert gimp.data == data / "LocalCache/Roaming/GIMP/3.2"


# ---- macOS ----

FRAMEWORK = "Contents/Frameworks/Python.framework/Versions/3.10"
GIMPS_FRAMEWORK = "Contents/Resources/Library/Frameworks/Python.framework/Versions/3.11"


def mac(root: Path) -> Machine:
    return Machine("darwin", "x86_64", root, root / "Users" / "some one", {}, processes=list)


@pytest.mark.parametrize("where", ["Applications", "Users/some one/Applications"])
def test_a_krita_in_its_bundle(tmp_path: Path, where: str) -> None:
    bundle(tmp_path / where / "krita.app", "5.2.9", "krita", FRAMEWORK)
    (krita,) = find_editors(mac(tmp_path))
    assert (krita.kind, krita.version) == ("app", "5.2.9")
    assert krita.tag == Tag((3, 10), "macosx_arm64")  # by the program, not by the machine
    own = tmp_path / "Users" / "some one" / "Library"
    assert (krita.data, krita.config) == (own / "Application Support/krita", own / "Preferences/kritarc")


def test_gimps_in_their_bundles_each_with_its_profile(tmp_path: Path) -> None:
    bundle(tmp_path / "Applications/GIMP.app", "3.2.0", "gimp", GIMPS_FRAMEWORK)
    bundle(tmp_path / "Applications/GIMP 3.0.app", "3.0.4", "gimp", GIMPS_FRAMEWORK)
    bundle(tmp_path / "Applications/GIMP-2.10.app", "2.10.38", "gimp", FRAMEWORK)
    found = {gimp.data.name: (gimp.problem, gimp.python) for gimp in find_editors(mac(tmp_path))}
    assert found == {"3.2": ("", (3, 11)), "3.0": ("", (3, 11)), "2.10": ("too old", (3, 10))}


def test_a_damaged_bundle_is_no_reason_to_stop(tmp_path: Path) -> None:
    bundle(tmp_path / "Applications/krita.app", "5.2.9", "krita", FRAMEWORK)
    put(tmp_path / "Applications/krita.app/Contents/Info.plist", b"<plist")
    (krita,) = find_editors(mac(tmp_path))
    assert (krita.version, krita.problem) == (None, "")
