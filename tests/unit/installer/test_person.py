"""For whom it is installed, and what a machine may be like on which even that is not clear."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from samelight_installer.errors import InstallError
from samelight_installer.main import main
from samelight_installer.person import check_person
from samelight_installer.places import CHECKOUT

posix = pytest.mark.skipif(os.name != "posix", reason="HOME counts on POSIX systems alone")


@posix
@pytest.mark.parametrize("home", ["", "relative", "/nowhere/at/all"])
def test_without_a_home_nothing_is_done(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", home)
    with pytest.raises(InstallError, match=f"There is no home folder{f' {home}' if home else ''}[.]"):
        check_person()


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() != 0, reason="only root can be another one")
def test_root_installs_for_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    check_person({})
    check_person({"SUDO_USER": "root"})
    with pytest.raises(InstallError, match="would be installed for root "):
        check_person({"SUDO_USER": "ada"})
    os.chown(tmp_path, 65534, 65534)
    with pytest.raises(InstallError, match="in somebody else's home folder"):
        check_person({})


def test_what_no_step_expected_is_told_in_a_sentence(common_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(common_home))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    common_home.chmod(0)
    assert main(["uninstall", "--yes"]) == 2


@posix
def test_a_terminal_without_the_letters_of_a_path(tmp_path: Path) -> None:
    home = tmp_path / "Zoë"
    home.mkdir()
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "SUDO_"))}
    said = subprocess.run(
        [sys.executable, str(CHECKOUT / "installer"), "--dry-run"],
        env={**variables, "HOME": str(home), "PYTHONIOENCODING": "ascii"}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "Zo\\xeb" in said
