"""All editors of a machine get their plugins, each is told how it is, and all of it can be taken out again."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from installer_helpers import make_wheel, write_lock

from samelight.cli.install import vendored_packages
from samelight_installer.editors import Editor
from samelight_installer.editors.tags import Tag
from samelight_installer.plugin import folder as plugin_folder
from samelight_installer.plugin import installing as plugins
from samelight_installer.plugin import stamp as plugin_stamp
from samelight_installer.plugin.connection_copies import listed_copies
from samelight_installer.plugin.installing import Goods, Outcome, install_all, look_at, recorded_editors, remove_plugin
from samelight_installer.plugin.krita_plugin import NAME
from samelight_installer.plugin.vendoring import COMPILED, ask_anew
from samelight_installer.record import read_record, remove_empty_folders

pytestmark = pytest.mark.usefixtures("own_user_data")

TAG = Tag((3, 13), "linux_x86_64")
OTHER = Tag((3, 10), "linux_x86_64")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home of someone"
    folder.mkdir()
    return folder


@pytest.fixture
def krita(home: Path) -> Editor:
    """For a Python for which nothing compiled is to be had."""
    return Editor("Krita", "package", "5.2.9", (3, 13), None, home / ".local/share/krita", home / ".config/kritarc")


@pytest.fixture
def gimp(home: Path) -> Editor:
    profile = home / ".config" / "GIMP" / "3.0"
    return Editor("GIMP", "package", "3.0.4", (3, 13), None, profile, profile / "gimprc")


@pytest.fixture
def goods(tmp_path: Path) -> Goods:
    return Goods(vendored_packages(), tmp_path / "run" / "connection.json", tmp_path / "bin" / "samelight")


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where pip finds wheels; the lock file names those."""
    ask_anew()
    folder = tmp_path / "shelf"
    folder.mkdir()
    write_lock(tmp_path / "locks", "run.lock", *[make_wheel(folder, name, "1.0") for name in COMPILED])
    for module in (plugin_folder, plugin_stamp):
        monkeypatch.setattr(module, "REQUIREMENTS", tmp_path / "locks")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def install(goods: Goods, *editors: Editor, running: bool = False, again: bool = False) -> list[Outcome]:
    return install_all(editors, goods, lambda _: running, again=again)


def states(outcomes: list[Outcome]) -> list[str]:
    return [outcome.state for outcome in outcomes]


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


# ---- what comes of each ----


def test_new_then_unchanged_without_pip(krita: Editor, gimp: Editor, goods: Goods, shelf: Path) -> None:
    krita, gimp = (replace(editor, tag=TAG) for editor in (krita, gimp))
    first = install(goods, krita, gimp)
    assert states(first) == ["new", "new"]
    assert [outcome.plugin.client for outcome in first if outcome.plugin] == ["pyzmq", "pyzmq"]
    for wheel in shelf.iterdir():
        wheel.unlink()  # pip would find nothing any more
    assert states(install(goods, krita, gimp)) == ["unchanged", "unchanged"]


def test_a_newer_plugin_keeps_the_compiled_packages_that_fit(
    krita: Editor, gimp: Editor, goods: Goods, shelf: Path
) -> None:
    krita, gimp = (replace(editor, tag=TAG) for editor in (krita, gimp))
    install(goods, krita)
    for wheel in shelf.iterdir():
        wheel.unlink()
    outcomes = install(replace(goods, command=Path("/other/samelight")), krita, gimp)
    assert states(outcomes) == ["upgraded", "new"]
    for outcome in outcomes:
        assert outcome.plugin is not None
        assert outcome.plugin.missing == {}
        assert (outcome.plugin.folder / "vendor" / str(TAG) / "pyzmq.py").exists()
    assert (outcomes[0].plugin.folder / "samelight-command.txt").read_text() == "/other/samelight\n"  # type: ignore[union-attr]


def test_again_fetches_again(krita: Editor, goods: Goods, shelf: Path) -> None:
    krita = replace(krita, tag=TAG)
    wheels = {path.name: path.read_bytes() for path in shelf.iterdir()}
    for path in shelf.iterdir():
        path.unlink()
    (first,) = install(goods, krita)
    assert first.plugin is not None
    assert set(first.plugin.missing) == {"pyzmq", "msgpack"}
    for name, content in wheels.items():
        (shelf / name).write_bytes(content)
    (second,) = install(goods, krita)
    assert (second.state, second.plugin and second.plugin.client) == ("unchanged", "pure Python")
    (third,) = install(goods, krita, again=True)
    assert (third.state, third.plugin and third.plugin.client) == ("repaired", "pyzmq")


@pytest.mark.parametrize(
    "damage",
    [
        f"pykrita/{NAME}/plugin.py",
        f"pykrita/{NAME}/vendor/common/msgpack/fallback.py",
        f"pykrita/{NAME}.desktop",
        f"actions/{NAME}.action",
        f"pykrita/{NAME}/installed.json",
    ],
)
def test_what_is_missing_is_put_right(krita: Editor, goods: Goods, damage: str) -> None:
    install(goods, krita)
    whole = tree(krita.data)
    (krita.data / damage).unlink()
    (outcome,) = install(goods, krita)
    assert outcome.state in ("repaired", "upgraded")
    assert tree(krita.data) == whole


def test_a_krita_that_wrote_its_settings_back_is_switched_on_again(krita: Editor, goods: Goods) -> None:
    install(goods, krita)
    krita.config.write_text("[python]\nenable_other=true\n")
    assert states(install(goods, krita)) == ["repaired"]
    assert f"enable_{NAME}=true" in krita.config.read_text()


def test_settings_that_are_read_only_are_said(krita: Editor, goods: Goods) -> None:
    krita.config.parent.mkdir(parents=True)
    krita.config.write_text("[a]\n")
    krita.config.chmod(0o444)
    (outcome,) = install(goods, krita)
    assert outcome.state == "failed"
    assert "read-only" in outcome.reason
    assert "Python Plugin Manager" in outcome.hint


def test_one_that_fails_stops_no_other(krita: Editor, gimp: Editor, goods: Goods) -> None:
    krita.data.parent.mkdir(parents=True)
    krita.data.write_text("a file in the way")
    outcomes = install(goods, krita, gimp)
    assert states(outcomes) == ["failed", "new"]
    assert str(krita.data) in outcomes[0].reason


def test_a_running_editor_is_said_to_run(gimp: Editor, goods: Goods) -> None:
    (outcome,) = install(goods, gimp, running=True)
    assert (outcome.state, outcome.running) == ("new", True)


def test_what_cannot_have_a_plugin_gets_none(krita: Editor, goods: Goods, home: Path) -> None:
    (outcome,) = install(goods, replace(krita, problem="too old", note="The plugin needs Krita 5.2 or newer."))
    assert (outcome.state, outcome.plugin) == ("too old", None)
    assert "5.2" in outcome.hint
    assert list(home.iterdir()) == []


def test_editors_that_share_a_folder_get_one_plugin_for_both_pythons(krita: Editor, goods: Goods, shelf: Path) -> None:
    krita = replace(krita, tag=TAG)
    appimage = replace(krita, kind="AppImage", tag=None, python=None, candidates=(OTHER, TAG))
    outcomes = install(goods, krita, appimage)
    assert states(outcomes) == ["new", "new"]
    assert len({outcome.plugin.folder for outcome in outcomes if outcome.plugin}) == 1
    vendor = krita.data / "pykrita" / NAME / "vendor"
    assert {path.name for path in vendor.iterdir()} == {"common", str(TAG), str(OTHER)}
    assert states(install(goods, krita, appimage)) == ["unchanged", "unchanged"]
    assert states(install(goods, appimage, krita)) == ["unchanged", "unchanged"]


def test_one_alone_takes_nothing_from_those_that_share_its_folder(krita: Editor, goods: Goods, home: Path) -> None:
    flatpak = replace(krita, kind="flatpak", private=home / "private")
    first = install_all([krita], goods, lambda _: False, others=[flatpak])
    assert [outcome.editor.kind for outcome in first] == ["package"]
    assert states(install(goods, krita, flatpak)) == ["unchanged", "unchanged"]
    assert states(look_at([flatpak], lambda _: False, goods, [krita])) == ["up to date"]


def test_the_first_releases_layout_is_upgraded(krita: Editor, goods: Goods) -> None:
    old = krita.data / "pykrita" / NAME
    (old / "vendor" / "common").mkdir(parents=True)
    (old / "__init__.py").write_text("old")
    (krita.data / "pykrita" / f"{NAME}.desktop").write_text("old")
    left = krita.data / "pykrita" / ".samelight-x8s7df"
    (left / "old").mkdir(parents=True)
    assert states(install(goods, krita)) == ["upgraded"]
    assert (old / "__init__.py").read_text() != "old"
    assert not left.exists()


def test_looking_changes_nothing(krita: Editor, gimp: Editor, goods: Goods, home: Path) -> None:
    install(goods, krita)
    before = tree(home)
    old = replace(gimp, problem="too old", data=home / "x")
    looked = look_at([krita, gimp, old], lambda editor: editor.name == "GIMP")
    assert [(each.state, each.running) for each in looked] == [
        ("installed", False),
        ("not installed", True),
        ("too old", True),
    ]
    assert tree(home) == before
    assert [each.state for each in look_at([krita], lambda _: False, goods)] == ["up to date"]


@pytest.mark.parametrize("what", ["settings", "file", "command", "action"])
def test_looking_tells_what_is_outdated(krita: Editor, goods: Goods, what: str) -> None:
    install(goods, krita)
    if what == "settings":
        krita.config.write_text("[a]\n")
    elif what == "file":
        (krita.data / "pykrita" / NAME / "plugin.py").write_text("")
    elif what == "action":
        (krita.data / "actions" / f"{NAME}.action").write_text("")
    else:
        goods = replace(goods, command=None)
    assert [each.state for each in look_at([krita], lambda _: False, goods)] == ["outdated"]


def test_looking_at_gimp_tells_the_same(gimp: Editor, goods: Goods) -> None:
    assert [each.state for each in look_at([gimp], lambda _: False, goods)] == ["not installed"]
    install(goods, gimp)
    assert [each.state for each in look_at([gimp], lambda _: False, goods)] == ["up to date"]
    (gimp.data / "plug-ins" / "samelight" / "samelight.py").unlink()
    assert [each.state for each in look_at([gimp], lambda _: False, goods)] == ["outdated"]


# ---- sandboxes ----


@pytest.fixture
def sandboxed(krita: Editor, home: Path) -> Editor:
    own = home / ".var" / "app" / "org.kde.krita"
    data, config = own / "data" / "krita", own / "config" / "kritarc"
    return replace(krita, kind="flatpak", data=data, config=config, private=own / "data" / "samelight" / "run")


def test_a_sandbox_gets_a_copy_of_the_connection_file(sandboxed: Editor, goods: Goods) -> None:
    goods.connection_file.parent.mkdir(mode=0o700)
    goods.connection_file.write_text("secret")
    (outcome,) = install(goods, sandboxed)
    assert outcome.plugin is not None
    assert sandboxed.private is not None
    copy = sandboxed.private / "connection.json"
    assert (outcome.plugin.folder / "connection-file.txt").read_text() == f"{copy}\n"
    assert not (outcome.plugin.folder / "samelight-command.txt").exists()
    assert copy.read_text() == "secret"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    assert listed_copies(goods.connection_file) == [copy]
    assert states(install(goods, sandboxed)) == ["unchanged"]
    assert listed_copies(goods.connection_file) == [copy]


def test_without_a_daemon_the_copy_is_only_listed(sandboxed: Editor, goods: Goods) -> None:
    install(goods, sandboxed)
    (copy,) = listed_copies(goods.connection_file)
    assert not copy.exists()
    assert stat.S_IMODE(goods.connection_file.parent.stat().st_mode) == 0o700


# ---- and out again ----


def test_all_of_it_can_be_taken_out(krita: Editor, gimp: Editor, sandboxed: Editor, goods: Goods, home: Path) -> None:
    krita.config.parent.mkdir(parents=True)
    krita.config.write_text("[a]\nb=\xe9\n\n[python]\nenable_other=true\n\n[c]\n", encoding="latin-1")
    other = krita.data / "pykrita" / "other" / "__init__.py"
    other.parent.mkdir(parents=True)
    other.write_text("x")
    goods.connection_file.parent.mkdir(mode=0o700)
    before, folders = tree(home), sorted(home.rglob("*"))
    install(goods, krita, gimp, sandboxed)
    goods.connection_file.write_text("secret")
    install(goods, krita, gimp, sandboxed)
    # What the plugins themselves keep for their user:
    with krita.config.open("a", encoding="latin-1") as file:
        file.write("\n[samelight]\nmodel=frih\n")
    kept = gimp.data / "plug-in-settings"
    kept.mkdir()
    for name in ("samelight-choices.json", "samelight-harmonize.last"):
        (kept / name).write_text("{}")
    (kept / "file-png-export.last").write_text("theirs")
    assert {(editor.name, editor.kind) for editor in recorded_editors()} == {
        ("Krita", "package"),
        ("GIMP", "package"),
        ("Krita", "flatpak"),
    }
    for editor in recorded_editors():
        assert remove_plugin(editor, goods.connection_file)
    assert (kept / "file-png-export.last").read_text() == "theirs"
    (kept / "file-png-export.last").unlink()
    kept.rmdir()
    remove_empty_folders()
    assert tree(home) == before
    assert sorted(home.rglob("*")) == folders
    assert list(goods.connection_file.parent.iterdir()) == [goods.connection_file]
    assert "plugins" not in read_record()


def test_a_sandbox_that_shared_a_folder_loses_its_copy_too(gimp: Editor, goods: Goods, home: Path) -> None:
    flatpak = replace(gimp, kind="flatpak", private=home / "private" / "samelight" / "run")
    goods.connection_file.parent.mkdir(mode=0o700)
    goods.connection_file.write_text("secret")
    install(goods, gimp, flatpak)
    (copy,) = listed_copies(goods.connection_file)
    assert copy.exists()
    remove_plugin(gimp, goods.connection_file)
    assert not copy.exists()
    assert listed_copies(goods.connection_file) == []


def test_what_krita_keeps_of_the_docker_goes_with_the_settings(krita: Editor, goods: Goods) -> None:
    install(goods, krita)
    with krita.config.open("a") as file:
        file.write("\n[MainWindow][DockWidget samelight_docker]\nheight=1\n\n[MainWindow][DockWidget other]\nx=1\n")
    remove_plugin(krita, goods.connection_file)
    assert krita.config.read_text() == "[MainWindow][DockWidget other]\nx=1\n"


def test_what_the_artist_chose_can_stay(krita: Editor, goods: Goods) -> None:
    install(goods, krita)
    with krita.config.open("a") as file:
        file.write("\n[samelight]\nmodel=frih\n")
    remove_plugin(krita, goods.connection_file, settings=False)
    assert krita.config.read_text() == "[samelight]\nmodel=frih\n"


def test_taking_out_what_is_not_there_does_nothing(krita: Editor, gimp: Editor, goods: Goods, home: Path) -> None:
    assert [remove_plugin(editor, goods.connection_file) for editor in (krita, gimp)] == [[], []]
    assert list(home.iterdir()) == []


def test_the_record_names_what_is_ours_before_it_is_there(
    krita: Editor, goods: Goods, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(plugins.krita_plugin, "install_plugin", stop)
    with pytest.raises(KeyboardInterrupt):
        install(goods, krita)
    (entry,) = read_record()["plugins"]
    assert entry["files"][0] == str(krita.data / "pykrita" / NAME)
    assert entry["settings"] == [[str(krita.config), "python", f"enable_{NAME}"]]


def test_a_damaged_record_or_stamp_is_no_trouble(krita: Editor, goods: Goods) -> None:
    install(goods, krita)
    (krita.data / "pykrita" / NAME / "installed.json").write_text(json.dumps({"fingerprint": 1, "files": []}))
    assert states(install(goods, krita)) == ["upgraded"]
