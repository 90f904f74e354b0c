"""A user of the tests' own: what an installation writes about itself goes into a folder of the test's."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

NOBODY = 65534


@pytest.fixture
def own_user_data(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the record of what was installed lies during a test."""
    folder = tmp_path_factory.mktemp("user")
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    monkeypatch.setenv("SAMELIGHT_CONNECTION_FILE", str(folder / "run" / "connection.json"))
    return folder


@pytest.fixture
def common_home() -> Iterator[Path]:
    """The home of somebody for whom rights count: root, as whom tests may run, may read and write all files. The test
    goes on as that somebody.
    """
    if not hasattr(os, "geteuid"):
        pytest.skip("files have other rights here")
    folder = Path(tempfile.mkdtemp())  # pytest's own folders are closed to others
    home = folder / "home"
    home.mkdir()
    root = os.geteuid() == 0
    if root:
        folder.chmod(0o755)
        os.chown(home, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    try:
        yield home
    finally:
        if root:
            os.seteuid(0)
        subprocess.run(["chmod", "-R", "u+rwx", str(folder)], check=True)
        shutil.rmtree(folder)
