"""The installer's small parts: interpreters, lock files, fingerprints, places, exit codes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

from samelight_installer import lockfile
from samelight_installer.environment.interpreters import find_interpreter, probe
from samelight_installer.errors import InstallError
from samelight_installer.fingerprint import fingerprint, source_files
from samelight_installer.main import main
from samelight_installer.places import CHECKOUT, REQUIREMENTS, user_data


def pretend_python(folder: Path, answer: str) -> str:
    """A program that answers the probe as another Python would."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\necho '{answer}'\n")
    path.chmod(0o755)
    return str(path)


def test_this_python_fits() -> None:
    found = probe(sys.executable)
    assert found is not None
    assert found.version == sys.version_info[:2]
    assert found.fits


def test_what_is_no_python_is_passed_over(tmp_path: Path) -> None:
    assert probe(str(tmp_path / "missing")) is None
    assert probe(pretend_python(tmp_path, "hello")) is None
    assert find_interpreter(iter([str(tmp_path / "missing"), sys.executable])).version == sys.version_info[:2]


def test_a_python_too_old_is_named(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match=r"needs Python 3\.10 to 3\.14, and this machine has 3\.8"):
        find_interpreter(iter([pretend_python(tmp_path, '[3, 8, true, "/usr/bin/python3"]')]))


def test_a_python_without_venv_is_explained(tmp_path: Path) -> None:
    with pytest.raises(InstallError) as caught:
        find_interpreter(iter([pretend_python(tmp_path, '[3, 11, false, "/usr/bin/python3"]')]))
    assert "apt install python3.11-venv" in caught.value.hint


LOCK = """# a comment
alpha==1.0 ; sys_platform == 'linux' \\
    --hash=sha256:aa \\
    --hash=sha256:ab
alpha==0.9 ; sys_platform != 'linux' \\
    --hash=sha256:ac
beta-gamma==2.0 \\
    --hash=sha256:ba
"""


def test_some_packages_of_a_lock_file() -> None:
    assert lockfile.versions(LOCK) == {"alpha": {"1.0", "0.9"}, "beta-gamma": {"2.0"}}
    assert lockfile.select(LOCK, ["Beta_Gamma"]) == "beta-gamma==2.0 \\\n    --hash=sha256:ba\n"
    assert lockfile.select(LOCK, ["alpha"]).count("--hash") == 3
    assert lockfile.select(LOCK, ["other"]).strip() == ""


def test_torch_is_asked_for_to_the_letter() -> None:
    """Or pip would take another build of that version, wherever it knows one."""
    chosen = lockfile.select("torch==1.0 \\\n    --hash=sha256:aa\n", ["torch"])
    assert chosen == "torch===1.0 \\\n    --hash=sha256:aa\n"
    assert lockfile.versions(chosen) == {"torch": {"1.0"}}


def test_a_fingerprint_sees_names_and_contents(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text("1")
    second.write_text("2")
    both = fingerprint([first, second], tmp_path)
    assert both == fingerprint([first, second], tmp_path)
    second.write_text("3")
    assert both != fingerprint([first, second], tmp_path)
    second.write_text("2")
    assert both != fingerprint([second, first], tmp_path)


def test_sources_are_the_files_that_are_installed() -> None:
    names = {path.relative_to(CHECKOUT).as_posix() for path in source_files(CHECKOUT)}
    assert {"daemon/samelight/__init__.py", "pyproject.toml", "installer/__main__.py"} <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith(("tests", ".git"))]


def test_the_lock_files_are_found() -> None:
    assert {path.name for path in REQUIREMENTS.glob("*.lock")} == {
        "cpu.lock",
        "pip.lock",
        "run.lock",
        "small.lock",
        "test.lock",
    }


@pytest.mark.parametrize("home", [None, "/somewhere/else"])
def test_user_data_is_where_the_daemon_looks(monkeypatch: pytest.MonkeyPatch, home: str | None) -> None:
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    if home:
        monkeypatch.setenv("XDG_DATA_HOME", home)
    assert user_data() == Path(platformdirs.user_data_dir("samelight", appauthor=False))


def test_failures_end_with_2_and_two_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home" / "data"))
    monkeypatch.delenv("SUDO_USER", raising=False)
    (tmp_path / "home").mkdir()
    (tmp_path / "precious").write_text("")
    assert main(["--env", str(tmp_path), "--no-start"]) == 2
    assert capsys.readouterr().err.strip().splitlines() == [
        f"Error: The folder {tmp_path} holds something that is not Samelight's environment.",
        "Choose another folder with --env, or empty that one.",
    ]


def test_it_starts_as_a_folder_and_explains_itself() -> None:
    said = subprocess.run(
        [sys.executable, "-I", str(CHECKOUT / "installer"), "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert "--no-start" in said
    assert "python3 installer test" in said
