"""The fixtures: weights, daemons, connections and requests. What they hand out is defined in daemon_harness.py."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq
from daemon_harness import MODEL, Home, RawClient, Requests, RunningDaemon, dispose, launch, make_home

from samelight_wire.endpoint import PLAIN_USERNAME

PATIENT = 100.0
"""Seconds between heartbeats: raw clients send none, and on a busy machine torch alone may take long to load."""


@pytest.fixture(scope="session")
def daemon(tmp_path_factory: pytest.TempPathFactory, weights_folder: Path) -> Iterator[RunningDaemon]:
    """The daemon that most tests share; each of them leaves it working."""
    home = make_home(tmp_path_factory.mktemp("shared-daemon"), weights_folder)
    home.configure(default_model=MODEL, device="cpu", heartbeat_seconds=PATIENT)
    running = launch(home)
    yield running
    dispose(running)


@pytest.fixture(scope="session")
def strict_daemon(tmp_path_factory: pytest.TempPathFactory, weights_folder: Path) -> Iterator[RunningDaemon]:
    """A daemon with narrow limits that keeps nothing and tells its log everything."""
    home = make_home(tmp_path_factory.mktemp("strict-daemon"), weights_folder)
    limits = {"max_pixels": 12_000_000, "max_queued_jobs": 2, "max_preview_megabytes": 0}
    home.configure(default_model=MODEL, device="cpu", heartbeat_seconds=PATIENT, log_level="debug", **limits)
    running = launch(home)
    yield running
    dispose(running)


@pytest.fixture(scope="session")
def hasty_daemon(tmp_path_factory: pytest.TempPathFactory, weights_folder: Path) -> Iterator[RunningDaemon]:
    """A daemon that soon takes silence for absence, and unloads its networks as soon as they rest."""
    home = make_home(tmp_path_factory.mktemp("hasty-daemon"), tmp_path_factory.mktemp("hasty-weights"))
    shutil.copytree(weights_folder, home.weights, dirs_exist_ok=True)
    home.configure(default_model=MODEL, device="cpu", heartbeat_seconds=0.3, idle_unload_seconds=0.1)
    running = launch(home)
    yield running
    dispose(running)


@pytest.fixture
def home(tmp_path: Path, weights_folder: Path) -> Home:
    """A user without a daemon."""
    return make_home(tmp_path / "home", weights_folder)


@pytest.fixture
def start(home: Home) -> Iterator[Callable[..., RunningDaemon]]:
    """Starts a daemon of the test's own, with these settings."""
    started: list[RunningDaemon] = []

    def start(**settings: object) -> RunningDaemon:
        home.configure(**{"default_model": MODEL, "device": "cpu", "heartbeat_seconds": PATIENT, **settings})
        started.append(launch(home))
        return started[-1]

    yield start
    for running in started:
        dispose(running)


@pytest.fixture
def context() -> Iterator[zmq.Context[Any]]:
    """A ZeroMQ context whose sockets are gone after the test."""
    own = zmq.Context()
    yield own
    own.destroy(linger=0)


@pytest.fixture
def connect(context: zmq.Context[Any]) -> Iterator[Callable[..., RawClient]]:
    """Opens raw connections to a daemon."""
    sockets: list[zmq.Socket[bytes]] = []

    def connect(to: RunningDaemon, token: str | None = None) -> RawClient:
        socket = context.socket(zmq.DEALER)
        sockets.append(socket)
        socket.plain_username = PLAIN_USERNAME.encode()
        socket.plain_password = (to.endpoint.token if token is None else token).encode()
        socket.connect(to.endpoint.address)
        return RawClient(socket)

    yield connect
    for socket in sockets:
        socket.close(linger=0)


@pytest.fixture
def raw(daemon: RunningDaemon, connect: Callable[..., RawClient]) -> RawClient:
    """A raw connection to the shared daemon."""
    return connect(daemon)


@pytest.fixture
def requests() -> Requests:
    return Requests()
