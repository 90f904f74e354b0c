"""The real window: menu, dialog, progress, cancel and undo with mouse and keys. Pictures of the screen are kept."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from daemon_harness import RunningDaemon, dispose, launch, make_home
from editor_roots import EditorRoot
from gimp_harness import make_gimp_home, start_gimp
from gimp_scene import ground, object_at_night, raster
from gimp_window import HOLD_SECONDS, Window, held, make_scene_files, stopped, wait_until
from screen import Screen

from samelight_wire import Client, HarmonizeRequest, Rect, new_job

pytestmark = pytest.mark.editor

PLAIN, WITH_OPTIONS = 1, 2  # counted from the menus' lower ends

STROKE = {"start": [640, 250], "end": [760, 560]}
"""On the canvas, across the astronaut."""


@pytest.fixture(scope="module")
def held_daemon(start_daemon: Callable[..., RunningDaemon]) -> RunningDaemon:
    """A daemon that no other test waits for."""
    return start_daemon()


@pytest.fixture
def loading_daemon(tmp_path: Path) -> Iterator[RunningDaemon]:
    """A daemon that does not get ready: torch takes longer to load than on the slowest of disks."""
    (tmp_path / "torch.py").write_text("import time\ntime.sleep(600)\n")
    home = make_home(tmp_path / "home", tmp_path / "no-further-weights")
    home.environment["PYTHONPATH"] = f"{tmp_path}{os.pathsep}{home.environment['PYTHONPATH']}"
    running = launch(home)
    yield running
    dispose(running)


@pytest.fixture(scope="module")
def window(
    root: EditorRoot, held_daemon: RunningDaemon, output: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Window]:
    home = make_gimp_home(root, tmp_path_factory.mktemp("window"), held_daemon.connection_file)
    scene = make_scene_files(home.folder / "pictures")
    with Screen(1600, 1000) as screen, start_gimp(home, display=screen.name) as gimp:
        yield Window(gimp, screen, output, scene)


@pytest.fixture
def scene(window: Window) -> Iterator[tuple[int, int]]:
    """An image in the window and the astronaut's layer in it; gone afterwards, and nothing else is left."""
    before = window.gimp.call("images")
    image, layer = window.open_scene()
    yield image, layer
    window.wait_for_rest()
    if image in window.gimp.call("images"):
        window.close(image)
    wait_until(lambda: window.gimp.call("images") == before, "an image was left in GIMP's memory")


def test_harmonize_and_undo(window: Window, held_daemon: RunningDaemon, scene: tuple[int, int]) -> None:
    """Menu, progress, result; one step back and one forth; one key to do it again."""
    image, _ = scene
    before, shown = window.state(image), window.visible(image)
    window.picture("before")
    with held(held_daemon, lambda: window.click_filter(PLAIN, "menu")):
        window.picture("progress")
    layers = window.wait_for_layers(image, 3)
    window.picture("after")
    assert [each["visible"] for each in layers] == [True, False, True]
    after, changed = window.state(image), window.visible(image)
    assert after["dirty"]
    assert not np.array_equal(changed, shown)
    window.screen.key("ctrl+z")
    wait_until(lambda: window.state(image) == before, "one undo step restores list, selection and dirty flag")
    assert np.array_equal(window.visible(image), shown)
    window.picture("undone")
    window.screen.key("ctrl+y")
    wait_until(lambda: len(window.names(image)) == 3, "redo")
    assert np.array_equal(window.visible(image), changed)
    window.screen.key("ctrl+z")
    wait_until(lambda: len(window.names(image)) == 2, "undo again")
    window.screen.key("ctrl+f")
    window.wait_for_layers(image, 3)
    assert np.array_equal(window.visible(image), changed)


def test_two_layers_are_one_undo_step(window: Window, scene: tuple[int, int]) -> None:
    image, layer = scene
    _, astronaut, _ = window.scene
    second = window.gimp.call("load_layer", image=image, path=str(astronaut), name="second", place=[-100, 120])
    window.gimp.call("clean", image=image)
    window.gimp.call("select_layers", image=image, layers=[layer, second])
    before = window.state(image)
    window.click_filter(PLAIN, "menu-two")
    window.wait_for_layers(image, 5)
    window.picture("two-layers")
    window.screen.key("ctrl+z")
    wait_until(lambda: window.state(image) == before, "one undo step for two layers")


def test_the_dialog(window: Window, scene: tuple[int, int]) -> None:
    """What is chosen in the dialog counts, there and in the plain entry afterwards."""
    image, layer = scene
    window.click_filter(WITH_OPTIONS, "menu-options")
    dialog = window.screen.window("^Harmonize layer$")
    time.sleep(1.0)
    window.picture("dialog")
    window.screen.xdotool("windowactivate", "--sync", dialog)
    window.screen.key("alt+d", "alt+t")
    window.screen.key("ctrl+a")
    window.screen.xdotool("type", "0.4")
    window.screen.key("Tab", "alt+u")
    window.screen.key("ctrl+a")
    window.screen.xdotool("type", "0.3")
    window.screen.key("Tab")
    time.sleep(0.5)
    window.picture("dialog-changed")
    window.screen.key("alt+o")
    layers = window.wait_for_layers(image, 3)
    assert [each["visible"] for each in layers] == [True, True, True]
    first = window.pixels(layers[0]["id"])
    window.gimp.call("remove_layer", image=image, layer=layers[0]["id"])
    window.gimp.call("select_layers", image=image, layers=[layer])
    for choices, same in (({"strength": 0.4, "colour": 0.3}, True), ({"strength": 0.4}, False)):
        answer = window.gimp.call("harmonize", image=image, drawables=[layer], **choices)
        assert answer["status"] == "SUCCESS"
        by_script = window.state(image)["layers"][0]["id"]
        assert np.array_equal(window.pixels(by_script), first) == same, "strength 0.4 and colour 0.3 were meant"
        window.gimp.call("remove_layer", image=image, layer=by_script)
        window.gimp.call("select_layers", image=image, layers=[layer])
    window.click_filter(PLAIN, "menu-recall")
    layers = window.wait_for_layers(image, 3)
    assert np.array_equal(window.pixels(layers[0]["id"]), first), "the plain entry recalls the dialog's choices"


@pytest.mark.usefixtures("scene")
def test_the_dialog_while_the_daemon_gets_ready(
    window: Window, loading_daemon: RunningDaemon, held_daemon: RunningDaemon
) -> None:
    """The daemon cannot say yet which networks it has: all can be chosen, and the call waits for it."""
    choices = window.gimp.home.profile / "plug-in-settings" / "samelight-choices.json"
    choices.unlink(missing_ok=True)
    written = window.gimp.home.plug_in / "connection-file.txt"
    written.write_text(f"{loading_daemon.connection_file}\n")
    window.click_filter(WITH_OPTIONS, "menu-loading")
    dialog = window.screen.window("^Harmonize layer$")
    time.sleep(1.0)
    window.screen.xdotool("windowactivate", "--sync", dialog)
    window.screen.key("alt+m", "Down")
    time.sleep(0.5)
    window.picture("dialog-loading")
    window.screen.key("alt+o")
    wait_until(choices.exists, "nothing was chosen")
    time.sleep(HOLD_SECONDS)
    window.picture("waiting-for-loading")
    window.click_cancel()
    window.wait_for_rest()
    written.write_text(f"{held_daemon.connection_file}\n")
    assert json.loads(choices.read_text())["model"] == "hdnet-lite"
    choices.unlink()


def test_leaving_the_dialog(window: Window, scene: tuple[int, int]) -> None:
    image, _ = scene
    before = window.state(image)
    window.click_filter(WITH_OPTIONS, "menu-leave")
    dialog = window.screen.window("^Harmonize layer$")
    window.screen.xdotool("windowactivate", "--sync", dialog)
    window.screen.key("Escape")
    window.wait_for_rest()
    assert window.state(image) == before


def test_the_layers_context_menu(window: Window, scene: tuple[int, int]) -> None:
    image, _ = scene
    window.click_layer_menu((1500, 722), PLAIN, "layer-menu")
    window.wait_for_layers(image, 3)


def test_cancel(window: Window, held_daemon: RunningDaemon, scene: tuple[int, int]) -> None:
    """Cancel kills the plug-in: the picture is as it was, no image is left, and the daemon drops the work."""
    image, _ = scene
    before, images = window.state(image), window.gimp.call("images")
    with held(held_daemon, lambda: window.click_filter(PLAIN, "menu-cancel")):
        window.picture("cancel-before")
        window.click_cancel()
        window.wait_for_rest()
        window.picture("cancelled")
    assert window.state(image) == before
    assert window.gimp.call("images") == images
    window.click_filter(PLAIN, "menu-after-cancel")
    window.wait_for_layers(image, 3)


def test_cancel_before_the_daemon_has_answered(
    window: Window, held_daemon: RunningDaemon, scene: tuple[int, int]
) -> None:
    """A daemon that does not answer is waited for with progress and Cancel, which leaves nothing to be said."""
    image, _ = scene
    before, images = window.state(image), window.gimp.call("images")
    with stopped(held_daemon):
        window.click_filter(PLAIN, "menu-looking")
        window.wait_for_call()
        time.sleep(HOLD_SECONDS)
        window.picture("looking")
        window.click_cancel()
        window.wait_for_rest()
    assert not window.has_message(), "the call was not cancelled, it gave up"
    assert window.state(image) == before
    assert window.gimp.call("images") == images


def test_the_daemon_drops_the_work_of_a_killed_call(
    window: Window, held_daemon: RunningDaemon, scene: tuple[int, int]
) -> None:
    """The call's job waits behind others when the plug-in is killed: it is never worked on."""
    image, _ = scene
    before, log = window.state(image), held_daemon.home.log
    # Made before, so that all of them are sent at once: the daemon may be as fast as the making of one.
    requests = [something_large() for _ in range(OTHERS)]
    with Client.connect(held_daemon.connection_file, client="test") as client, ThreadPoolExecutor(OTHERS) as pool:
        window.begin_filter(PLAIN, "menu-killed")  # the menu is open
        others = [pool.submit(harmonize, held_daemon, request) for request in requests]
        wait_until(lambda: client.status().queued >= OTHERS - 1, "the others are in the queue")
        window.screen.xdotool("click", "1")
        wait_until(lambda: jobs(client) > sum(not other.done() for other in others), "the call's job is in the queue")
        os.kill(window.wait_for_call(), signal.SIGKILL)
        for other in others:
            other.result()
        wait_until(lambda: jobs(client) == 0, "the daemon rests")
    new_lines = held_daemon.home.log[len(log) :]
    assert new_lines.count("done:") == OTHERS
    assert "is gone" in new_lines or "fell silent" in new_lines
    window.wait_for_rest()
    assert window.state(image) == before


OTHERS = 5


def jobs(client: Client) -> int:
    """How many jobs the daemon has."""
    status = client.status()
    return status.queued + (status.running is not None)


def something_large() -> HarmonizeRequest:
    """What keeps the daemon busy for a while."""
    layer, below = raster(object_at_night(3000, 2000)), raster(ground(1000, 700))
    return HarmonizeRequest(new_job(), layer, Rect(0, 0, 3000, 2000), below, Rect(-500, -500, 4000, 2800))


def harmonize(daemon: RunningDaemon, request: HarmonizeRequest) -> None:
    """As a client of its own."""
    with Client.connect(daemon.connection_file, client="other") as client:
        client.harmonize(request)


def test_the_layer_is_deleted_meanwhile(window: Window, held_daemon: RunningDaemon, scene: tuple[int, int]) -> None:
    image, layer = scene
    with held(held_daemon, lambda: window.click_filter(PLAIN, "menu-deleted")):
        window.gimp.call("remove_layer", image=image, layer=layer)
    window.wait_for_rest()
    assert window.names(image) == ["Background"]
    window.dismiss("layer-deleted")


def test_the_layer_is_moved_meanwhile(window: Window, held_daemon: RunningDaemon, scene: tuple[int, int]) -> None:
    image, layer = scene
    mask = add_mask(window, image, layer)
    with held(held_daemon, lambda: window.click_filter(PLAIN, "menu-moved")):
        window.gimp.call("change", layer=layer, offsets=[33, 44])
    layers = window.wait_for_layers(image, 3)
    assert layers[0]["extent"] == layers[1]["extent"]
    assert layers[0]["extent"][:2] == [33, 44]
    both = [window.gimp.take("save_pixels", "uint8", 1, item=item) for item in (mask, layers[0]["mask"])]
    assert np.array_equal(*both)


def add_mask(window: Window, image: int, layer: int) -> int:
    """A mask that lets the upper half of a layer through, and some of the rest."""
    (extent,) = (each["extent"] for each in window.state(image)["layers"] if each["id"] == layer)
    samples = np.full((extent[3], extent[2]), 255, np.uint8)
    samples[extent[3] // 2 :] = 90
    mask: int = window.gimp.call("add_mask", layer=layer, path=window.gimp.give(samples))
    return mask


def prepare_to_paint(window: Window, image: int, layer: int, where: str) -> int:
    """Makes a layer what the test is about; where to paint."""
    painted = layer
    if where == "mask":
        painted = add_mask(window, image, layer)
    if where == "layer with a filter":
        window.gimp.call("add_filter", layer=layer, operation="gegl:gaussian-blur", std_dev_x=2.0, std_dev_y=2.0)
    if where == "one of two layers":
        _, astronaut, place = window.scene
        other = window.gimp.call("load_layer", image=image, path=str(astronaut), name="other", place=place)
        window.gimp.call("select_layers", image=image, layers=[layer, other])
        painted = other  # which stands first in the list, so it has been read when the test paints
    if where == "layer in a group":
        _, astronaut, place = window.scene
        group = window.gimp.call("add_group", image=image, name="group")
        size = window.pixels(layer).shape
        path = window.gimp.give(window.pixels(layer))
        painted = window.gimp.call(
            "add_layer", image=image, name="in the group", path=path, size=[size[1], size[0]], place=place, parent=group
        )
        window.gimp.call("select_layers", image=image, layers=[group])
    return int(painted)


WHERE = ["layer", "mask", "layer with a filter", "one of two layers", "layer in a group"]


@pytest.mark.parametrize("where", WHERE)
def test_something_is_painted_meanwhile(
    window: Window, held_daemon: RunningDaemon, scene: tuple[int, int], where: str
) -> None:
    """It stays in view: no new layer hides it, and GIMP says what to do."""
    image, layer = scene
    painted = prepare_to_paint(window, image, layer, where)
    before, shown = window.names(image), window.visible(image)
    with held(held_daemon, lambda: window.click_filter(PLAIN, f"menu-painted-{where.replace(' ', '-')}")):
        window.gimp.call("paint", drawable=painted, **STROKE)
        seen = window.visible(image)
        assert not np.array_equal(seen, shown)
    window.wait_for_rest()
    assert window.names(image) == before
    assert np.array_equal(window.visible(image), seen)
    window.dismiss(f"painted-{where.replace(' ', '-')}")
    window.click_filter(PLAIN, "menu-again")
    window.wait_for_layers(image, len(before) + (2 if where == "one of two layers" else 1))


def test_what_is_painted_meanwhile_is_undone(
    window: Window, held_daemon: RunningDaemon, scene: tuple[int, int]
) -> None:
    image, layer = scene
    before = window.pixels(layer)
    with held(held_daemon, lambda: window.click_filter(PLAIN, "menu-painted-undone")):
        window.gimp.call("paint", drawable=layer, **STROKE)
        assert not np.array_equal(window.pixels(layer), before)
        window.screen.key("ctrl+z")
        wait_until(lambda: np.array_equal(window.pixels(layer), before), "the stroke was not undone")
    window.wait_for_layers(image, 3)


def test_a_filter_is_added_meanwhile(window: Window, held_daemon: RunningDaemon, scene: tuple[int, int]) -> None:
    image, layer = scene
    with held(held_daemon, lambda: window.click_filter(PLAIN, "menu-filter-added")):
        window.gimp.call("add_filter", layer=layer, operation="gegl:invert-gamma")
    window.wait_for_rest()
    assert window.names(image) == ["astronaut", "Background"]
    window.dismiss("filter-added")


def test_the_layer_is_scaled_meanwhile(window: Window, held_daemon: RunningDaemon, scene: tuple[int, int]) -> None:
    image, layer = scene
    with held(held_daemon, lambda: window.click_filter(PLAIN, "menu-scaled")):
        window.gimp.call("scale_layer", layer=layer, width=70, height=80)
    window.wait_for_rest()
    assert window.names(image) == ["astronaut", "Background"]
    window.dismiss("layer-scaled")


def test_the_image_is_closed_meanwhile(window: Window, held_daemon: RunningDaemon, scene: tuple[int, int]) -> None:
    image, _ = scene
    with held(held_daemon, lambda: window.click_filter(PLAIN, "menu-closed")):
        window.gimp.call("clean", image=image)
        window.close(image)
    window.wait_for_rest()
    assert image not in window.gimp.call("images")
    window.dismiss("image-closed")


def test_the_daemon_is_killed_meanwhile(
    window: Window, start_daemon: Callable[..., RunningDaemon], held_daemon: RunningDaemon, scene: tuple[int, int]
) -> None:
    image, _ = scene
    before = window.state(image)
    mortal = start_daemon()
    written = window.gimp.home.plug_in / "connection-file.txt"
    written.write_text(f"{mortal.connection_file}\n")
    with held(mortal, lambda: window.click_filter(PLAIN, "menu-daemon")):
        mortal.kill()
    window.wait_for_rest()
    written.write_text(f"{held_daemon.connection_file}\n")
    assert window.state(image) == before
    window.dismiss("daemon-killed")
    window.click_filter(PLAIN, "menu-again")
    window.wait_for_layers(image, 3)
