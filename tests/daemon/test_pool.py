"""Networks in memory: loaded on first use, kept warm, unloaded when idle."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from daemon_harness import MODEL, Requests, RunningDaemon, wait_until
from safetensors.torch import load_file, save_file

from samelight.calibration import Calibration
from samelight.devices import choose_devices, describe_device
from samelight.pool import ModelPool
from samelight.weights import WeightsEntry, read_manifest, write_entry
from samelight.weights.manifest import sha256_of
from samelight_wire.client import Client
from samelight_wire.errors import InvalidOptionError, UnknownModelError, WeightsCorruptError

CPU = torch.device("cpu")


@pytest.fixture
def pool(weights_folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModelPool:
    monkeypatch.setenv("SAMELIGHT_WEIGHTS", str(weights_folder))
    return ModelPool(CPU, idle_seconds=1000.0)


def test_a_network_is_loaded_once_and_called_in_zero_to_one(pool: ModelPool) -> None:
    assert pool.warm == []
    harmonizer = pool.get(MODEL)
    assert pool.get(MODEL) is harmonizer
    assert pool.warm == [MODEL]
    picture = torch.rand(1, 3, 40, 56)
    mask = torch.zeros(1, 1, 40, 56)
    mask[..., :20, :20] = 1.0
    harmonized = harmonizer(picture, mask)
    assert harmonized.shape == picture.shape
    assert 0.0 <= harmonized.min() <= harmonized.max() <= 1.0
    outside = (mask == 0).expand_as(picture)
    torch.testing.assert_close(harmonized[outside], picture[outside])


def test_only_the_idle_are_unloaded(pool: ModelPool) -> None:
    import time

    pool.get(MODEL)
    now = time.monotonic()
    assert pool.unload_idle(now + 500.0) == []
    assert pool.unload_idle(now + 1000.0) == [MODEL]
    assert pool.warm == []


def test_an_unknown_network(pool: ModelPool) -> None:
    with pytest.raises(UnknownModelError):
        pool.get("hdnet-huge")
    assert pool.warm == []


def test_weights_of_another_network(pool: ModelPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(3)}, path)
    write_entry(tmp_path, MODEL, WeightsEntry(path.name, path.stat().st_size, sha256_of(path), "none.md", "none"))
    monkeypatch.setenv("SAMELIGHT_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsCorruptError, match=MODEL):
        pool.get(MODEL)


def test_weights_that_were_replaced_are_loaded_anew(
    pool: ModelPool, weights_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A running daemon would otherwise run the old network by the calibration of the new one."""
    own = tmp_path / "weights"
    shutil.copytree(weights_folder, own)
    monkeypatch.setenv("SAMELIGHT_WEIGHTS", str(own))
    before = pool.get(MODEL)
    listed = install_halved(own)
    after = pool.get(MODEL)
    assert after is not before
    assert after.sha256 == listed.sha256
    assert not all(
        torch.equal(*pair) for pair in zip(before.network.parameters(), after.network.parameters(), strict=True)
    )
    write_entry(own, MODEL, replace(listed, calibration=Calibration(brightness=2.0)))
    assert pool.get(MODEL) is after, "another calibration needs no other network"


def install_halved(folder: Path) -> WeightsEntry:
    """Every number of a network's weights is half of what it was."""
    listed = read_manifest(folder)[MODEL]
    path = folder / "halved.safetensors"
    save_file({name: tensor / 2 for name, tensor in load_file(folder / listed.file).items()}, path)
    halved = replace(listed, file=path.name, bytes=path.stat().st_size, sha256=sha256_of(path))
    write_entry(folder, MODEL, halved)
    return halved


def test_the_device_that_was_asked_for() -> None:
    assert choose_devices("cpu") == [CPU]
    assert describe_device(CPU).startswith("cpu (")
    with pytest.raises(InvalidOptionError, match="cuda:99") as caught:
        choose_devices("cuda:99")
    assert "cpu" in caught.value.hint


def test_auto_takes_a_card_where_there_is_one() -> None:
    cards = torch.cuda.device_count()
    chosen = choose_devices("auto")
    if cards:
        assert [device.index for device in chosen] == list(range(cards))
    else:
        assert len(chosen) == 1
        assert chosen[0].type in ("mps", "cpu")


@pytest.mark.daemon
def test_the_daemon_unloads_an_idle_network_and_loads_it_again(hasty_daemon: RunningDaemon, requests: Requests) -> None:
    with Client.connect(hasty_daemon.connection_file) as client:
        wait_until(lambda: f"Loaded {MODEL}" in hasty_daemon.home.log)
        wait_until(lambda: client.status().warm_models == [])
        assert f"Unloaded {MODEL}" in hasty_daemon.home.log
        assert client.harmonize(requests.layered()).model == MODEL


@pytest.mark.daemon
def test_a_device_that_is_not_there_is_told_to_whoever_asks(
    start: Callable[..., RunningDaemon], requests: Requests
) -> None:
    daemon = start(device="cuda:99")
    with Client.connect(daemon.connection_file) as client:
        with pytest.raises(InvalidOptionError, match="cuda:99"):
            client.harmonize(requests.layered())
        assert client.status().device == "unavailable"
