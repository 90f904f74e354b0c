"""One layer: the new one in its place, to the bit what the daemon computes; undo and redo exact; all else as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from daemon_harness import RunningDaemon
from krita_checks import as_array, check_circle, check_nothing_changed, request_of
from krita_harness import Scenario
from krita_pictures import SCENE_SIZE, SUBJECT_RECT, scene, subject

from samelight_wire.client import Client

pytestmark = pytest.mark.editor


@pytest.fixture(scope="module")
def single(play: Callable[..., Scenario]) -> Scenario:
    return play("single")


@pytest.fixture(scope="module")
def client(user_daemon: RunningDaemon) -> Iterator[Client]:
    with Client.connect(user_daemon.connection_file) as connected:
        yield connected


@pytest.mark.parametrize(
    "case",
    [
        "plain",
        "half_transparent",
        "half_opacity",
        "multiply",
        "layers_above_and_below",
        "in_a_group",
        "in_a_pass_through_group",
        "with_a_mask",
        "beyond_the_canvas",
        "locked",
        "alpha_locked_and_clipped",
        "opened_from_a_file",
        "on_a_transparent_picture",
    ],
)
def test_the_picture_changes_only_by_the_layers_colours(single: Scenario, client: Client, case: str) -> None:
    facts = check_circle(single, case, client)
    assert facts["after"]["picture"] == facts["control"]
    assert facts["after"]["picture"] != facts["before"]["picture"]


def test_the_plugin_sends_the_layer_and_what_is_below_it(single: Scenario) -> None:
    (message,) = single.messages("plain", "harmonize")
    request = request_of(single, message)
    rect, (left, top, *_) = request.layer_rect, SUBJECT_RECT
    rows, columns = slice(rect.y - top, rect.y - top + rect.height), slice(rect.x - left, rect.x - left + rect.width)
    assert np.array_equal(as_array(request.layer), subject()[rows, columns])
    assert subject()[..., 3].sum() == as_array(request.layer)[..., 3].sum()
    window = request.backdrop_rect
    assert window is not None
    assert request.backdrop is not None
    below = scene()[window.y : window.y + window.height, window.x : window.x + window.width]
    assert np.array_equal(as_array(request.backdrop), below)
    assert request.selection is None
    assert request.layer_mask is None


def test_a_single_pixel_is_a_layer_too(single: Scenario) -> None:
    said = single["one_pixel"]
    assert said["message"] == ""
    assert said["undone"] == said["before"]
    (new,) = said["new"].values()
    assert new["rect"] == [300, 200, 1, 1]


def test_layers_above_are_no_backdrop(single: Scenario) -> None:
    (message,) = single.messages("layers_above_and_below", "harmonize")
    (plain,) = single.messages("plain", "harmonize")
    assert single.octets(message["backdrop"]["file"]) == single.octets(plain["backdrop"]["file"])


def test_the_groups_own_layers_are_backdrop(single: Scenario) -> None:
    (message,) = single.messages("in_a_group", "harmonize")
    backdrop = as_array(request_of(single, message).backdrop)
    window = message["backdrop_rect"]
    inside = backdrop[300 - window["y"], 400 - window["x"]]
    opacity, below = 200 / 255, scene()[300, 400]
    mixed = np.array([0x20, 0x40, 0x90]) * opacity + below[:3] * (1 - opacity)
    assert np.allclose(inside[:3], mixed, atol=1.5)


def test_a_mask_is_sent_and_stays_a_mask(single: Scenario) -> None:
    (message,) = single.messages("with_a_mask", "harmonize")
    coverage = as_array(request_of(single, message).layer_mask)[..., 0]
    assert coverage[10, 100] == 255
    assert coverage[-10, 100] == 0
    assert len(np.unique(coverage)) > 10
    masks = [node for node in single["with_a_mask"]["after"]["nodes"] if node["type"] == "transparencymask"]
    assert len(masks) == 2
    assert masks[0]["pixels"] == masks[1]["pixels"]


def test_a_mask_stands_for_its_layer(single: Scenario) -> None:
    said = single["mask_selected"]
    assert said["message"] == ""
    assert "subject (harmonized)" in said["names"]


def test_a_soft_selection_limits_the_effect_softly(single: Scenario, client: Client) -> None:
    facts = check_circle(single, "soft_selection", client)
    (new,) = facts["new"].values()
    x, y, width, height = new["rect"]
    changed = single.pixels(new["file"], (height, width, 4)).astype(int)
    x0, y0 = x - SUBJECT_RECT[0], y - SUBJECT_RECT[1]
    original = subject()[y0 : y0 + height, x0 : x0 + width].astype(int)
    selected = single.pixels(facts["coverage"], SCENE_SIZE[::-1])[y : y + height, x : x + width]
    seen = original[..., 3] > 0
    difference = np.abs(changed - original).max(axis=2)
    assert difference[seen & (selected == 0)].max() == 0
    full = difference[seen & (selected == 255)].mean()
    half = difference[seen & (selected > 100) & (selected < 156)].mean()
    assert full > 1  # how much is the weights' matter, but less than that is lost in the rounding of eight bits
    assert 0.4 * full < half < 0.6 * full


def test_the_selected_part_of_a_flattened_picture_is_harmonized(single: Scenario, client: Client) -> None:
    facts = check_circle(single, "flattened_with_selection", client)
    (new,) = facts["new"].values()
    changed = single.pixels(new["file"], (SCENE_SIZE[1], SCENE_SIZE[0], 4)).astype(int)
    (message,) = single.messages("flattened_with_selection", "harmonize")
    original = as_array(request_of(single, message).layer).astype(int)
    selected = single.pixels(facts["coverage"], SCENE_SIZE[::-1])
    assert np.array_equal(changed[selected == 0], original[selected == 0])
    # How much is the weights' matter; that it is the selected part is the plug-in's.
    assert (changed != original).any(axis=2)[selected == 255].mean() > 0.5


@pytest.mark.parametrize("case", ["nothing_below", "empty_layer", "selection_elsewhere", "wholly_outside"])
def test_what_cannot_be_done_is_said_and_changes_nothing(single: Scenario, case: str) -> None:
    check_nothing_changed(single[case])
