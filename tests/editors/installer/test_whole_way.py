"""`python3 installer` alone, in a system that has Krita and GIMP from its distribution: from nothing to a harmonized
layer in both, and back to a home folder as it would be without Samelight.

The steps are those of one person, each a fixture that comes after the one before.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from editor_roots import EditorRoot
from home_contents import Contents, changed_since, contents_of, names_plugins, remains, states_of
from journey import Person, ensure_venv
from krita_harness import Scenario
from screen import Screen

pytestmark = [pytest.mark.editor, pytest.mark.slow]

Report = Mapping[str, Any]

DRIVER = "samelight_driver"


# ---- the steps ----


@pytest.fixture(scope="module")
def advice(person: Person) -> str:
    """What the installer says in a system that lacks a part of its Python; empty if it lacks none any more."""
    return ensure_venv(person)


@pytest.fixture(scope="module")
def report(person: Person, advice: str) -> Report:
    """Samelight is installed."""
    done = person.install("--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found: Report = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def in_krita(person: Person, report: Report, screen: Screen) -> Scenario:
    """A layer was harmonized in Krita, and Krita was left."""
    return person.use_krita(screen, harmonize=True)


@pytest.fixture(scope="module")
def in_gimp(person: Person, report: Report, screen: Screen, in_krita: Scenario) -> list[dict[str, Any]]:
    """The same in GIMP."""
    return person.use_gimp(screen, harmonize=True)


@pytest.fixture(scope="module")
def removed(person: Person, in_krita: Scenario, in_gimp: list[dict[str, Any]]) -> Report:
    """Samelight is uninstalled by its own command."""
    done = person.run(str(person.command), "uninstall", "--yes", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found: Report = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def controls(person: Person, screen: Screen, removed: Report, after: Contents) -> list[Contents]:
    """Two homes in the same place, of persons who did the same in both editors and never had Samelight."""
    found = []
    for number in range(2):
        other = replace(person, files=person.files / f"control-{number}")
        other.move_in()
        other.use_krita(screen, harmonize=False)
        other.use_gimp(screen, harmonize=False)
        found.append(contents_of(other.home))
    return found


@pytest.fixture(scope="module")
def after(person: Person, removed: Report) -> Contents:
    """The home after all."""
    return contents_of(person.home)


# ---- what holds after each ----


def test_a_python_without_venv_is_explained(root: EditorRoot, advice: str) -> None:
    if not advice:
        pytest.skip("this root's Python was completed in an earlier run")
    assert "cannot make virtual environments" in advice
    assert "sudo apt install python3." in advice


def test_the_installer_finds_both_editors(person: Person, report: Report) -> None:
    editors = {editor["name"]: editor for editor in report["editors"]}
    assert set(editors) == {"Krita", "GIMP"}
    for name, editor in editors.items():
        version = ".".join(map(str, person.root.version(name.lower())[:2]))
        assert editor["version"].startswith(version)
        assert Path(editor["folder"]).is_relative_to(person.home)
        assert editor["client"] == "pyzmq"
    assert report["login"]["state"] == "on"
    assert Path(report["login"]["file"]).is_relative_to(person.home)
    assert report["daemon"]["state"] in ("started", "running")
    assert Path(report["sample"]).is_file()


def test_a_layer_is_harmonized_in_krita(in_krita: Scenario) -> None:
    facts = in_krita["picture"]
    assert facts["message"] == ""
    assert facts["shown"] == ["background", "subject (harmonized)"]
    assert facts["layers"] == ["background", "subject", "subject (harmonized)"]
    assert facts["changed"]
    assert facts["original"]
    assert facts["transport"] == "ZmqTransport"
    assert "quit" not in in_krita.results, "Krita did not quit"
    assert in_krita.exit_code == 0, in_krita.said[-2000:]


def test_a_layer_is_harmonized_in_gimp(in_gimp: list[dict[str, Any]]) -> None:
    assert [layer["name"] for layer in in_gimp] == ["astronaut (harmonized)", "astronaut", "Background"]
    assert [layer["visible"] for layer in in_gimp] == [True, False, True]


def test_the_doctor_finds_all_well(person: Person, report: Report) -> None:
    done = person.run(str(person.command), "doctor", "--json", "--report")
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert {name: check for name, check in checks.items() if check["status"] == "failure"} == {}
    assert done.returncode == 0
    for name in ("krita", "gimp"):
        version = ".".join(map(str, person.root.version(name)[:2]))
        (line,) = [check for key, check in checks.items() if key.lower().startswith(f"{name} {version}")]
        assert line["status"] == "ok", line
        assert "its client (pyzmq" in line["detail"]
        assert "it reached the daemon" in line["detail"]
    assert checks["login"]["status"] == "ok"
    assert checks["round trip"]["status"] == "ok"
    assert str(person.home) not in done.stdout


def test_a_second_run_changes_nothing(person: Person, report: Report) -> None:
    record = person.data / "installed.json"
    before, recorded = states_of(person.home), record.read_bytes()
    done = person.install("--json")
    assert done.returncode == 0, done.stdout + done.stderr
    again = json.loads(done.stdout)
    assert not again["environment"]["changed"]
    assert not any(editor["changed"] for editor in again["editors"])
    assert again["daemon"]["state"] == "running"
    # The daemon goes on with its log; a Python that runs may keep what it compiled; the record is written anew.
    changed = {name for name in changed_since(before, person.home) if "/log/" not in name and "__pycache__" not in name}
    assert changed <= {str(record.relative_to(person.home))}
    assert record.read_bytes() == recorded


def test_nothing_is_left_running(person: Person, removed: Report) -> None:
    assert removed["problems"] == []
    assert removed["kept"] == []
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert [line for line in listed.splitlines() if str(person.data) in line] == []


def test_the_home_is_as_without_samelight(after: Contents, controls: list[Contents]) -> None:
    assert remains(after, controls) == {}


def test_no_file_names_samelight(after: Contents) -> None:
    """But for the tests' own driver for Krita, and what the editors noted down for themselves."""
    naming = {path for path, octets in after.items() if b"samelight" in octets.lower().replace(DRIVER.encode(), b"")}
    named = {path for path in after if "samelight" in path.lower().replace(DRIVER, "")}
    assert {path for path in naming | named if DRIVER not in path and not names_plugins(path)} == set()
