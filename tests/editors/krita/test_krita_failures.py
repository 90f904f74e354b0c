"""Nothing is lost when anything fails: the document stays as it is to the bit, and a message says what to do."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from daemon_harness import dispose, launch
from daemon_harness import make_home as make_daemon_home
from krita_checks import check_nothing_changed
from krita_harness import Scenario
from krita_pictures import SUBJECT_RECT

from samelight_wire.endpoint import read_endpoint

pytestmark = pytest.mark.editor

LUMINANCE = np.array([0.0722, 0.7152, 0.2126])
"""Rec. 709's, in Krita's order of channels: B, G, R."""


@pytest.fixture(scope="module")
def failures(play: Callable[..., Scenario], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    home = make_daemon_home(tmp_path_factory.mktemp("mortal-daemon"), tmp_path_factory.mktemp("no-weights"))
    daemon = launch(home)
    yield play("failures", SAMELIGHT_CONNECTION_FILE=str(home.connection_file))
    dispose(daemon)
    _end_second_daemon(home.connection_file, daemon.endpoint.pid)


def _end_second_daemon(connection_file: Path, first: int) -> None:
    """The one that the docker started is a child of nobody."""
    if connection_file.exists():
        pid = read_endpoint(connection_file).pid
        if pid != first:
            os.kill(pid, signal.SIGTERM)


def test_cancel_leaves_the_picture_as_it_is(failures: Scenario) -> None:
    said = failures["cancelled_half_way"]
    assert said["offered"]
    assert any("subject" in text for text in said["progress"])
    assert said["idle_at_once"]
    assert said["after"] == said["before"]
    assert said["rows_after"] == said["rows_before"]
    assert "Cancelled" in said["outcome"]
    assert said["works_again"]


def test_cancel_between_layers_keeps_what_is_done(failures: Scenario) -> None:
    said = failures["cancelled_between_layers"]
    done = [name for name in said["visible"] if name.endswith("(harmonized)")]
    assert len(done) == said["added"] >= 1
    assert len(said["visible"]) == 4
    assert f"{len(done)} of 3" in said["outcome"]


def test_krita_can_be_worked_with_meanwhile(failures: Scenario) -> None:
    said = failures["work_goes_on_meanwhile"]
    names = [node["name"] for node in said["after"]["nodes"] if node["visible"]]
    assert names == ["meanwhile", "subject (harmonized)", "background"]
    assert said["message"] == ""
    assert said["boxes"] == []
    assert len(failures.messages("work_goes_on_meanwhile", "harmonize")) == 1


def test_the_layer_goes_into_its_own_picture(failures: Scenario) -> None:
    said = failures["another_picture_in_front_meanwhile"]
    assert said["other_unchanged"]
    assert "subject (harmonized)" in [node["name"] for node in said["after"]["nodes"]]


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_all_texts_can_be_read_in_a_narrow_docker(failures: Scenario, theme: str) -> None:
    looks = failures["narrow_docker"][theme]
    assert any("is not there" in look["text"] for look in looks)
    assert any("cut_out" in look["text"] for look in looks)
    assert [look for look in looks if not look["fits"]] == []
    assert [look for look in looks if look["contrast"] < 60] == []


def test_a_closed_document_is_let_go(failures: Scenario) -> None:
    said = failures["document_closed_while_waiting"]
    assert said["other_unchanged"]
    assert said["open"] == 1
    assert "closed" in said["message"]


@pytest.mark.parametrize("case", ["layer_deleted_while_waiting", "group_deleted_while_waiting"])
def test_a_deleted_layer_does_not_come_back(failures: Scenario, case: str) -> None:
    check_nothing_changed(failures[case])
    assert "removed" in failures[case]["message"]


@pytest.mark.parametrize("case", ["daemon_killed_half_way", "daemon_gone", "no_daemon_ever"])
def test_without_a_daemon_nothing_changes(failures: Scenario, case: str) -> None:
    said = failures[case]
    check_nothing_changed(said)
    assert said["boxes"] == []
    assert "start" in said["hint"].lower()


def test_without_the_docker_a_box_says_it(failures: Scenario) -> None:
    said = failures["no_docker_on_the_screen"]
    check_nothing_changed(said)
    (box,) = said["found"]
    assert said["message"] in box
    assert said["hint"] in box


def test_the_docker_starts_the_daemon(failures: Scenario) -> None:
    said = failures["started_from_the_docker"]
    assert said["offered"]
    assert any("starting" in text for text in said["starting"])
    assert any("ready" in text for text in said["running"])
    assert "starting" in said["devices"]
    assert said["models"] == ["frih-lite"]
    assert said["worked"]


def test_dragging_the_sliders_is_one_entry_and_exact(failures: Scenario) -> None:
    said = failures["sliders_dragged"]
    assert said["message"] == ""
    assert said["added"] == ["Add Layer"]
    assert said["undone"] == ["subject", "background"]
    assert said["redone"]
    assert failures.octets(said["again"]) == failures.octets(said["full"])
    assert failures.octets(said["less"]) == failures.octets(said["fresh"])
    assert len({failures.octets(said[name]) for name in ("full", "half", "less", "none", "plain")}) == 5
    last = failures.messages("sliders_dragged", "harmonize")[-1]["options"]
    assert (last["strength"], last["colour"]) == (0.5, 0.3)


def test_what_the_sliders_make_of_a_result(failures: Scenario) -> None:
    said = failures["sliders_dragged"]
    shape = (SUBJECT_RECT[3], SUBJECT_RECT[2], 4)
    original, none, half, full, plain = (
        failures.pixels(said[name], shape).astype(int) for name in ("original", "none", "half", "full", "plain")
    )
    seen = original[..., 3] > 0
    assert np.array_equal(none[seen], original[seen])
    assert np.array_equal(full[..., 3], original[..., 3])
    assert np.abs(half - (original + full) / 2)[seen].max() <= 1.01
    unclipped = seen & np.all((plain > 0) & (plain < 255) & (full > 0) & (full < 255), axis=-1)
    original, full, plain = (each[unclipped][:, :3] for each in (original, full, plain))
    assert np.ptp(full - original, axis=-1).mean() > 3  # there is a colour to take back
    was, becomes = ((each @ LUMINANCE)[:, None] for each in (original, full))
    only_light = np.where(becomes < was, original * becomes / np.maximum(was, 1), original + becomes - was)
    assert np.abs(plain - only_light).max() <= 2  # roundings of two results


def test_the_newest_wish_of_both_sliders_wins(failures: Scenario) -> None:
    assert failures["sliders_moved_while_a_blend_is_awaited"]["message"] == ""
    asked = failures.messages("sliders_moved_while_a_blend_is_awaited", "preview")
    assert [(each["strength"], each["colour"]) for each in asked][:2] == [(0.6, 1.0), (0.2, 0.4)]


def test_sliders_moved_while_a_batch_runs_count_at_its_end(failures: Scenario) -> None:
    said = failures["sliders_moved_while_a_batch_runs"]
    assert said["message"] == ""
    assert failures.octets(said["followed"]) == failures.octets(said["fresh"])
    asked = failures.messages("sliders_moved_while_a_batch_runs", "harmonize")
    assert [(each["options"]["strength"], each["options"]["colour"]) for each in asked] == [(1.0, 1.0), (0.6, 0.2)]


def test_the_choices_are_remembered(failures: Scenario) -> None:
    said = failures["choices_remembered"]
    assert said["saved"] == {"strength": "40", "colour": "70", "limit_to_selection": "false"}
    assert said["loaded"] == {"model": "", "strength": 40, "colour": 70, "limit_to_selection": False}
    assert said["senseless"] == {"": 70, "much": 70, "-5": 70, "250": 70, "²": 70, "0": 0}
    assert said["after"] == {"model": "", "strength": 100, "colour": 100, "limit_to_selection": True}
