"""Jobs that nobody waits for any more: cancelled, or their client fell silent."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from daemon_harness import RawClient, Requests, RunningDaemon, a_layer, wait_until

from samelight_wire.client import Client
from samelight_wire.errors import CancelledError
from samelight_wire.messages import CancelRequest, Heartbeat, Progress, new_job

pytestmark = pytest.mark.daemon

Connect = Callable[..., RawClient]


def idle(client: RawClient) -> bool:
    status = client.status()
    return status.queued == 0 and status.running is None


def test_a_running_job_is_cancelled_between_stages(daemon: RunningDaemon, requests: Requests) -> None:
    told: list[str] = []
    with Client.connect(daemon.connection_file) as client:
        request = requests.large()

        def cancel(progress: Progress) -> None:
            told.append(progress.stage)
            if progress.stage == "decode":
                client.cancel(request.job)

        with pytest.raises(CancelledError):
            client.harmonize(request, cancel)
        assert "encode" not in told
        assert client.harmonize(requests.layered()).layer.octets.nbytes


def test_a_queued_job_is_cancelled_at_once(raw: RawClient, requests: Requests) -> None:
    running, waiting = requests.large(), requests.layered()
    raw.send(running)
    raw.send(waiting)
    raw.send(CancelRequest(waiting.job))
    first: Any = raw.answer()
    assert (first.job, first.code) == (waiting.job, "cancelled")
    second: Any = raw.answer()
    assert (second.job, second.KIND) == (running.job, "result")
    assert raw.stages(waiting.job) == ["queued"]


def test_one_client_cannot_cancel_anothers_job(raw: RawClient, connect: Connect, daemon: Any, requests: Any) -> None:
    request = requests.large()
    raw.send(request)
    raw.receive()
    stranger = connect(daemon)
    stranger.send(CancelRequest(request.job))
    assert stranger.status()
    assert raw.answer(request.job).KIND == "result"


def test_cancelling_what_is_not_there_is_no_fault(raw: RawClient, requests: Requests) -> None:
    raw.send(CancelRequest("never-was"))
    request = requests.layered()
    raw.send(request)
    assert raw.answer().KIND == "result"
    raw.send(CancelRequest(request.job))
    assert raw.status().queued == 0


def test_a_closed_connections_jobs_are_dropped(daemon: RunningDaemon, connect: Connect, requests: Requests) -> None:
    gone, witness = connect(daemon), connect(daemon)
    jobs = [requests.large(), requests.large(), requests.large()]
    for job in jobs:
        gone.send(job)
    while gone.stages(jobs[-1].job) != ["queued"]:
        gone.receive()
    gone.socket.close(linger=0)
    wait_until(lambda: idle(witness))
    log = daemon.home.log
    assert f"Job {jobs[-1].job!r} dropped: its client is gone" in log
    assert f"Job {jobs[-1].job!r} done" not in log


def test_a_silent_clients_jobs_are_dropped_and_anothers_are_not(
    hasty_daemon: RunningDaemon, connect: Connect, requests: Requests
) -> None:
    silent, alive = connect(hasty_daemon), connect(hasty_daemon)
    kept = requests.large()
    for _ in range(30):  # together far more work than a silent client is given time for
        silent.send(dataclasses.replace(kept, job=new_job()))
    alive.send(kept)
    while True:
        alive.send(Heartbeat(kept.job))
        if alive.socket.poll(20) and alive.receive().KIND == "result":
            break
    error: Any = silent.answer()
    while error.KIND == "result":  # those that were done before the silence was too long
        error = silent.answer()
    assert error.code == "timeout"
    wait_until(lambda: idle(alive))
    assert "its client fell silent" in hasty_daemon.home.log


def test_the_blocking_clients_heartbeats_keep_its_job(hasty_daemon: RunningDaemon, requests: Requests) -> None:
    with Client.connect(hasty_daemon.connection_file) as client:
        assert client.hello.heartbeat_seconds == pytest.approx(0.3)
        assert client.harmonize(requests.layered(a_layer(2400, 2000))).layer.octets.nbytes
