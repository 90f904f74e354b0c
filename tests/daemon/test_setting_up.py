"""`samelight login`, and what `samelight install` does about the daemon, in a home of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from daemon_harness import ANSWER_SECONDS, MODEL, Home, RunningDaemon

pytestmark = pytest.mark.daemon

SET_UP = "import json, sys; from samelight.cli.setting_up import login_and_daemon as f; print(json.dumps(f({}, {})))"


def run(home: Home, *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, *arguments], env=home.environment, capture_output=True, text=True, timeout=2 * ANSWER_SECONDS
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def login(home: Home, *arguments: str) -> Any:
    return run(home, "-m", "samelight.cli.main", "login", *arguments, "--json")


@pytest.fixture
def desktop(home: Home) -> Home:
    """A user whose session has no systemd, so that nothing outside the home is touched."""
    home.environment["PATH"] = ""
    return home


def test_on_off_and_what_was_asked_for_is_remembered(desktop: Home) -> None:
    assert login(desktop, "status")["state"] == "off"
    put = login(desktop, "on")
    assert (put["state"], put["kind"], put["changed"]) == ("on", "autostart", True)
    status = login(desktop, "status")
    assert (status["state"], status["own"], status["file"]) == ("on", True, put["file"])
    assert login(desktop, "on")["changed"] is False
    assert login(desktop, "off")["changed"] is True
    assert login(desktop, "status")["state"] == "off"
    report = run(desktop, "-c", SET_UP.format(None, False))
    assert report["login"]["state"] == "off"
    report = run(desktop, "-c", SET_UP.format(True, False))
    assert report["login"]["state"] == "on"
    assert report["daemon"] == {"state": "not started", "pid": None, "problem": ""}


def test_the_entry_carries_where_the_daemons_files_are(desktop: Home) -> None:
    """A login does not set what a shell does; the plugins know one connection file only."""
    put = login(desktop, "on")
    entry = Path(put["file"]).read_text(encoding="utf-8")
    assert f"SAMELIGHT_CONNECTION_FILE={desktop.connection_file}" in entry


def test_the_daemon_is_started_once(desktop: Home) -> None:
    desktop.configure(default_model=MODEL, device="cpu", warm_up=False)
    try:
        first = run(desktop, "-c", SET_UP.format(False, True))["daemon"]
        again = run(desktop, "-c", SET_UP.format(False, True))["daemon"]
        assert (first["state"], again["state"]) == ("started", "running")
        assert first["pid"] == again["pid"]
    finally:
        desktop.run("stop")


def test_one_that_somebody_else_has_just_started_is_as_good(desktop: Home) -> None:
    """Between the look and the start; launchd does so."""
    desktop.configure(default_model=MODEL, device="cpu", warm_up=False)
    faster = (
        "from samelight.cli import setting_up; look = setting_up.running_daemon; looks = [];"
        "setting_up.running_daemon = lambda: looks.append(1) or (look() if len(looks) > 1 else"
        " setting_up.start_detached() and None);"
    )
    try:
        report = run(desktop, "-c", SET_UP.replace("import json, sys;", f"import json; {faster}").format(False, True))
        assert (report["daemon"]["state"], report["daemon"]["problem"]) == ("started", "")
        assert report["daemon"]["pid"] is not None
    finally:
        desktop.run("stop")


def test_one_of_another_release_gives_way(desktop: Home) -> None:
    desktop.configure(default_model=MODEL, device="cpu", warm_up=False)
    newer = SET_UP.replace("import json, sys;", "import json, samelight_wire.release as r; r.RELEASE = '99.0';")
    try:
        first = run(desktop, "-c", SET_UP.format(False, True))["daemon"]
        second = run(desktop, "-c", newer.format(False, True))["daemon"]
        assert second["state"] == "restarted"
        assert first["pid"] != second["pid"]
    finally:
        desktop.run("stop")


def test_what_goes_wrong_with_one_does_not_hinder_the_other(desktop: Home, daemon: RunningDaemon) -> None:
    (desktop.folder / "xdg_config_home").write_text("a file in the way")
    report = run(desktop, "-c", SET_UP.format(True, False))
    assert report["login"]["state"] == "failed"
    assert "cannot be written" in report["login"]["problem"]
    assert report["daemon"]["state"] == "not started"
    desktop.configure(port=daemon.endpoint.port)
    report = run(desktop, "-c", SET_UP.format(False, True))
    assert report["login"]["state"] == "off"
    assert report["daemon"]["state"] == "failed"
    assert str(daemon.endpoint.port) in report["daemon"]["problem"]
