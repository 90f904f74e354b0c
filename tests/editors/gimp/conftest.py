"""The fixtures: a daemon with the shipped weights, and a GIMP of each release without a window.

One GIMP serves all tests of a release; each of them works in images of its own. Screenshots and logs are kept where
SAMELIGHT_TEST_OUTPUT says.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from daemon_harness import MODEL, RunningDaemon, dispose, launch, make_home
from editor_roots import SUITES, EditorRoot, RootUnavailableError, editor_root
from gimp_harness import Gimp, GimpHome, make_gimp_home, start_gimp
from gimp_scene import Lab

from samelight_wire import Client


@pytest.fixture(scope="session")
def start_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., RunningDaemon]]:
    """Starts a daemon with the shipped weights and these settings."""
    started: list[RunningDaemon] = []

    def start(**settings: object) -> RunningDaemon:
        home = make_home(tmp_path_factory.mktemp("daemon"), tmp_path_factory.mktemp("no-further-weights"))
        home.configure(**{"default_model": MODEL, "device": "cpu", "heartbeat_seconds": 0.5, **settings})
        started.append(launch(home))
        return started[-1]

    yield start
    for running in started:
        dispose(running)


@pytest.fixture(scope="session")
def daemon(start_daemon: Callable[..., RunningDaemon]) -> RunningDaemon:
    """The daemon that the tests share."""
    return start_daemon()


@pytest.fixture(scope="session", params=SUITES)
def root(request: pytest.FixtureRequest) -> EditorRoot:
    """The root with GIMP 3.0, then the one with 3.2."""
    try:
        return editor_root(request.param)
    except RootUnavailableError as error:
        pytest.skip(f"no {request.param} root for GIMP: {error}")


@pytest.fixture(scope="session")
def gimp_home(root: EditorRoot, daemon: RunningDaemon, tmp_path_factory: pytest.TempPathFactory) -> GimpHome:
    """A user with the plug-in."""
    return make_gimp_home(root, tmp_path_factory.mktemp("gimp"), daemon.connection_file)


@pytest.fixture(scope="session")
def gimp(gimp_home: GimpHome) -> Iterator[Gimp]:
    """A GIMP without window."""
    with start_gimp(gimp_home) as running:
        yield running


@pytest.fixture(scope="session")
def client(daemon: RunningDaemon) -> Iterator[Client]:
    """The tests' own way to the daemon, for comparison."""
    with Client.connect(daemon.connection_file, client="test") as connected:
        yield connected


@pytest.fixture
def lab(gimp: Gimp, client: Client) -> Iterator[Lab]:
    """Images of this test, gone afterwards; fails if the plug-in left any in GIMP's memory."""
    before = set(gimp.call("images"))
    own = Lab(gimp, client)
    yield own
    for image in own.images:
        if image in gimp.call("images"):
            gimp.call("delete_image", image=image)
    assert set(gimp.call("images")) == before


@pytest.fixture(scope="session")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots and logs are kept."""
    named = os.environ.get("SAMELIGHT_TEST_OUTPUT")
    folder = Path(named) / "gimp" if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
