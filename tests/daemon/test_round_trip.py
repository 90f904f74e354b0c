"""A layer goes to the daemon and comes back: the daily use."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from daemon_harness import MODEL, RawClient, Requests, RunningDaemon, a_layer, wait_until

from samelight_wire.client import Client
from samelight_wire.errors import SamelightError, UnknownJobError
from samelight_wire.messages import STAGES, PreviewRequest, Progress, Result, new_job

pytestmark = pytest.mark.daemon


def pixels_of(result: Result) -> np.ndarray[Any, Any]:
    """The result's RGBA samples, H x W x 4."""
    shape = result.layer.format
    dtype = {"u8": "uint8", "u16": "uint16", "f16": "float16", "f32": "float32"}[shape.depth.value]
    return np.frombuffer(result.layer.octets, dtype).reshape(shape.height, shape.width, 4)


@pytest.fixture
def client(daemon: RunningDaemon) -> Any:
    with Client.connect(daemon.connection_file) as client:
        yield client


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32"])
def test_a_layer_comes_back_in_its_own_format(client: Client, requests: Requests, dtype: str) -> None:
    layer = a_layer(90, 70, dtype, alpha=0.5)
    request = requests.layered(layer)
    result = client.harmonize(request)
    assert result.job == request.job
    assert result.layer.format == request.layer.format
    assert result.layer_rect == request.layer_rect
    assert result.model == MODEL
    np.testing.assert_array_equal(pixels_of(result)[..., 3], layer[..., 3])
    assert (pixels_of(result)[..., :3] != layer[..., :3]).any()


def test_the_stages_are_told_in_their_order(client: Client, requests: Requests) -> None:
    told: list[Progress] = []
    result = client.harmonize(requests.layered(), told.append)
    stages = [progress.stage for progress in told]
    assert stages[0] == "queued"
    assert stages == [stage for stage in STAGES if stage in stages]
    assert {"decode", "compose", "harmonize", "lift", "encode"} <= set(stages)
    fractions = [progress.fraction for progress in told]
    assert fractions == sorted(fractions)
    assert set(result.seconds) == set(stages) - {"queued"}
    assert result.reasons


def test_the_same_input_gives_the_same_bytes(client: Client, requests: Requests) -> None:
    first, second = (client.harmonize(requests.layered()) for _ in range(2))
    assert bytes(first.layer.octets) == bytes(second.layer.octets)


def test_strength_zero_gives_the_originals_bytes(client: Client, requests: Requests) -> None:
    request = requests.layered(strength=0.0)
    assert bytes(client.harmonize(request).layer.octets) == bytes(request.layer.octets)


def test_a_flattened_picture_changes_inside_its_selection_only(client: Client, requests: Requests) -> None:
    mask = np.zeros((80, 100), np.uint8)
    mask[20:60, 30:70] = 255
    request = requests.flattened(mask)
    changed = pixels_of(client.harmonize(request)) != a_layer(100, 80)
    assert changed[mask == 255].any()
    assert not changed[mask == 0].any()


def test_requests_of_several_clients_are_each_answered(daemon: RunningDaemon, requests: Requests) -> None:
    answers: dict[int, bytes] = {}

    def ask(number: int) -> None:
        with Client.connect(daemon.connection_file) as client:
            answers[number] = bytes(client.harmonize(requests.layered(size=(40 + number, 30))).layer.octets)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {number: len(octets) for number, octets in answers.items()} == {n: (40 + n) * 30 * 4 for n in range(4)}


def test_the_daemon_answers_while_it_works(raw: RawClient, requests: Requests) -> None:
    running, waiting = requests.large(), requests.layered()
    raw.send(running)
    raw.send(waiting)
    wait_until(lambda: raw.status().running == running.job)
    assert raw.status().queued == 1
    assert raw.answer(waiting.job).KIND == "result"
    assert raw.status().running is None


def test_the_status_tells_the_truth(daemon: RunningDaemon, client: Client, requests: Requests) -> None:
    client.harmonize(requests.layered())
    status = client.status()
    assert status.pid == daemon.process.pid
    assert status.device.startswith("cpu")
    assert status.default_model == MODEL
    assert status.warm_models == [MODEL]
    assert MODEL in status.models
    assert (status.queued, status.running) == (0, None)
    assert status.uptime > 0
    statm = Path(f"/proc/{daemon.process.pid}/statm")
    if statm.exists():
        assert status.memory == pytest.approx(int(statm.read_text().split()[1]) * 4096, rel=0.2)


# ---- preview ----


def test_a_preview_blends_the_finished_result_again(client: Client, requests: Requests) -> None:
    request = requests.layered()
    full = client.harmonize(request)
    told: list[Progress] = []
    half = client.preview(PreviewRequest(new_job(), request.job, 0.5), told.append)
    assert "harmonize" not in half.seconds
    assert "harmonize" not in [progress.stage for progress in told]
    options = dataclasses.replace(request.options, strength=0.5)
    afresh = client.harmonize(dataclasses.replace(request, job=new_job(), options=options))
    assert bytes(half.layer.octets) == bytes(afresh.layer.octets)
    none = client.preview(PreviewRequest(new_job(), request.job, 0.0))
    assert bytes(none.layer.octets) == bytes(request.layer.octets)
    pale = client.preview(PreviewRequest(new_job(), request.job, 0.5, 0.25))
    options = dataclasses.replace(request.options, strength=0.5, colour=0.25)
    afresh = client.harmonize(dataclasses.replace(request, job=new_job(), options=options))
    assert bytes(pale.layer.octets) == bytes(afresh.layer.octets) != bytes(half.layer.octets)
    again = client.preview(PreviewRequest(new_job(), request.job, 1.0))
    assert bytes(again.layer.octets) == bytes(full.layer.octets)


def test_a_preview_of_another_clients_result_is_refused(
    daemon: RunningDaemon, client: Client, requests: Requests
) -> None:
    request = requests.layered()
    client.harmonize(request)
    with Client.connect(daemon.connection_file) as other, pytest.raises(UnknownJobError) as caught:
        other.preview(PreviewRequest(new_job(), request.job, 0.5))
    assert caught.value.hint


def test_what_is_too_large_to_keep_has_a_result_but_no_preview(
    strict_daemon: RunningDaemon, requests: Requests
) -> None:
    with Client.connect(strict_daemon.connection_file) as client:
        request = requests.layered()
        assert client.harmonize(request).job == request.job
        with pytest.raises(SamelightError) as caught:
            client.preview(PreviewRequest(new_job(), request.job, 0.5))
        assert caught.value.code == "unknown-job"
