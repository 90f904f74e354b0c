"""Editors on made-up Linux machines: flatpak, snap, AppImage, several side by side, too old ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from installer_helpers import make_gimp_machine, make_machine
from installer_trees import APPIMAGE, ELF_ARM64, ELF_X86, appstream, flatpak, library, put, snap

from samelight_installer.editors import PLACES, Editor, Machine, find_editors
from samelight_installer.editors.tags import Tag

X86 = "linux_x86_64"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    home = tmp_path / "home" / "Some One"
    home.mkdir(parents=True)
    return Machine("linux", "x86_64", tmp_path, home, {}, processes=list)


def found(machine: Machine) -> list[Editor]:
    return list(find_editors(machine))


def the_only(machine: Machine) -> Editor:
    (editor,) = found(machine)
    return editor


def put_krita(files: Path, release: str, python: str) -> None:
    put(files / "bin" / "krita", ELF_X86)
    put(files / "lib" / "kritaplugins" / "kritapykrita.so", library(python))
    put(files / "share" / "metainfo" / "org.kde.krita.appdata.xml", appstream(release, "5.0.0"))


# ---- the table ----


def test_every_place_says_where_its_facts_come_from() -> None:
    assert all(len(place.source) > 20 for place in PLACES)
    ways = {(place.editor, place.kind, place.platform) for place in PLACES}
    assert len(ways) == len(PLACES)
    assert {platform for _, _, platform in ways} == {"linux", "win32", "darwin"}


# ---- flatpak ----


@pytest.mark.parametrize("where", ["var/lib/flatpak", "home/Some One/.local/share/flatpak"])
def test_a_krita_from_flathub_for_all_or_for_one(machine: Machine, where: str) -> None:
    put_krita(flatpak(machine.root / where, "org.kde.krita"), "5.2.11", "3.12")
    krita = the_only(machine)
    assert (krita.kind, krita.version, krita.tag) == ("flatpak", "5.2.11", Tag((3, 12), X86))
    own = machine.home / ".var" / "app" / "org.kde.krita"
    assert (krita.data, krita.config) == (own / "data" / "krita", own / "config" / "kritarc")
    assert krita.private == own / "data" / "samelight" / "run"
    assert (krita.problem, krita.note) == ("", "")


def test_a_flatpak_in_an_installation_of_the_administrators(machine: Machine) -> None:
    put(machine.root / "etc" / "flatpak" / "installations.d" / "big.conf", '[Installation "big"]\nPath=/srv/flatpak\n')
    put_krita(flatpak(machine.root / "srv" / "flatpak", "org.kde.krita"), "5.3.0", "3.13")
    assert the_only(machine).version == "5.3.0"


def test_a_gimp_from_flathub_has_its_runtimes_python(machine: Machine) -> None:
    files = flatpak(machine.root / "var" / "lib" / "flatpak", "org.gimp.GIMP")
    put(files / "bin" / "gimp-3.0", ELF_ARM64)
    put(files / "share" / "metainfo" / "org.gimp.GIMP.metainfo.xml", appstream("3.0.6"))
    # The program is one installation's, the runtime another's.
    runtime = machine.home / ".local/share/flatpak/runtime/org.gnome.Platform/x86_64/48/active/files"
    put(runtime / "bin" / "python3.12")
    (runtime / "bin" / "python3").symlink_to("python3.12")
    gimp = the_only(machine)
    assert (gimp.version, gimp.tag) == ("3.0.6", Tag((3, 12), "linux_arm64"))
    assert gimp.data == machine.home / ".var/app/org.gimp.GIMP/config/GIMP/3.0"


def test_a_flatpaks_gimp_that_shares_the_hosts_profiles(machine: Machine) -> None:
    context = "shared=network;\nfilesystems=host;xdg-config/GIMP:create;\n"
    put(flatpak(machine.root / "var/lib/flatpak", "org.gimp.GIMP", context) / "bin" / "gimp-3.2", ELF_X86)
    assert the_only(machine).data == machine.home / ".config/GIMP/3.2"
    own = machine.home / ".var/app/org.gimp.GIMP/config/GIMP/3.2"
    own.mkdir(parents=True)
    assert the_only(machine).data == own


def test_a_sandbox_without_network_is_told_how_to_get_it(machine: Machine) -> None:
    installation = machine.root / "var" / "lib" / "flatpak"
    put_krita(flatpak(installation, "org.kde.krita"), "5.2.11", "3.12")
    overrides = machine.home / ".local/share/flatpak/overrides"
    put(overrides / "org.kde.krita", "[Context]\nshared=!network;\n")
    assert "flatpak override --user --share=network org.kde.krita" in the_only(machine).note
    put(overrides / "org.kde.krita", "[Context]\nshared=network;\n")
    assert the_only(machine).note == ""
    put(overrides / "org.kde.krita", "no key file at all\n[[")
    assert the_only(machine).note == ""


# ---- snap ----


def test_a_gimp_from_the_snap_store_has_its_bases_python(machine: Machine) -> None:
    put(snap(machine.root, "gimp", "3.0.4") / "usr" / "bin" / "gimp-3.0", ELF_X86)
    base = machine.root / "snap" / "core24" / "1055"
    put(base / "usr" / "bin" / "python3.12")
    (base / "usr" / "bin" / "python3").symlink_to("python3.12")
    (base.parent / "current").symlink_to("1055")
    assert the_only(machine).problem == "not started yet"
    own = machine.home / "snap" / "gimp"
    (own / "482").mkdir(parents=True)
    (own / "current").symlink_to("482")
    gimp = the_only(machine)
    assert (gimp.kind, gimp.version, gimp.problem) == ("snap", "3.0.4", "")
    assert gimp.tag == Tag((3, 12), X86)
    assert gimp.data == own / "current" / ".config" / "GIMP" / "3.0"
    assert gimp.private == own / "common" / "samelight" / "run"


def test_a_snap_of_krita_without_python_is_told_from_one_with(machine: Machine) -> None:
    folder = snap(machine.root, "krita", "5.2.11")
    put(folder / "usr" / "bin" / "krita", ELF_X86)
    (machine.home / "snap" / "krita" / "current").mkdir(parents=True)
    without = the_only(machine)
    assert (without.version, without.problem) == ("5.2.11", "no Python")
    put(folder / "usr/lib/x86_64-linux-gnu/kritaplugins/kritapykrita.so", library("3.12"))
    assert (the_only(machine).problem, the_only(machine).python) == ("", (3, 12))


# ---- AppImage ----


@pytest.mark.parametrize(
    "where", ["home/Some One/Applications", "home/Some One/Downloads", "home/Some One/bin", "opt", "opt/krita"]
)
def test_an_appimage_is_found_where_people_keep_them(machine: Machine, where: str) -> None:
    path = put(machine.root / where / "krita-5.2.13-x86_64.AppImage", APPIMAGE)
    krita = the_only(machine)
    assert (krita.kind, krita.version, krita.program) == ("AppImage", "5.2.13", path)
    assert krita.data == machine.home / ".local/share/krita"
    # Which Python is in there is not known: it gets packages for those that Krita's own downloads have had.
    assert krita.python is None
    assert krita.tags == (Tag((3, 10), X86), Tag((3, 13), X86))


def test_the_downloads_in_another_language(machine: Machine) -> None:
    put(machine.home / ".config" / "user-dirs.dirs", '# comment\nXDG_DOWNLOAD_DIR="$HOME/Téléchargements"\n')
    put(machine.home / "Téléchargements" / "krita-5.3.0-x86_64.appimage", APPIMAGE)
    assert the_only(machine).version == "5.3.0"


def test_an_appimage_that_the_start_menu_names(machine: Machine) -> None:
    path = put(machine.root / "srv" / "art programs" / "Krita.AppImage", APPIMAGE)
    entry = f'[Desktop Entry]\nName=Krita\nExec=env A=b "{path}" %U\nX-AppImage-Version=5.2.9\n'
    put(machine.home / ".local/share/applications/appimagekit-krita.desktop", entry)
    put(machine.home / ".local/share/applications/gone.desktop", "[Desktop Entry]\nExec=/gone/krita.AppImage 'x\n")
    krita = the_only(machine)
    assert (krita.program, krita.version) == (path, "5.2.9")


def test_what_only_looks_like_an_appimage(machine: Machine) -> None:
    put(machine.home / "Applications" / "krita-5.2.9.AppImage", b"not one")
    put(machine.home / "Applications" / "other-1.0.AppImage", APPIMAGE)
    assert found(machine) == []


def test_one_appimage_by_two_names_is_one(machine: Machine) -> None:
    path = put(machine.home / "Downloads" / "krita-5.2.9-x86_64.AppImage", APPIMAGE)
    (machine.home / "bin").mkdir()
    (machine.home / "bin" / "krita.AppImage").symlink_to(path)
    assert len(found(machine)) == 1


def test_a_gimp_appimage_tells_its_profile_by_its_name_or_by_what_is_there(machine: Machine) -> None:
    named = put(machine.home / "GIMP-3.0.4-x86_64.AppImage", APPIMAGE)
    assert the_only(machine).data == machine.home / ".config/GIMP/3.0"
    named.rename(named.with_name("gimp.AppImage"))
    assert the_only(machine).problem == "release not known"
    for series in ("2.10", "3.0", "3.2"):
        (machine.home / ".config/GIMP" / series).mkdir(parents=True)
    assert [(gimp.data.name, gimp.problem) for gimp in found(machine)] == [("3.0", ""), ("3.2", "")]


def test_an_appimage_elsewhere_can_be_named(machine: Machine, tmp_path: Path) -> None:
    path = put(tmp_path / "deep" / "down" / "krita-5.2.9-x86_64.AppImage", APPIMAGE)
    assert found(machine) == []
    (krita,) = find_editors(machine, also=[path])
    assert krita.program == path


# ---- several, old, odd ----


def test_too_old_ones_are_named_and_get_nothing(tmp_path: Path) -> None:
    machine = make_gimp_machine(tmp_path, "2.10", "3.0")
    put(tmp_path / "usr/bin/krita", ELF_X86)
    put(tmp_path / "usr/lib/kritaplugins/kritapykrita.so", library("3.9"))
    put(tmp_path / "usr/share/metainfo/org.kde.krita.appdata.xml", appstream("4.4.2"))
    problems = {(editor.name, editor.version): editor.problem for editor in found(machine)}
    assert problems == {("Krita", "4.4.2"): "too old", ("GIMP", "2.10"): "too old", ("GIMP", "3.0"): ""}
    assert "5.2 or newer" in next(editor.note for editor in found(machine) if editor.name == "Krita")


def test_two_gimps_side_by_side_keep_their_own_releases(tmp_path: Path) -> None:
    machine = make_gimp_machine(tmp_path, "3.0", "3.2")
    put(tmp_path / "usr/share/metainfo/org.gimp.GIMP.appdata.xml", appstream("3.2.6"))
    assert [gimp.version for gimp in found(machine)] == ["3.0", "3.2.6"]


def test_a_package_and_an_appimage_share_kritas_folder(tmp_path: Path) -> None:
    made = make_machine(tmp_path)
    machine = Machine("linux", "x86_64", tmp_path, tmp_path / "home", {})
    put(machine.home / "Applications" / "krita-5.3.0-x86_64.AppImage", APPIMAGE)
    assert made.root == machine.root
    kinds = [(krita.kind, krita.data) for krita in found(machine)]
    assert kinds == [(kind, machine.home / ".local/share/krita") for kind in ("package", "AppImage")]


def test_kritas_resources_are_where_its_settings_say(machine: Machine, tmp_path: Path) -> None:
    put_krita(machine.root / "usr", "5.2.9", "3.13")
    elsewhere = tmp_path / "big disk" / "krita"
    put(machine.home / ".config" / "kritarc", f"ResourceDirectory={elsewhere}\n[python]\nResourceDirectory=/no\n")
    assert the_only(machine).data == machine.home / ".local/share/krita"  # it is gone: Krita does not use it either
    elsewhere.mkdir(parents=True)
    assert the_only(machine).data == elsewhere


def test_relative_folders_in_variables_do_not_count(tmp_path: Path) -> None:
    (krita,) = find_editors(make_machine(tmp_path, XDG_DATA_HOME="data", XDG_CONFIG_HOME=""))
    assert krita.data == Path("/home/someone/.local/share/krita")


def test_a_distribution_with_musl_gets_its_packages(machine: Machine) -> None:
    put_krita(machine.root / "usr", "5.2.9", "3.12")
    put(machine.root / "lib" / "ld-musl-x86_64.so.1")
    tag = the_only(machine).tag
    assert tag is not None
    assert str(tag) == "cp312-linux_x86_64"
    assert "musllinux_1_2_x86_64" in tag.pip_options()
    put(machine.root / "lib64" / "ld-linux-x86-64.so.2")  # musl besides glibc, as on Debian
    assert the_only(machine).tag == Tag((3, 12), X86)


def test_a_folder_that_cannot_be_searched_hides_nothing_else(machine: Machine) -> None:
    put(machine.home / "Applications")  # a file where a folder is expected
    put_krita(machine.root / "usr", "5.2.9", "3.13")
    assert the_only(machine).kind == "package"


def test_an_editor_that_may_not_be_read_hides_no_other(common_home: Path) -> None:
    system = common_home / "system"
    machine = Machine("linux", "x86_64", system, common_home, {}, processes=list)
    put_krita(flatpak(system / "var/lib/flatpak", "org.kde.krita"), "5.2.11", "3.12")
    closed = flatpak(common_home / ".local/share/flatpak", "org.gimp.GIMP")
    put(closed / "bin" / "gimp-3.0", ELF_X86)
    assert [editor.name for editor in found(machine)] == ["Krita", "GIMP"]
    for folder in (closed.parent, common_home / ".local/share/flatpak"):
        folder.chmod(0)
        assert [editor.name for editor in found(machine)] == ["Krita"]
