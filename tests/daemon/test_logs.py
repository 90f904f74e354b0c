"""The log file: its level, and that it never grows without end."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from samelight.server import logs


@pytest.fixture(autouse=True)
def untouched_logger() -> Iterator[None]:
    """Leaves the package's logger as it was."""
    logger = logging.getLogger("samelight")
    before = (logger.level, logger.propagate, list(logger.handlers))
    yield
    for handler in logger.handlers:
        handler.close()
    logger.setLevel(before[0])
    logger.propagate, logger.handlers[:] = before[1:]


def test_the_level_decides_what_is_written(tmp_path: Path) -> None:
    path = logs.open_log("warning", tmp_path / "logs" / "daemon.log")
    logging.getLogger("samelight.test").info("not this")
    logging.getLogger("samelight.test").warning("but this")
    text = path.read_text()
    assert "but this" in text
    assert "not this" not in text


def test_the_file_is_rotated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "ROTATE_BYTES", 2000)
    logs.open_log("info", tmp_path / "daemon.log")
    for number in range(500):
        logging.getLogger("samelight.test").info("line %d", number)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 1 + logs.ROTATED_FILES
    assert all(file.stat().st_size <= 2000 for file in files)
    assert "line 499" in (tmp_path / "daemon.log").read_text()
