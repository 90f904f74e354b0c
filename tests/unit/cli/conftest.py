"""The command line as a person types it, run in this process."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_helpers import Run, write_pair
from typer.testing import CliRunner, Result

from samelight.cli.main import app


@pytest.fixture(scope="session")
def cost_notes_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all tests together note what networks cost."""
    return tmp_path_factory.mktemp("cache") / "costs.json"


@pytest.fixture
def run(weights_folder: Path, cost_notes_file: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `samelight` with these arguments."""
    monkeypatch.setenv("SAMELIGHT_WEIGHTS", str(weights_folder))
    monkeypatch.setattr("samelight.cli.cost_notes._path", lambda: cost_notes_file)
    runner = CliRunner()

    def run(*arguments: object) -> Result:
        result = runner.invoke(app, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """A small composite and its mask."""
    return write_pair(tmp_path)
