"""Krita in both editor roots, with a screen, a daemon with the shipped weights, and prepared pictures."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from daemon_harness import RunningDaemon, dispose, launch
from daemon_harness import make_home as make_daemon_home
from editor_roots import SUITES, EditorRoot, RootUnavailableError, editor_root
from krita_harness import KritaHome, Scenario, make_home, run_scenario
from krita_pictures import make_pictures
from screen import Screen


@pytest.fixture(scope="session")
def screen() -> Iterator[Screen]:
    with Screen() as opened:
        yield opened


@pytest.fixture(scope="session", params=SUITES)
def root(request: pytest.FixtureRequest) -> EditorRoot:
    try:
        return editor_root(request.param)
    except RootUnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def user_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    """A daemon as an artist has it: default settings, the shipped weights."""
    home = make_daemon_home(tmp_path_factory.mktemp("krita-daemon"), tmp_path_factory.mktemp("no-further-weights"))
    running = launch(home)
    yield running
    dispose(running)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    make_pictures(folder)
    return folder


@pytest.fixture(scope="session")
def krita_home(root: EditorRoot, user_daemon: RunningDaemon, tmp_path_factory: pytest.TempPathFactory) -> KritaHome:
    """A user who has just run `samelight install`."""
    return make_home(root, tmp_path_factory.mktemp(f"krita-{root.suite}"), user_daemon.connection_file)


@pytest.fixture(scope="session")
def output(root: EditorRoot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots and logs are kept: what SAMELIGHT_TEST_OUTPUT names, or a temporary folder."""
    kept = os.environ.get("SAMELIGHT_TEST_OUTPUT")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("krita-output")
    return folder / f"krita-{root.suite}"


@pytest.fixture(scope="session")
def play(krita_home: KritaHome, screen: Screen, output: Path, pictures: Path) -> Callable[..., Scenario]:
    """Runs a scenario in a Krita of its own."""

    def play(name: str, *cases: str, **environment: str) -> Scenario:
        return run_scenario(krita_home, screen, name, output / name, pictures, *cases, **environment)

    return play
