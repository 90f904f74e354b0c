"""What all tests share: a user without settings, daemon or data, and a small network with random weights."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from samelight.openmp import wait_without_spinning

MODEL = "hdnet-lite"

wait_without_spinning()  # before any test imports torch


@pytest.fixture(autouse=True)
def own_user_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps every test away from the settings and the daemon of the person who runs it."""
    folder = tmp_path_factory.mktemp("user")
    monkeypatch.setenv("SAMELIGHT_CONFIG", str(folder / "config.toml"))
    monkeypatch.setenv("SAMELIGHT_CONNECTION_FILE", str(folder / "run" / "connection.json"))


@pytest.fixture(scope="session")
def weights_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights folder with a network of random, but always the same, weights."""
    import torch
    from safetensors.torch import save_file

    from samelight import harmonizers
    from samelight.weights import WeightsEntry, write_entry
    from samelight.weights.manifest import sha256_of

    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(20)
    path = folder / f"{MODEL}.safetensors"
    save_file(harmonizers.create(MODEL).state_dict(), path)
    write_entry(folder, MODEL, WeightsEntry(path.name, path.stat().st_size, sha256_of(path), "none.md", "random"))
    return folder


@pytest.fixture
def ctrl_c_heard() -> Iterator[None]:
    """Ctrl+C counts, here and in processes that are begun, also where a script runs the tests in its background, which
    ignores it.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
