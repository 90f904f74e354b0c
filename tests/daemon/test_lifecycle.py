"""Start, stop and everything that can be in the way of either."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from daemon_harness import Home, RawClient, Requests, RunningDaemon, command, wait_until

from samelight.server.background import module_command
from samelight_wire.client import Client
from samelight_wire.endpoint import Endpoint, read_endpoint
from samelight_wire.errors import DaemonNotRunningError, StaleConnectionError

pytestmark = pytest.mark.daemon

Start = Callable[..., RunningDaemon]


def test_the_connection_file_is_its_users_alone_and_lives_as_long_as_the_daemon(start: Start) -> None:
    daemon = start()
    file = daemon.connection_file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert daemon.endpoint.pid == daemon.process.pid
    assert daemon.endpoint.host == "127.0.0.1"
    assert daemon.terminate() == 0
    assert not file.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_in_order(start: Start, number: signal.Signals) -> None:
    daemon = start()
    daemon.process.send_signal(number)
    assert daemon.process.wait(30) == 0
    assert not daemon.connection_file.exists()


def test_waiting_clients_are_told_that_the_daemon_stops(
    start: Start, connect: Callable[..., RawClient], requests: Requests
) -> None:
    daemon = start()
    client = connect(daemon)
    jobs = [requests.large(), requests.layered(), requests.layered()]
    for job in jobs:
        client.send(job)
    client.receive()
    daemon.process.send_signal(signal.SIGTERM)
    errors: dict[Any, Any] = {}
    while len(errors) < len(jobs):
        error: Any = client.answer()
        errors[error.job] = (error.code, error.hint)
    assert set(errors) == {job.job for job in jobs}
    assert {code for code, _ in errors.values()} == {"cancelled"}
    assert all("Start it again" in hint for _, hint in errors.values())
    assert daemon.process.wait(30) == 0


def test_a_second_daemon_is_refused_and_the_first_goes_on(start: Start, connect: Callable[..., RawClient]) -> None:
    daemon = start()
    second = daemon.home.run()
    assert second.returncode == 2
    assert str(daemon.process.pid) in second.stderr
    assert "samelight daemon stop" in second.stderr
    assert "Traceback" not in second.stderr
    assert read_endpoint(daemon.connection_file) == daemon.endpoint
    assert connect(daemon).status().pid == daemon.process.pid


def test_what_a_killed_daemon_left_behind_hinders_nobody(start: Start, connect: Callable[..., RawClient]) -> None:
    killed = start()
    killed.kill()
    assert killed.connection_file.exists()
    with pytest.raises(StaleConnectionError):
        Client.connect(killed.connection_file)
    assert json.loads(killed.home.run("stop", "--json").stdout) == {"stopped": False, "pid": None}
    assert killed.home.run("status").returncode == 2

    restarted = start()
    assert restarted.endpoint.token != killed.endpoint.token
    assert restarted.endpoint.proof_key != killed.endpoint.proof_key
    assert connect(restarted).status().pid == restarted.process.pid


def test_a_daemon_removes_no_connection_file_but_its_own(start: Start) -> None:
    daemon = start()
    later = {**json.loads(daemon.connection_file.read_text()), "token": "f" * 64}
    daemon.connection_file.write_text(json.dumps(later))
    assert daemon.terminate() == 0
    assert read_endpoint(daemon.connection_file).token == "f" * 64


def test_a_taken_port_is_told_with_its_number(home: Home) -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        home.configure(port=port)
        failed = home.run()
    assert failed.returncode == 2
    assert str(port) in failed.stderr
    assert "port = 0" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert not home.connection_file.exists()


def test_a_port_from_the_settings_is_used(start: Start) -> None:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert start(port=port).endpoint.port == port


def test_a_mistake_in_the_settings_is_bad_input(home: Home) -> None:
    home.configure(colour="red")
    for arguments in ((), ("--detach",)):
        failed = home.run(*arguments)
        assert failed.returncode == 2
        assert "colour" in failed.stderr
        assert "default_model" in failed.stderr


def test_detach_status_stop(home: Home) -> None:
    started = json.loads(home.run("--detach", "--json").stdout)
    try:
        assert started["connection_file"] == str(home.connection_file)
        endpoint: Endpoint = read_endpoint(home.connection_file)
        assert (started["pid"], started["port"]) == (endpoint.pid, endpoint.port)
        assert endpoint.token not in json.dumps(started)

        again = home.run("--detach", "--json")
        assert again.returncode == 2
        assert json.loads(again.stdout)["error"]["code"] == "already-running"

        assert json.loads(home.run("status", "--json").stdout)["pid"] == started["pid"]
        assert f"process {started['pid']}" in home.run("status").stdout
        assert json.loads(home.run("stop", "--json").stdout) == {"stopped": True, "pid": started["pid"]}
    finally:
        if home.connection_file.exists():
            os.kill(started["pid"], signal.SIGKILL)
    gone = home.run("status", "--json")
    assert gone.returncode == 2
    assert json.loads(gone.stdout)["error"]["code"] == "not-running"
    with pytest.raises(DaemonNotRunningError):
        Client.connect(home.connection_file)


def test_the_samelight_command_has_the_daemon_group_and_needs_no_torch_for_it(home: Home) -> None:
    code = """
import sys
from samelight.cli.main import app

try:
    app(["daemon", "stop", "--json"])
finally:
    assert "torch" not in sys.modules
"""
    stopped = subprocess.run([sys.executable, "-c", code], env=home.environment, capture_output=True, text=True)
    assert json.loads(stopped.stdout) == {"stopped": False, "pid": None}
    assert stopped.returncode == 0


def test_of_two_daemons_started_at_once_one_survives(home: Home) -> None:
    processes = [
        subprocess.Popen(command("--json"), env=home.environment, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    try:
        wait_until(lambda: any(process.poll() is not None for process in processes))
        [loser] = [process for process in processes if process.poll() is not None]
        [winner] = [process for process in processes if process is not loser]
        assert loser.stdout is not None
        assert json.loads(loser.stdout.readline())["error"]["code"] == "already-running"
        wait_until(home.connection_file.exists)
        assert read_endpoint(home.connection_file).pid == winner.pid
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def test_no_secret_and_no_pixel_reaches_the_log(
    strict_daemon: RunningDaemon, connect: Callable[..., RawClient], requests: Requests
) -> None:
    client = connect(strict_daemon)
    request = requests.layered()
    client.send(request)
    assert client.answer(request.job).KIND == "result"
    connect(strict_daemon, token="wrong-token").socket.poll(200)
    wait_until(lambda: "Refused" in strict_daemon.home.log)
    log = strict_daemon.home.log
    assert request.job in log
    for secret in ("wrong-token", strict_daemon.endpoint.token, strict_daemon.endpoint.proof_key):
        assert secret not in log
    assert max(map(len, log.splitlines())) < 500


@pytest.mark.parametrize("lost", ["gone", "damaged", "another token"])
def test_a_daemon_whose_connection_file_is_lost_can_still_be_stopped(start: Start, lost: str) -> None:
    daemon = start()
    file = daemon.home.connection_file
    if lost == "gone":
        file.unlink()
    else:
        text = file.read_text()
        file.write_text("{" if lost == "damaged" else text.replace(daemon.endpoint.token, "0" * 64))
    assert json.loads(daemon.home.run("stop", "--json").stdout) == {"stopped": True, "pid": daemon.process.pid}
    assert daemon.process.wait(30) == 0


def test_files_where_it_is_started_do_not_become_part_of_the_detached_daemon(home: Home) -> None:
    (home.folder / "tempfile.py").write_text("raise SystemExit('this file was run')")
    (home.folder / "zmq.py").write_text("raise SystemExit('this file was run')")
    command_line = module_command("samelight.cli.daemon", "--detach", "--json")
    started = subprocess.run(command_line, env=home.environment, cwd=home.folder, capture_output=True, text=True)
    assert "pid" in json.loads(started.stdout), started.stdout
    assert json.loads(home.run("stop", "--json").stdout)["stopped"]
