"""What the tests of the wire share: they run over both transports, against real sockets."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Iterator

import pytest

from samelight_wire import transport

from .peers import Script, StubDaemon

Serve = Callable[..., StubDaemon]


@pytest.fixture(params=["libzmq", "pure Python"])
def carrier(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Runs the test over each transport; its name."""
    monkeypatch.setenv(transport.ENVIRONMENT, "1" if request.param == "pure Python" else "0")
    return str(request.param)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts stub daemons, and stops them after the test."""
    daemons: list[StubDaemon] = []

    def start(script: Script | None = None, heartbeat_seconds: float = 2.0) -> StubDaemon:
        daemons.append(StubDaemon(tmp_path, script, heartbeat_seconds).__enter__())
        return daemons[-1]

    yield start
    for daemon in daemons:
        daemon.stop()
