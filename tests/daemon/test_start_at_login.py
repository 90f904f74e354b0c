"""The daemon as a login starts it: no console, no complaint where one runs, no card before the first request."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from daemon_harness import ANSWER_SECONDS, MODEL, Home, RunningDaemon, command, wait_until

from samelight.jobs.engine import DeviceEngine, open_engines
from samelight.pool import ModelPool
from samelight.settings import Settings
from samelight_wire.client import Client

pytestmark = pytest.mark.daemon


def test_one_that_runs_already_is_fine(daemon: RunningDaemon) -> None:
    refused = daemon.home.run("--json")
    assert refused.returncode == 2
    assert "already" in refused.stdout
    fine = daemon.home.run("--unless-running")
    assert (fine.returncode, fine.stdout, fine.stderr) == (0, "", "")


def test_it_needs_no_console(home: Home) -> None:
    """As pythonw and launchers start it: without standard streams, which Python then has as None."""
    home.configure(default_model=MODEL, device="cpu", warm_up=False)
    line = " ".join([*command("--unless-running"), "<&-", ">&-", "2>&-"])
    process = subprocess.Popen(["sh", "-c", f"exec {line}"], env=home.environment)
    try:
        wait_until(home.connection_file.exists)
        with Client.connect(home.connection_file) as client:
            assert client.status().pid == process.pid
        process.send_signal(signal.SIGTERM)
        assert process.wait(ANSWER_SECONDS) == 0
    finally:
        process.kill()
    assert "Stopped" in home.log


def test_a_wanted_stop_ends_with_zero(start: Callable[..., RunningDaemon]) -> None:
    """Or else systemd would start it again."""
    assert start(warm_up=False).terminate() == 0


@pytest.fixture
def a_card(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A machine with one card. Whoever touches it is noted and refused."""
    touched: list[str] = []

    def touch(*_: object) -> None:
        touched.append("touched")
        raise AssertionError("the card was touched")

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "_lazy_init", touch)
    return touched


def test_a_card_is_left_alone_until_the_first_request(
    a_card: list[str], weights_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMELIGHT_WEIGHTS", str(weights_folder))
    (engine,) = open_engines(Settings(default_model=MODEL))
    engine.warm_up()
    engine.rest()
    assert engine.device == "cuda:0"
    assert MODEL in engine.models
    assert list(engine.warm) == []
    assert a_card == []


def test_the_first_request_does_touch_it(
    a_card: list[str], weights_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is, the test above would notice."""
    monkeypatch.setenv("SAMELIGHT_WEIGHTS", str(weights_folder))
    with pytest.raises(Exception, match=r"touched|CUDA"):
        ModelPool(torch.device("cuda", 0), 1.0).warm_up(MODEL)
    assert a_card or not torch.backends.cuda.is_built()


def test_on_the_cpu_the_default_network_is_warm_from_the_start(
    weights_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMELIGHT_WEIGHTS", str(weights_folder))
    (engine,) = open_engines(Settings(default_model=MODEL, device="cpu"))
    assert isinstance(engine, DeviceEngine)
    engine.warm_up()
    assert list(engine.warm) == [MODEL]


def test_it_waits_for_no_network(home: Home, tmp_path: Path) -> None:
    """Its start opens no connection and asks no name server: Python tells of both."""
    log = tmp_path / "network"
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, os\n"
        "def hook(event, arguments):\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo', 'socket.gethostbyname'):\n"
        f"        open({str(log)!r}, 'a').write(f'{{event}} {{arguments}}\\n')\n"
        "sys.addaudithook(hook)\n"
    )
    home.configure(default_model=MODEL, device="cpu")
    home.environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), home.environment["PYTHONPATH"]])
    process = subprocess.Popen(command("--unless-running"), env=home.environment, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: "Ready to work" in (home.log if home.folder.exists() else ""))
    finally:
        process.terminate()
        process.wait(ANSWER_SECONDS)
    assert not log.exists(), log.read_text()
    told = subprocess.run(
        [sys.executable, "-c", "import socket; socket.getaddrinfo('127.0.0.1', 80)"], env=home.environment, check=True
    )
    assert told.returncode == 0
    assert "getaddrinfo" in log.read_text()
