"""What the sliders of the docker act on: the last result, while its picture is in front; and nothing of it is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from daemon_harness import dispose, launch
from daemon_harness import make_home as make_daemon_home
from krita_harness import Scenario

pytestmark = pytest.mark.editor

NEXT = "Strength and Colour count for the next result."
AT_ONCE = "Strength and Colour change “subject 1 (harmonized)” at once."


@pytest.fixture(scope="module")
def sliders(play: Callable[..., Scenario], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    home = make_daemon_home(tmp_path_factory.mktemp("stopped-daemon"), tmp_path_factory.mktemp("no-weights"))
    daemon = launch(home)
    yield play("sliders", SAMELIGHT_CONNECTION_FILE=str(home.connection_file))
    dispose(daemon)


def check_reach(looks: dict[str, Any], *, within: bool) -> None:
    """The docker says whether a slider changes the last result, and offers to undo it only then."""
    assert (AT_ONCE if within else NEXT) in looks["texts"]
    assert looks["undo"] == within


def test_a_picture_that_is_not_in_front_stays_as_it_is(sliders: Scenario) -> None:
    said = sliders["another_picture_in_front"]
    assert said["behind"] == said["before"]
    check_reach(said["looks_before"], within=True)
    check_reach(said["looks_behind"], within=False)


def test_a_picture_that_comes_back_can_be_changed_again(sliders: Scenario) -> None:
    said = sliders["another_picture_in_front"]
    check_reach(said["looks_again"], within=True)
    assert said["again"]["picture"] != said["before"]["picture"]


def test_a_wish_is_done_in_the_picture_it_was_made_for(sliders: Scenario) -> None:
    said = sliders["another_picture_comes_to_the_front"]
    assert said["got"] == said["wished"]


def test_after_a_refused_click_the_sliders_still_work(sliders: Scenario) -> None:
    said = sliders["refused_click"]
    assert said["refused"]["message"].endswith("it has no picture of its own.")
    check_reach(said["refused"], within=True)
    assert said["half"] != said["full"]
    assert said["after"]["message"] == ""


def test_a_batch_that_made_nothing_leaves_the_one_before(sliders: Scenario) -> None:
    said = sliders["nothing_came_of_a_batch"]
    check_reach(said["cancelled"], within=True)
    assert said["half"] != said["full"]
    assert said["undone"] == said["before"]


def test_a_pending_wish_is_done_before_the_next_batch(sliders: Scenario) -> None:
    said = sliders["wish_pending_when_a_batch_begins"]
    assert said["message"] == ""
    assert said["got"] == said["wished"]
    requests = sliders.results["wish_pending_when_a_batch_begins"]["requests"]
    sent = [(each["kind"], each.get("strength")) for each in requests if each["kind"] in ("harmonize", "preview")]
    assert sent[-3:] == [("preview", 0.6), ("preview", 0.45), ("harmonize", None)]


def test_one_that_cannot_be_blended_holds_up_no_other(sliders: Scenario) -> None:
    said = sliders["one_cannot_be_blended"]
    states = (said["before"], said["half"], said["less"])
    assert [len({state[number] for state in states}) for number in range(3)] == [1, 3, 3]
    for looks in (said["looks_half"], said["looks_less"]):
        assert "was changed since" in looks["message"]
        assert "Strength and Colour change the last 2 layers at once." in looks["texts"]
    assert len(sliders.messages("one_cannot_be_blended", "preview")) == 5


def test_sliders_without_a_result_say_so(sliders: Scenario) -> None:
    said = sliders["forgotten"]
    assert AT_ONCE in said["before"]["texts"]
    assert NEXT in said["after"]["texts"]
    assert said["after"]["undo"]


def test_a_model_is_not_called_missing_while_the_daemon_loads(sliders: Scenario) -> None:
    said = sliders["daemon_getting_ready"]
    assert said["ready"]["chosen"] == said["loading"]["chosen"] == said["name"]
    assert "The daemon is getting ready…" in said["looks_loading"]["texts"]
    assert said["missing"]["chosen"] == f"{said['name']} (not installed)"
