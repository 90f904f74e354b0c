"""Each bad input gets one clear sentence and a hint, and the daemon goes on."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from daemon_harness import (
    MODEL,
    RawClient,
    Requests,
    RunningDaemon,
    a_layer,
    raster,
    wait_until,
)

from samelight_wire.client import Client
from samelight_wire.errors import (
    EmptyMaskError,
    NoBackdropError,
    NonFinitePixelsError,
    PictureTooLargeError,
    SamelightError,
    TransparentLayerError,
    UnknownModelError,
    WeightsCorruptError,
    WeightsMissingError,
)
from samelight_wire.formats import Layout, Rect
from samelight_wire.messages import HarmonizeRequest, Options

pytestmark = pytest.mark.daemon


@pytest.fixture
def client(daemon: RunningDaemon) -> Iterator[Client]:
    with Client.connect(daemon.connection_file) as client:
        yield client


def refused(client: Client, request: HarmonizeRequest, expected: type[SamelightError]) -> SamelightError:
    """The error that a request gets; afterwards a good request must succeed as ever."""
    with pytest.raises(expected) as caught:
        client.harmonize(request)
    assert type(caught.value) is expected
    assert caught.value.message.endswith(".")
    assert caught.value.hint
    assert client.harmonize(Requests().layered()).layer.octets.nbytes
    return caught.value


def full(value: int) -> np.ndarray[Any, Any]:
    return np.full((60, 80), value, np.uint8)


def test_an_empty_mask(client: Client, requests: Requests) -> None:
    refused(client, requests.flattened(full(0)), EmptyMaskError)


def test_a_mask_that_covers_everything(client: Client, requests: Requests) -> None:
    refused(client, requests.flattened(full(255)), NoBackdropError)


def test_a_layer_mask_that_hides_everything(client: Client, requests: Requests) -> None:
    request = requests.layered(size=(80, 60))
    refused(client, dataclasses.replace(request, layer_mask=raster(full(0), Layout.MASK)), TransparentLayerError)


def test_a_selection_beside_the_layer(client: Client, requests: Requests) -> None:
    request = requests.layered(size=(80, 60))
    beside = dataclasses.replace(
        request, selection=raster(full(255), Layout.MASK), selection_rect=Rect(500, 500, 80, 60)
    )
    refused(client, beside, EmptyMaskError)


def test_a_transparent_layer(client: Client, requests: Requests) -> None:
    refused(client, requests.layered(a_layer(80, 60, alpha=0.0)), TransparentLayerError)


def test_a_transparent_backdrop(client: Client, requests: Requests) -> None:
    refused(client, requests.layered(backdrop=a_layer(80, 60, alpha=0.0)), NoBackdropError)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_pixels_that_are_no_numbers(client: Client, requests: Requests, dtype: str, value: float) -> None:
    layer = a_layer(80, 60, dtype)
    layer[30, 40, 1] = value
    refused(client, requests.layered(layer), NonFinitePixelsError)


def test_an_unknown_model(client: Client, requests: Requests) -> None:
    error = refused(client, requests.layered(model="hdnet-huge"), UnknownModelError)
    assert "hdnet-huge" in error.message


@pytest.mark.parametrize("size", [(1, 1), (3, 20_000), (20_000, 3), (2, 2)])
def test_sizes_at_the_edge_are_harmonized(client: Client, requests: Requests, size: tuple[int, int]) -> None:
    request = requests.layered(size=size)
    assert client.harmonize(request).layer.format == request.layer.format


def test_a_picture_over_the_daemons_limit(
    strict_daemon: RunningDaemon, connect: Callable[..., RawClient], requests: Requests
) -> None:
    client = connect(strict_daemon)
    request = requests.layered(np.zeros((3000, 4001, 4), np.uint8))
    client.send(request)
    reply: Any = client.answer()
    assert (reply.job, reply.code) == (request.job, PictureTooLargeError.code)
    assert "max_pixels" in reply.hint
    small = requests.layered(size=(100, 100))
    client.send(small)
    assert client.answer(small.job).KIND == "result"


def test_a_job_name_twice(raw: RawClient, requests: Requests) -> None:
    request = requests.large()
    raw.send(request)
    raw.send(request)
    first: Any = raw.answer()
    assert (first.KIND, first.code) == ("error", "job")
    assert raw.answer(request.job).KIND == "result"


def test_more_jobs_than_the_queue_takes(
    strict_daemon: RunningDaemon, connect: Callable[..., RawClient], requests: Requests
) -> None:
    client = connect(strict_daemon)
    jobs = [requests.large(), *(requests.layered() for _ in range(5))]
    for job in jobs:
        client.send(job)
    answers: list[Any] = [client.answer() for _ in jobs]
    errors = [answer for answer in answers if answer.KIND == "error"]
    assert errors
    assert all("busy" in error.message and error.hint for error in errors)
    assert len(answers) - len(errors) >= 2


# ---- weights ----


def spoil(folder: Path, fault: str) -> None:
    """Does to the weights what disks and people do to them."""
    file = folder / f"{MODEL}.safetensors"
    content = file.read_bytes()
    if fault == "deleted":
        file.unlink()
    elif fault == "truncated":
        file.write_bytes(content[: len(content) // 2])
    elif fault == "one bit":
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif fault == "wrong hash":
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest[MODEL]["sha256"] = "0" * 64
        (folder / "manifest.json").write_text(json.dumps(manifest))
    else:
        (folder / "manifest.json").write_text("[")


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("deleted", WeightsMissingError),
        ("truncated", WeightsCorruptError),
        ("one bit", WeightsCorruptError),
        ("wrong hash", WeightsCorruptError),
        ("damaged list", WeightsCorruptError),
    ],
)
def test_weights_that_cannot_be_used_and_are_repaired(
    spoiled_daemon: RunningDaemon, weights_folder: Path, requests: Requests, fault: str, expected: Any
) -> None:
    folder = spoiled_daemon.home.weights
    spoil(folder, fault)
    with Client.connect(spoiled_daemon.connection_file) as client:
        with pytest.raises(expected) as caught:
            client.harmonize(requests.layered())
        assert type(caught.value) is expected
        assert caught.value.hint
        assert client.status().warm_models == []
        shutil.copytree(weights_folder, folder, dirs_exist_ok=True)
        assert client.harmonize(requests.layered()).model == MODEL


@pytest.fixture
def spoiled_daemon(hasty_daemon: RunningDaemon, weights_folder: Path) -> Iterator[RunningDaemon]:
    """A daemon with good weights on disk, which the test may spoil, and no network in memory."""
    with Client.connect(hasty_daemon.connection_file) as client:
        wait_until(lambda: client.status().warm_models == [])
    yield hasty_daemon
    shutil.copytree(weights_folder, hasty_daemon.home.weights, dirs_exist_ok=True)


def test_a_model_without_weights_says_which(client: Client, requests: Requests) -> None:
    from samelight import harmonizers, weights

    lacking = [name for name in harmonizers.names() if name not in weights.installed() and name != MODEL]
    if not lacking:
        pytest.skip("weights of every network are installed")
    request = dataclasses.replace(requests.layered(), options=Options(model=lacking[0]))
    assert lacking[0] in refused(client, request, WeightsMissingError).message
