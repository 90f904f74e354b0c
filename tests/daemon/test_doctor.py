"""`samelight doctor` and a daemon that does not do what it should."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from daemon_harness import MODEL, RunningDaemon
from typer.testing import CliRunner

from samelight.cli.checks import daemon as checks
from samelight.cli.checks.check import Check
from samelight.cli.main import app
from samelight_installer.plugin.connection_copies import add_copy, remove_copy
from samelight_installer.plugin.folder import make_plain_folder

pytestmark = [pytest.mark.daemon, pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals there")]


@contextmanager
def stopped(daemon: RunningDaemon) -> Iterator[None]:
    """The daemon stands still."""
    os.kill(daemon.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(daemon.process.pid, signal.SIGCONT)


@pytest.fixture
def here(daemon: RunningDaemon, monkeypatch: pytest.MonkeyPatch) -> RunningDaemon:
    """The daemon whose connection file this process finds."""
    for name in ("SAMELIGHT_CONNECTION_FILE", "SAMELIGHT_CONFIG"):
        monkeypatch.setenv(name, daemon.home.environment[name])
    return daemon


def lines(part: Iterator[Check]) -> dict[str, Check]:
    return {line.name: line for line in part}


def test_a_daemon_that_hangs_is_not_waited_for(here: RunningDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "ANSWER_SECONDS", 0.5)
    with stopped(here):
        found = lines(checks.check_daemon())
    assert {name: line.status for name, line in found.items()} == {"daemon": "failure", "round trip": "failure"}
    assert "samelight daemon stop" in found["daemon"].mend


def test_a_round_trip_that_does_not_end(here: RunningDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "ROUND_TRIP_SECONDS", 0.0)
    found = lines(checks.check_daemon())
    assert found["daemon"].status == "ok"
    assert found["round trip"].status == "failure"
    assert "samelight daemon stop" in found["round trip"].mend


def test_a_connection_file_that_others_may_read_is_a_failure(here: RunningDaemon) -> None:
    here.connection_file.chmod(0o644)
    try:
        with pytest.raises(Exception, match="read") as caught:
            list(checks.check_connection())
    finally:
        here.connection_file.chmod(0o600)
    assert caught.value.hint  # type: ignore[attr-defined]
    assert "readable by you alone" in lines(checks.check_connection())["connection"].detail


def test_the_copies_for_sandboxes_are_looked_at(here: RunningDaemon, tmp_path: Path) -> None:
    copy = tmp_path / "sandbox" / "connection.json"
    add_copy(here.connection_file, copy, make_plain_folder)
    try:
        assert lines(checks.check_connection())["connection copy"].status == "ok"
        copy.chmod(0o644)
        assert lines(checks.check_connection())["connection copy"].status == "failure"
        copy.unlink()
        line = lines(checks.check_connection())["connection copy"]
        assert (line.status, "samelight daemon stop" in line.mend) == ("failure", True)
    finally:
        remove_copy(here.connection_file, copy)


def test_a_daemon_of_another_release_is_a_warning(here: RunningDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "__version__", "9.9")
    line = lines(checks.check_daemon())["daemon"]
    assert (line.status, "this is 9.9" in line.detail) == ("warning", True)


def test_settings_that_the_daemon_has_not_read(
    here: RunningDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are read at its start only."""
    runner = CliRunner()
    assert "daemon settings" not in lines(checks.check_daemon())
    assert runner.invoke(app, ["daemon", "status"]).stderr == ""
    changed = tmp_path / "config.toml"
    monkeypatch.setenv("SAMELIGHT_CONFIG", str(changed))
    for text, said in (
        ('default_model = "rcl-lite"', '"rcl-lite"'),
        (f'default_model = "{MODEL}"\nidle_unload_seconds = 7', "was changed after the daemon's start"),
    ):
        changed.write_text(text)
        line = lines(checks.check_daemon())["daemon settings"]
        assert (line.status, said in line.detail, "samelight daemon stop" in line.mend) == ("warning", True, True)
        status = runner.invoke(app, ["daemon", "status"])
        assert (said in status.stderr, "samelight daemon stop" in status.stderr) == (True, True)
        assert said in json.loads(runner.invoke(app, ["daemon", "status", "--json"]).stdout)["unread_settings"]


def test_a_port_that_nobody_serves(here: RunningDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection file that was left behind by a daemon that was killed."""
    left = tmp_path / "run" / "connection.json"
    left.parent.mkdir(mode=0o700)
    text = here.connection_file.read_text().replace(f'"port": {here.endpoint.port}', '"port": 1')
    left.touch(0o600)
    left.write_text(text)
    monkeypatch.setenv("SAMELIGHT_CONNECTION_FILE", str(left))
    found = lines(checks.check_daemon())
    assert found["daemon"].status == "failure"
    assert "samelight daemon" in found["daemon"].mend
