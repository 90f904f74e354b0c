"""As an artist does it: real clicks through the menu, real keys, the sliders dragged; pictures of it are kept."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_harness import RunningDaemon
from krita_harness import SCENARIOS, KritaHome, krita_running
from krita_stage import Stage
from PIL import Image
from screen import Screen

pytestmark = pytest.mark.editor

MENU = ("Tools", "Scripts", "Harmonize layer")
BEFORE = ["Astronaut", "Launch pad"]
AFTER = ["Astronaut (harmonized)", "Launch pad"]


@pytest.fixture(scope="module")
def stage(krita_home: KritaHome, screen: Screen, output: Path, pictures: Path) -> Iterator[Stage]:
    folder = output / "stage"
    folder.mkdir(parents=True, exist_ok=True)
    variables = {"SCENARIO": SCENARIOS / "stage.py", "OUTPUT": folder, "PICTURES": pictures, "RECORD": 0}
    environment = {f"SAMELIGHT_{name}": str(value) for name, value in variables.items()}
    with krita_running(krita_home, screen, folder / "krita.log", **environment) as process:
        yield Stage(screen, folder, process)


def test_a_click_in_the_menu_harmonizes(stage: Stage, user_daemon: RunningDaemon) -> None:
    before = stage.state()
    assert before["shown"] == BEFORE
    stage.picture("1-before")
    stage.open_menu(*MENU)
    stage.picture("2-menu")
    # The daemon stands still, so that there is time to look.
    os.kill(user_daemon.endpoint.pid, signal.SIGSTOP)
    try:
        stage.click_here()
        stage.wait(lambda: stage.state()["busy"])
        time.sleep(1.0)
        stage.picture("3-during")
        during = stage.state()
    finally:
        os.kill(user_daemon.endpoint.pid, signal.SIGCONT)
    assert during["shown"] == BEFORE
    assert any("Astronaut" in text for text in during["texts"])
    stage.wait(lambda: not stage.state()["busy"])
    time.sleep(0.5)
    after = stage.state()
    assert after["shown"] == AFTER
    assert after["message"] == ""
    assert len(after["rows"]) == len(before["rows"]) + 1
    assert "harmonized with srin-lite" in after["outcome"]


def test_the_dockers_button_does_the_same(stage: Stage) -> None:
    undo_by_key(stage)
    stage.click_button("Harmonize layer")
    stage.wait(lambda: stage.state()["shown"] == AFTER)
    stage.picture("4-after")


def undo_by_key(stage: Stage) -> None:
    """Ctrl+Z, until the original is back."""
    over_the_canvas(stage)
    stage.screen.key("ctrl+z")
    stage.wait(lambda: stage.state()["shown"] == BEFORE)


def over_the_canvas(stage: Stage) -> None:
    """Brings the pointer, and with it the keyboard, to the canvas."""
    stage.screen.xdotool("mousemove", *map(str, stage.ask("canvas")))
    time.sleep(0.8)


def test_the_canvas_shows_it(stage: Stage) -> None:
    before, after = (Image.open(stage.output / f"{name}.png").convert("RGB") for name in ("1-before", "4-after"))
    middle = [image.crop((500, 300, 1000, 800)) for image in (before, after)]
    assert middle[0].tobytes() != middle[1].tobytes()


@pytest.mark.parametrize(("number", "caption"), [(5, "Strength"), (6, "Colour")])
def test_a_slider_is_dragged_with_the_mouse(stage: Stage, number: int, caption: str) -> None:
    before = stage.state()
    stage.drag(caption, before["settings"][caption.lower()], 85, 70, 60, 50)
    stage.wait(lambda: not stage.state()["blending"])
    after = stage.state()
    stage.picture(f"{number}-{caption.lower()}")
    percent = after["settings"][caption.lower()]
    assert 40 <= percent <= 60
    assert after["settings"] == {**before["settings"], caption.lower(): percent}
    assert after["sliders"] == {**before["sliders"], caption: percent}
    assert after["snapshot"]["picture"] != before["snapshot"]["picture"]
    assert after["rows"] == before["rows"]
    assert after["shown"] == AFTER


def test_the_keys_undo_and_redo_it(stage: Stage) -> None:
    harmonized = stage.state()
    undo_by_key(stage)
    stage.picture("7-undone")
    stage.screen.key("ctrl+shift+z")
    stage.wait(lambda: stage.state()["shown"] == AFTER)
    assert stage.state()["snapshot"] == harmonized["snapshot"]


def test_the_shortcut_opens_the_options(stage: Stage) -> None:
    before = stage.state()["settings"]
    undo_by_key(stage)
    stage.screen.key("ctrl+alt+shift+l")
    stage.screen.window("Harmonize layer")
    stage.drag("Colour", before["colour"], 70, 80, dialog="Harmonize layer")
    stage.picture("8-options")
    stage.screen.key("Return")
    stage.wait(lambda: stage.state()["shown"] == AFTER)
    after = stage.state()
    colour = after["settings"]["colour"]
    assert 70 <= colour <= 90
    assert after["settings"] == {**before, "colour": colour}
    assert after["sliders"] == {"Strength": before["strength"], "Colour": colour}


def test_without_a_daemon_the_docker_says_what_to_do(stage: Stage, user_daemon: RunningDaemon) -> None:
    undo_by_key(stage)
    file = user_daemon.connection_file
    kept = file.with_name("kept.json")
    file.rename(kept)
    try:
        # An established connection outlives its file: Krita learns of the loss when it has to connect anew.
        stage.ask("disconnect")
        stage.click_button("Harmonize layer")
        stage.wait(lambda: stage.state()["message"] != "")
        stage.picture("9-no-daemon")
        state = stage.state()
    finally:
        kept.rename(file)
    assert state["shown"] == BEFORE
    assert state["message"] in state["texts"]
    assert state["boxes"] == []
