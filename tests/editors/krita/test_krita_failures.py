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
    assert said["worked"]


def test_dragging_the_strength_is_one_entry_and_exact(failures: Scenario) -> None:
    said = failures["strength_dragged"]
    assert said["message"] == ""
    assert said["added"] == ["Add Layer"]
    assert said["again"]
    assert said["undone"] == ["subject", "background"]
    assert said["redone"]
    shape = (SUBJECT_RECT[3], SUBJECT_RECT[2], 4)
    original, none, half, full = (
        failures.pixels(said[name], shape).astype(int) for name in ("original", "none", "half", "full")
    )
    seen = original[..., 3] > 0
    assert np.array_equal(none[seen], original[seen])
    assert np.array_equal(full[..., 3], original[..., 3])
    assert np.abs(half - (original + full) / 2)[seen].max() <= 1.01
