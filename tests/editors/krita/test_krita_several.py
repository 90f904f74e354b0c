"""Several layers at one click, and groups, shapes, clones and filters harmonized as what they show."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from daemon_harness import RunningDaemon
from krita_checks import as_array, check_circle, check_nothing_changed, request_of
from krita_harness import Scenario
from krita_pictures import SCENE_SIZE

from samelight_wire.client import Client

pytestmark = pytest.mark.editor

HARMONIZED = [f"subject {number} (harmonized)" for number in (3, 2, 1)]


@pytest.fixture(scope="module")
def several(play: Callable[..., Scenario]) -> Scenario:
    return play("several")


@pytest.fixture(scope="module")
def client(user_daemon: RunningDaemon) -> Iterator[Client]:
    with Client.connect(user_daemon.connection_file) as connected:
        yield connected


@pytest.mark.parametrize("case", ["three_at_once", "three_in_another_order"])
def test_three_layers_at_once_are_three_entries(several: Scenario, client: Client, case: str) -> None:
    facts = check_circle(several, case, client, rows=3)
    assert facts["after"]["picture"] == facts["control"]
    visible = [node["name"] for node in facts["after"]["nodes"] if node["visible"]]
    assert visible == [*HARMONIZED, "background"]


def test_each_is_fitted_into_the_picture_as_it_will_be(several: Scenario) -> None:
    first, second, third = several.messages("three_at_once", "harmonize")
    assert [message["layer_rect"]["x"] for message in (first, second, third)] == [40, 140, 240]
    results = several.messages("three_at_once", "result")
    rect, window = first["layer_rect"], second["backdrop_rect"]
    done = np.frombuffer(several.octets(results[0]["layer"]["file"]), np.uint8).reshape(
        rect["height"], rect["width"], 4
    )
    below = as_array(request_of(several, second).backdrop)
    y, x = np.argwhere(done[..., 3] == 255)[2000]
    assert np.array_equal(below[rect["y"] + y - window["y"], rect["x"] + x - window["x"]], done[y, x])


def test_every_step_back_leaves_a_sensible_picture(several: Scenario) -> None:
    originals = ["subject 3", "subject 2", "subject 1"]
    assert several["three_undone_one_by_one"] == [
        [*HARMONIZED, "background"],
        [originals[0], *HARMONIZED[1:], "background"],
        [*originals[:2], HARMONIZED[2], "background"],
        [*originals, "background"],
    ]


def test_the_docker_undoes_a_batch(several: Scenario) -> None:
    said = several["undo_this_batch"]
    assert said["offered"]
    assert len(said["after"]["nodes"]) == len(said["before"]["nodes"]) + 3
    assert said["undone"] == said["before"]
    assert not said["offered_again"]


def test_the_docker_undoes_a_batch_and_nothing_that_came_after(several: Scenario) -> None:
    said = several["undo_this_batch_after_other_work"]
    later = [node for node in said["after"]["nodes"] if node["name"] == "later"]
    assert len(later) == 1
    assert [node for node in said["after"]["nodes"] if node["name"] != "later"] == said["before"]["nodes"]


def test_a_batch_of_layers_of_other_kinds_is_undone_too(several: Scenario) -> None:
    said = several["undo_this_batch_of_shown_layers_after_other_work"]
    assert said["message"] == ""
    assert said["after"] == ["shapes (harmonized)", "group (harmonized)", "two", "one", "background"]
    assert said["undone"] == ["later", *said["names"]]


def test_a_layer_harmonized_twice_is_never_hidden_with_its_original(several: Scenario) -> None:
    said = several["harmonized_twice"]
    assert said["message"] == ""
    original, once, twice = ([name, "background"] for name in ("subject", "new", "new (harmonized)"))
    assert said["seen"] == [twice, original, once, original, twice, once]


SHOWING = (
    "group", "vector", "clone", "file_layer", "layer_with_a_filter_mask",
    "paint_layer_with_a_style", "group_with_a_style",
)  # fmt: skip


@pytest.mark.parametrize("case", SHOWING)
def test_a_layer_is_harmonized_as_what_it_shows(several: Scenario, client: Client, case: str) -> None:
    check_circle(several, case, client)
    (message,) = several.messages(case, "harmonize")
    request = request_of(several, message)
    rect, layer = request.layer_rect, as_array(request.layer)
    shown = several.pixels(several[case]["shown"], (SCENE_SIZE[1], SCENE_SIZE[0], 4))
    left, top = max(rect.x, 0), max(rect.y, 0)
    right, bottom = min(rect.x + rect.width, SCENE_SIZE[0]), min(rect.y + rect.height, SCENE_SIZE[1])
    assert shown[..., 3].any()
    assert np.array_equal(layer[top - rect.y : bottom - rect.y, left - rect.x : right - rect.x],
                          shown[top:bottom, left:right])  # fmt: skip


def test_a_filter_is_not_applied_twice(several: Scenario) -> None:
    after = several["layer_with_a_filter_mask"]["after"]["nodes"]
    (new,) = [node for node in after if node["name"].endswith("(harmonized)")]
    place = after.index(new)
    assert after[place + 1]["depth"] == new["depth"], "the new layer has a mask of its own"


@pytest.mark.parametrize("case", ["paint_layer_with_a_style", "group_with_a_style"])
def test_a_layer_style_goes_with_the_new_layer(several: Scenario, case: str) -> None:
    old, new = several[case]["styles"]
    assert "SoFi" in old
    assert new == old


def test_a_click_that_cannot_begin_leaves_the_batch_before_alone(several: Scenario) -> None:
    said = several["refused_after_a_batch"]
    assert said["message"].endswith("it has no picture of its own.")
    assert said["offered"]


ONE_FRAME = "which is animated, and harmonizing would keep one frame of it alone."

REFUSED = {
    "adjustment_layer": "it has no picture of its own.",
    "filter_layer_in_a_group_that_passes_through": "“invert” in it is a filter for the picture below.",
    "multiply_in_a_group_that_passes_through": "“shadow” in it blends with the picture below.",
    "animated_layer": "“subject 2” is animated, and harmonizing would change one frame of it alone.",
    "group_with_an_animated_layer": f"“group” shows “one”, {ONE_FRAME}",
    "clone_of_an_animated_layer": f"“clone” shows “subject 1”, {ONE_FRAME}",
}


@pytest.mark.parametrize(("case", "message"), REFUSED.items(), ids=REFUSED)
def test_what_has_no_picture_that_could_stand_for_it_is_refused(several: Scenario, case: str, message: str) -> None:
    check_nothing_changed(several[case])
    assert several[case]["message"].endswith(message)
