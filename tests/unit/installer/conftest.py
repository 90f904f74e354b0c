"""A user of the tests' own: what an installation writes about itself goes into a folder of the test's."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def own_user_data(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the record of what was installed lies during a test."""
    folder = tmp_path_factory.mktemp("user")
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    monkeypatch.setenv("SAMELIGHT_CONNECTION_FILE", str(folder / "run" / "connection.json"))
    return folder
