"""Nothing that the artist does while a layer is being harmonized is lost, and Krita never stands still for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from daemon_harness import RunningDaemon, dispose, launch
from daemon_harness import make_home as make_daemon_home
from krita_checks import as_array, check_nothing_changed, check_stack, daemon_answer, request_of
from krita_harness import Scenario

from samelight_wire.client import Client

pytestmark = pytest.mark.editor

WAITING = "Harmonizing “subject”: waiting until the brush stroke or transformation ends…"
HARMONIZED = ["sketch", "subject (harmonized)", "background"]
MOVED = (40, 25)


@pytest.fixture(scope="module")
def meanwhile(play: Callable[..., Scenario], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    home = make_daemon_home(tmp_path_factory.mktemp("stopped-daemon"), tmp_path_factory.mktemp("no-weights"))
    daemon = launch(home)
    yield play("meanwhile", SAMELIGHT_CONNECTION_FILE=str(home.connection_file))
    dispose(daemon)


@pytest.fixture(scope="module")
def client(user_daemon: RunningDaemon) -> Iterator[Client]:
    with Client.connect(user_daemon.connection_file) as connected:
        yield connected


def shown(facts: dict[str, Any]) -> list[str]:
    return [node["name"] for node in facts["after"]["nodes"] if node["visible"]]


def test_a_result_waits_for_the_end_of_a_stroke(meanwhile: Scenario) -> None:
    said = meanwhile["result_during_a_stroke"]
    assert said["busy"]
    assert said["nodes_during"] == len(said["before"]["nodes"])
    assert WAITING in said["during"]
    assert said["message"] == ""
    assert said["painted"]
    assert shown(said) == HARMONIZED
    assert said["rows_after"] == [*said["rows_before"], "Freehand Brush Stroke", "Add Layer"]


def test_a_layer_is_read_when_a_stroke_is_over(meanwhile: Scenario) -> None:
    said = meanwhile["click_during_a_stroke"]
    assert said["sent_during"] == 0
    assert WAITING in said["during"]
    assert said["message"] == ""
    assert shown(said) == HARMONIZED


def test_a_result_that_waits_can_be_cancelled(meanwhile: Scenario) -> None:
    said = meanwhile["cancelled_during_a_stroke"]
    assert "Cancelled" in said["outcome"]
    assert shown(said) == ["sketch", "subject", "background"]
    assert said["rows_after"] == [*said["rows_before"], "Freehand Brush Stroke"]


def test_a_slider_waits_for_the_end_of_a_stroke(meanwhile: Scenario) -> None:
    said = meanwhile["slider_during_a_stroke"]
    assert said["message"] == ""
    assert said["during"] == said["full"]
    assert said["after"] != said["full"]


@pytest.mark.parametrize(
    ("case", "name"), [("painted_on", "subject"), ("emptied", "subject"), ("group_painted_on", "group")]
)
def test_a_layer_that_was_changed_gets_no_result(meanwhile: Scenario, case: str, name: str) -> None:
    said = meanwhile[case]
    check_nothing_changed(said)
    assert said["message"].startswith(f"“{name}” was changed while it was being harmonized")


@pytest.mark.parametrize("case", ["moved", "group_moved"])
def test_a_layer_that_was_moved_is_followed(meanwhile: Scenario, client: Client, case: str) -> None:
    said = meanwhile[case]
    assert said["message"] == ""
    check_stack(said)
    (new,) = said["new"].values()
    x, y, width, height = said["was"]
    assert new["rect"] == [x + MOVED[0], y + MOVED[1], width, height]
    (message,) = meanwhile.messages(case, "harmonize")
    assert list(message["layer_rect"].values()) == said["was"]
    expected = as_array(daemon_answer(client, request_of(meanwhile, message)))
    seen = expected[..., 3] != 0
    assert np.array_equal(meanwhile.pixels(new["file"], (height, width, 4))[seen], expected[seen])


def test_what_came_later_stays_when_a_batch_is_undone(meanwhile: Scenario) -> None:
    said = meanwhile["inserted_behind_another_picture"]
    assert said["redo"].endswith("Add Layer")
    assert said["names"] == ["later", "sketch", "subject (harmonized)", "subject", "background"]
    assert said["after"] == ["later", "sketch", "subject", "background"]
