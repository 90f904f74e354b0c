"""A running editor is noticed, with the profile that it runs with."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from installer_trees import bundle, windows

from samelight_installer.editors import Editor, Machine, find_editors
from samelight_installer.editors.processes import Process, _from_ps, _from_tasklist, list_processes
from samelight_installer.editors.running import running_editors

HOME = Path("/home/someone")


def krita(config: str = ".config/kritarc") -> Editor:
    return Editor("Krita", "package", "5.2.9", None, None, HOME / ".local/share/krita", HOME / config)


def gimp(series: str) -> Editor:
    profile = HOME / ".config/GIMP" / series
    return Editor("GIMP", "package", series, None, None, profile, profile / "gimprc")


def runs(editor: Editor, *processes: Process) -> bool:
    return running_editors(Machine("linux", "x86_64", Path("/"), HOME, {}, processes=lambda: processes))(editor)


@pytest.mark.parametrize(
    ("environment", "it_is_that_one"),
    [
        ({"HOME": str(HOME)}, True),
        ({"HOME": "/home/other"}, False),
        ({"HOME": str(HOME), "XDG_CONFIG_HOME": "/elsewhere"}, False),
        ({"HOME": "/home/other", "XDG_CONFIG_HOME": str(HOME / ".config")}, True),
    ],
)
def test_the_profile_counts(environment: dict[str, str], it_is_that_one: bool) -> None:
    assert runs(krita(), Process(7, "/usr/bin/krita", environment)) == it_is_that_one


def test_a_flatpak_is_told_from_a_package() -> None:
    own = str(HOME / ".var/app/org.kde.krita/config")
    inside = Process(7, "/app/bin/krita", {"HOME": str(HOME), "XDG_CONFIG_HOME": own})
    assert runs(krita(".var/app/org.kde.krita/config/kritarc"), inside)
    assert not runs(krita(), inside)


def test_a_flatpak_with_the_hosts_profile() -> None:
    own = str(HOME / ".var/app/org.gimp.GIMP/config")
    inside = {"HOME": str(HOME), "XDG_CONFIG_HOME": own, "FLATPAK_ID": "org.gimp.GIMP"}
    shared = replace(gimp("3.0"), kind="flatpak")
    assert runs(shared, Process(7, "/app/bin/gimp-3.0", inside))
    assert not runs(shared, Process(7, "/app/bin/gimp-3.0", {**inside, "HOME": "/home/other"}))
    assert not runs(gimp("3.0"), Process(7, "/app/bin/gimp-3.0", inside))


def test_an_appimage_runs_from_where_it_is_mounted() -> None:
    assert runs(krita(), Process(7, "/run/.mount_krita-5abc/usr/bin/krita", {"HOME": str(HOME)}))


@pytest.mark.parametrize(("program", "series"), [("gimp-3.0", "3.0"), ("gimp-3.2", "3.2"), ("gimp-3.0.bin", "3.0")])
def test_gimps_are_told_apart_by_their_series(program: str, series: str) -> None:
    there = Process(7, f"/usr/bin/{program}", {"HOME": str(HOME)})
    assert [each for each in ("3.0", "3.2") if runs(gimp(each), there)] == [series]


def test_a_profile_that_was_moved() -> None:
    moved = Editor("GIMP", "package", "3.0", None, None, Path("/profile"), Path("/profile/gimprc"))
    assert runs(moved, Process(7, "/usr/bin/gimp-3.0", {"HOME": str(HOME), "GIMP3_DIRECTORY": "/profile"}))
    assert not runs(moved, Process(7, "/usr/bin/gimp-3.0", {"HOME": str(HOME)}))


def test_other_programs_do_not_count() -> None:
    names = ("kritarunner", "gimp-console-3.0", "gimp-script-fu-interpreter-3.0", "vim", "")
    others = [Process(7, f"/usr/bin/{name}", {"HOME": str(HOME)}) for name in names]
    assert not runs(krita(), *others)
    assert not runs(gimp("3.0"), *others)


def test_on_windows_the_name_has_to_do(tmp_path: Path) -> None:
    said = _from_tasklist(
        '"krita.exe","4711","Console","1","512,000 K"\r\n"gimp-3.exe","9","Console","1","1 K"\r\nx\r\n'
    )
    assert [(each.program, each.pid) for each in said] == [("krita.exe", 4711), ("gimp-3.exe", 9)]
    made = windows(tmp_path)
    machine = Machine("win32", "AMD64", made.root, made.home, made.environment, processes=lambda: said)
    assert running_editors(machine)(krita())
    assert running_editors(machine)(gimp("3.0"))


def test_on_macos_the_bundle_counts(tmp_path: Path) -> None:
    framework = "Contents/Frameworks/Python.framework/Versions/3.10"
    app = bundle(tmp_path / "Applications/krita.app", "5.2.9", "krita", framework)
    said = _from_ps(f"  1 /sbin/launchd\n 815 {app}/Contents/MacOS/krita\n junk\n")
    machine = Machine("darwin", "arm64", tmp_path, tmp_path / "home", {}, processes=lambda: said)
    (editor,) = find_editors(machine)
    assert running_editors(machine)(editor)
    elsewhere = [Process(7, "/Volumes/Krita/krita.app/Contents/MacOS/krita")]
    other = Machine("darwin", "arm64", tmp_path, tmp_path / "home", {}, processes=lambda: elsewhere)
    assert not running_editors(other)(editor)


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's own list of processes")
def test_a_real_process_is_seen_with_its_environment(tmp_path: Path) -> None:
    program = tmp_path / "krita"
    program.symlink_to("/bin/sleep")
    copy = tmp_path / "bin" / "krita"
    copy.parent.mkdir()
    copy.write_bytes(Path(os.path.realpath("/bin/sleep")).read_bytes())
    copy.chmod(0o755)
    with subprocess.Popen([str(copy), "60"], env={"HOME": str(tmp_path)}) as process:
        try:
            config = tmp_path / ".config" / "kritarc"
            here = Editor("Krita", "package", None, None, None, tmp_path, config)
            assert process.pid in [each.pid for each in list_processes()]
            assert running_editors(Machine())(here)
            assert not running_editors(Machine())(krita())
        finally:
            process.kill()
