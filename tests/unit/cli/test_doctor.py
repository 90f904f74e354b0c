"""`samelight doctor`: each check finds what it is there for, and none keeps the rest from being made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cli_helpers import Run

from samelight import harmonizers
from samelight.cli.checks import computing, editors, weights
from samelight.cli.checks.check import Check, ok
from samelight.cli.checks.examination import examine
from samelight.cli.checks.memory import read_meminfo, read_vm_stat
from samelight.cli.install import vendored_packages
from samelight.weights import WeightsEntry, store, write_entry
from samelight_installer.editors import Editor
from samelight_installer.editors.tags import Tag
from samelight_installer.plugin import gimp_plugin, krita_plugin
from samelight_installer.settings_file import set_value
from samelight_wire.endpoint import connection_path

SOURCES = os.pathsep.join(str(Path(__file__).parents[3] / part) for part in ("daemon", "shared", "installer"))


# ---- no part stops the rest ----


def hanging() -> Iterator[Check]:
    yield ok("before", "it hangs")
    time.sleep(600)


def ending() -> Iterator[Check]:
    yield ok("before", "it ends the program")
    sys.exit(3)


def fine() -> Iterator[Check]:
    yield ok("fine", "is run all the same")


def test_a_part_that_hangs_is_left_behind() -> None:
    lines = list(examine({"hanging": hanging, "fine": fine}, limit=0.2))
    assert [(line.name, line.status) for line in lines] == [("before", "ok"), ("hanging", "failure"), ("fine", "ok")]
    assert "0 seconds" in lines[1].detail


def test_a_part_that_ends_the_program_is_a_failure() -> None:
    lines = list(examine({"ending": ending, "fine": fine}))
    assert [(line.name, line.status) for line in lines] == [("before", "ok"), ("ending", "failure"), ("fine", "ok")]
    assert lines[1].detail == "SystemExit: 3"


# ---- torch ----

DIES = "import os, signal; os.kill(os.getpid(), signal.SIGILL)"
TELLS = """print('{"name": "torch", "status": "ok", "detail": "9.9", "mend": ""}', flush=True);"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals there")
def test_a_torch_that_ends_its_process_takes_nothing_with_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(computing, "TRIAL", (sys.executable, "-c", DIES))
    checks = checks_of(run)
    assert checks["torch"]["status"] == "failure"
    assert "SIGILL" in checks["torch"]["detail"]
    assert checks["weights"]["mend"] == checks["segmentation"]["mend"] == "Mend torch first, see above."
    assert checks["daemon"]["status"] == "failure"


def test_a_torch_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(computing, "TRIAL", (sys.executable, "-c", TELLS + "import time; time.sleep(600)"))
    monkeypatch.setattr(computing, "TRIAL_SECONDS", 2.0)
    first, second = computing.check_torch()
    assert (first.detail, second.status) == ("9.9", "failure")
    assert "within 2 s" in second.detail


def test_what_is_wrong_with_torch_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(computing, "TRIAL", (sys.executable, "-c", "raise ImportError('libcudart.so.13 is missing')"))
    (line,) = computing.check_torch()
    assert line.detail == "ImportError: libcudart.so.13 is missing"
    assert not computing.torch_works()


def test_torch_computes_on_the_device_that_is_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.toml").write_text('device = "cpu"')
    monkeypatch.setenv("SAMELIGHT_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("PYTHONPATH", SOURCES)
    torch, device = computing.check_torch()
    assert (torch.status, device.status) == ("ok", "ok")
    assert device.detail.startswith("cpu")


# ---- weights ----


@pytest.fixture
def own_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's folder with weights that are not those which its list names."""
    monkeypatch.setattr(weights, "torch_works", lambda: True)
    monkeypatch.setenv("SAMELIGHT_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("SAMELIGHT_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "hdnet-lite.safetensors").write_bytes(b"damaged")
    write_entry(tmp_path, "hdnet-lite", WeightsEntry("hdnet-lite.safetensors", 7, "00", "hdnet-lite.md", ""))
    return tmp_path


def test_damaged_weights_are_mended_by_what_belongs_to_their_folder(run: Run, own_weights: Path) -> None:
    damaged = {line.name: line for line in weights.check_weights()}["weights hdnet-lite"]
    assert damaged.status == "failure"
    assert "`samelight weights remove hdnet-lite --yes`" in damaged.mend
    assert run("weights", "remove", "hdnet-lite", "--yes").exit_code == 0
    assert {line.name: line.status for line in weights.check_weights()}["weights hdnet-lite"] == "ok"


def test_a_damaged_list_of_weights_is_one_line(own_weights: Path) -> None:
    (own_weights / "manifest.json").write_text('{"hdnet": 3}')
    (line,) = weights.check_weights()
    assert (line.name, line.status) == ("weights", "failure")
    assert line.mend.startswith(f"Delete {own_weights / 'manifest.json'}")


def test_a_default_model_without_weights_is_no_matter_for_the_installer(own_weights: Path) -> None:
    (own_weights / "config.toml").write_text('default_model = "srin"')
    line = {line.name: line for line in weights.check_weights()}["weights srin"]
    assert line.status == "failure"
    assert "`samelight train srin --photos" in line.mend
    assert str(own_weights / "config.toml") in line.mend


def test_a_default_model_that_does_not_exist_is_a_failure(own_weights: Path) -> None:
    (own_weights / "config.toml").write_text('default_model = "nope"')
    line = {line.name: line for line in weights.check_weights()}["default model"]
    assert (line.status, '"nope"' in line.detail) == ("failure", True)
    assert str(own_weights / "config.toml") in line.mend
    assert "srin-lite" in line.mend


def test_the_papers_sizes_come_without_weights_and_all_others_with_some(own_weights: Path) -> None:
    (own_weights / "manifest.json").unlink()
    lines = {line.name: line for line in weights.check_weights()}
    assert {name for name in lines if name.startswith("weights ")} == {
        f"weights {name}" for name in harmonizers.names() if name.endswith("-lite")
    }
    assert {line.status for line in lines.values()} == {"ok"}
    assert "hdnet, srin, srih, frih, rcl;" in lines["other weights"].detail


def test_shipped_weights_that_are_gone_are_had_again_by_the_installer(
    own_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own_weights / "manifest.json").unlink()
    monkeypatch.setattr(store, "folders", lambda: [own_weights])
    line = {line.name: line for line in weights.check_weights()}["weights rcl-lite"]
    assert (line.status, line.mend) == ("failure", "Run `python3 installer` again.")
    assert "default" not in line.detail


# ---- memory ----


def test_memory_as_linux_and_macos_tell_it() -> None:
    assert read_meminfo("MemTotal:       16 kB\nMemFree:   1 kB\nMemAvailable:    8 kB\nHugePages_Total: 0\n") == (
        8192,
        16384,
    )
    said = (
        "Mach Virtual Memory Statistics: (page size of 16384 bytes)\nPages free:  10.\nPages active:   99.\n"
        'Pages inactive:  5.\nPages speculative:    1.\n"Translation faults":  77.\n'
    )
    assert read_vm_stat(said) == 16 * 16384


# ---- editors ----


@pytest.fixture(scope="module")
def system_python() -> tuple[int, int]:
    """The version of a Python that a distribution's editor would run."""
    said = subprocess.run(
        ["/usr/bin/python3", "-c", "import sys; print(*sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=False,
    )
    if said.returncode != 0:
        pytest.skip("this machine has no Python of a distribution")
    major, minor = said.stdout.split()
    return int(major), int(minor)


@pytest.fixture
def krita(tmp_path: Path, system_python: tuple[int, int]) -> Editor:
    """A Krita of the distribution with the plugin in it."""
    home = tmp_path / "home"
    tag = Tag.of(system_python, "linux", "x86_64")
    editor = Editor("Krita", "package", "5.2.9", system_python, tag, home / "krita", home / "kritarc")
    krita_plugin.install_plugin(replace(editor, tag=None), vendored_packages(), connection_path(), Path(sys.executable))
    return editor


def line_for(editor: Editor, monkeypatch: pytest.MonkeyPatch) -> Check:
    monkeypatch.setattr(editors, "find_editors", lambda: iter([editor]))
    (line,) = editors.check_editors()
    return line


def test_a_plugins_client_is_loaded_by_the_editors_python(krita: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(krita.data.rglob("*"))
    line = line_for(krita, monkeypatch)
    assert line.status == "ok", line
    assert "its client (pure Python) loads in Python" in line.detail
    assert "no daemon runs" in line.detail
    assert set(krita.data.rglob("*")) == before, "the trial left something behind"


def test_a_client_that_does_not_load_is_a_failure(krita: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    common = krita.data / "pykrita" / krita_plugin.NAME / "vendor" / "common"
    (common / "msgpack" / "fallback.py").write_text("syntax error here\n")
    line = line_for(krita, monkeypatch)
    assert line.status == "failure"
    assert "SyntaxError" in line.detail
    assert "samelight install" in line.mend


def test_gimps_client_too(tmp_path: Path, system_python: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    gimp = Editor("GIMP", "package", "3.0.4", system_python, None, tmp_path / "3.0", tmp_path / "3.0" / "gimprc")
    assert line_for(gimp, monkeypatch).status == "warning"
    gimp_plugin.install_plugin(gimp, vendored_packages(), connection_path(), Path(sys.executable))
    assert line_for(gimp, monkeypatch).status == "ok"
    program = gimp.data / "plug-ins" / "samelight" / "samelight.py"
    program.chmod(0o644)
    assert "the right to be run" in line_for(gimp, monkeypatch).detail
    program.unlink()
    assert "its program" in line_for(gimp, monkeypatch).detail


def test_a_plugin_with_a_damaged_file_is_a_failure(krita: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    (krita.data / "pykrita" / krita_plugin.NAME / "docker.py").write_text("")
    line = line_for(krita, monkeypatch)
    assert (line.status, "missing or damaged" in line.detail) == ("failure", True)


def test_what_a_plugin_lacks_is_named(krita: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    set_value(krita.config, "python", f"enable_{krita_plugin.NAME}", "false")
    (krita.data / "actions" / f"{krita_plugin.NAME}.action").unlink()
    line = line_for(krita, monkeypatch)
    assert line.status == "failure"
    assert "its menu entries and the line in kritarc that switches it on" in line.detail


def test_a_plugin_that_looks_elsewhere_is_a_failure(krita: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMELIGHT_CONNECTION_FILE", "/somewhere/else.json")
    line = line_for(krita, monkeypatch)
    assert line.status == "failure"
    assert "looks for the daemon in" in line.detail


def test_a_plugin_of_another_release_and_one_whose_command_is_gone(
    krita: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = krita.data / "pykrita" / krita_plugin.NAME
    (folder / "samelight-command.txt").write_text("/gone/samelight\n")
    assert "/gone/samelight" in line_for(krita, monkeypatch).detail
    (folder / "vendor" / "common" / "samelight_wire" / "release.py").write_text('RELEASE = "0.0.1"\n')
    line = line_for(krita, monkeypatch)
    assert (line.status, "is of 0.0.1" in line.detail) == ("warning", True)


def test_a_sandboxed_editor_is_not_tried(krita: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    line = line_for(replace(krita, kind="flatpak"), monkeypatch)
    assert line.status == "ok"
    assert "cannot be tried from outside" in line.detail


def test_an_editor_without_the_plugin_and_no_editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = Editor("Krita", "package", "5.2.9", (3, 13), None, tmp_path / "krita", tmp_path / "kritarc")
    line = line_for(bare, monkeypatch)
    assert (line.status, "samelight install" in line.mend) == ("warning", True)
    monkeypatch.setattr(editors, "find_editors", lambda: iter(()))
    (line,) = editors.check_editors()
    assert "build-plugins" in line.mend


# ---- the report ----


def checks_of(run: Run, *arguments: str) -> dict[str, dict[str, str]]:
    return {check["name"]: check for check in json.loads(run("doctor", "--json", *arguments).stdout)["checks"]}


@pytest.mark.skipif(sys.platform == "win32", reason="a home folder with such a name cannot be made there")
@pytest.mark.slow
def test_a_report_names_no_home_however_hostile(tmp_path: Path) -> None:
    """A real process of a user with a strange home folder, whose settings lie on a customer's disk."""
    home = tmp_path / "people" / ("Gerda O'Hara (art)+[é]$ ~x\nrows " + os.fsdecode(b"\xff\xfe octet"))
    elsewhere = tmp_path / "customers" / "Acme Film" / "samelight"
    for folder in (home, elsewhere):
        folder.mkdir(parents=True)
    (elsewhere / "config.toml").write_text("nonsense = 1")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "SAMELIGHT"))}
    own = {
        "HOME": str(home),
        "USER": "gerda",
        "LOGNAME": "gerda",
        "SAMELIGHT_CONFIG": str(elsewhere / "config.toml"),
        "PYTHONPATH": SOURCES,
    }
    command = [sys.executable, "-m", "samelight.cli.main", "doctor", "--report"]
    done = subprocess.run(command, env={**kept, **own}, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 1, done.stderr
    for word in ("erda", "O'Hara", "rows", "octet", "people", "customers", "Acme", "Film", str(tmp_path)):
        assert word not in done.stdout, done.stdout
    assert done.stdout.count("nonsense") == 1, "the report must say what is wrong, and once is enough"
    assert "~/.local/share/samelight/run/connection.json" in done.stdout
    assert done.stderr == ""
