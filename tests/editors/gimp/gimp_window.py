"""GIMP's window on a virtual screen: what an artist does with mouse and keys, and a daemon that can be held."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from daemon_harness import RunningDaemon
from gimp_harness import Gimp, plug_in_processes
from PIL import Image
from screen import Screen
from skimage import data

from samelight.cli.sample import SAMPLE_COMPOSITE, SAMPLE_MASK

__all__ = ["HOLD_SECONDS", "Window", "held", "make_scene_files", "stopped", "wait_until"]

SIZE = (1590, 970)

# The height of a row in a menu, in pixels of the screen; GIMP's default theme.
ROW = 25
CANCEL = (1300, 972)
LEAST_MENU = 200
MESSAGE = "^GIMP Message$"
MENU = "^GNU Image Manipulation Program$"

HOLD_SECONDS = 2.0  # until a call that waits shows its progress

PATIENCE = 60.0


def wait_until(condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """What the condition gives, once it is true; fails if it never is."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.1)
    return found


@contextmanager
def held(daemon: RunningDaemon, begin: Callable[[], None]) -> Iterator[None]:
    """Begins a call of the plug-in; once the daemon has greeted it, the daemon stands still, so that the call waits."""
    greetings = daemon.home.log.count("'gimp'")
    begin()
    deadline = time.monotonic() + PATIENCE
    while daemon.home.log.count("'gimp'") == greetings:
        assert time.monotonic() < deadline, "the plug-in did not reach the daemon"
        time.sleep(0.005)
    with stopped(daemon):
        time.sleep(HOLD_SECONDS)
        yield


@contextmanager
def stopped(daemon: RunningDaemon) -> Iterator[None]:
    """The daemon stands still."""
    os.kill(daemon.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        if daemon.process.poll() is None:
            os.kill(daemon.process.pid, signal.SIGCONT)


def make_scene_files(folder: Path) -> tuple[Path, Path, tuple[int, int]]:
    """The bundled sample before it was merged: a launch pad, an astronaut with transparency, and her place."""
    mask = Image.open(SAMPLE_MASK).convert("L")
    subject = Image.open(SAMPLE_COMPOSITE).convert("RGB")
    subject.putalpha(mask)
    left, top, right, bottom = mask.getbbox() or (0, 0, *mask.size)
    rocket = Image.fromarray(data.rocket())
    rocket = rocket.resize((round(rocket.width * 2.3), round(rocket.height * 2.3)), Image.Resampling.BICUBIC)
    ground = rocket.crop((270, rocket.height - 800, 1470, rocket.height))
    folder.mkdir(parents=True, exist_ok=True)
    ground.save(folder / "ground.png")
    subject.crop((left, top, right, bottom)).save(folder / "astronaut.png")
    return folder / "ground.png", folder / "astronaut.png", (left, top)


@dataclass
class Window:
    """GIMP's window.

    gimp: the program, which also takes orders from inside.
    screen: where its window is.
    output: where pictures of the screen are kept.
    scene: the files of `make_scene_files`.
    """

    gimp: Gimp
    screen: Screen
    output: Path
    scene: tuple[Path, Path, tuple[int, int]]
    displays: dict[int, int] = field(default_factory=dict)

    def open_scene(self) -> tuple[int, int]:
        """Shows a launch pad with the astronaut as a layer above, selected; image and layer. The image is clean."""
        ground, astronaut, place = self.scene
        image = self.gimp.call("load", path=str(ground))
        layer = self.gimp.call("load_layer", image=image, path=str(astronaut), name="astronaut", place=place)
        self.displays[image] = self.gimp.call("show", image=image)
        self.gimp.call("select_layers", image=image, layers=[layer])
        self.gimp.call("clean", image=image)
        window = self.screen.window(r"\(RGB")
        self.screen.xdotool("windowsize", "--sync", window, *map(str, SIZE))
        self.screen.xdotool("windowactivate", "--sync", window)
        time.sleep(1.0)
        self.screen.key("ctrl+shift+j")  # fit the image into the window
        time.sleep(1.0)
        return image, layer

    def close(self, image: int) -> None:
        """Closes the image's tab, and with it the image."""
        self.gimp.call("close", display=self.displays.pop(image))

    def picture(self, name: str) -> Path:
        """Keeps a picture of the screen."""
        return self.screen.picture(self.output / f"gimp-{self.gimp.home.release}-{name}.png")

    def click_filter(self, from_below: int, name: str) -> None:
        """Opens the menu Filters and clicks the entry that is so many from its lower end (1 is the last)."""
        self.begin_filter(from_below, name)
        self.screen.xdotool("click", "1")

    def begin_filter(self, from_below: int, name: str) -> None:
        """Opens the menu Filters with the pointer on an entry."""
        self.screen.key("alt+r")
        self._point_at_entry(from_below, name)

    def click_layer_menu(self, at: tuple[int, int], from_below: int, name: str) -> None:
        """Opens the context menu of the layer list there and clicks an entry."""
        self.screen.click(*at, button=3)
        self._point_at_entry(from_below, name)
        self.screen.xdotool("click", "1")

    def _menu(self) -> dict[str, str] | None:
        """Place and size of the menu that is open."""
        try:
            found = self.screen.xdotool("search", "--onlyvisible", "--name", MENU).split()
            outputs = [self.screen.xdotool("getwindowgeometry", "--shell", number) for number in found]
        except subprocess.CalledProcessError:
            return None  # none, or one that is just being closed
        places = [dict(line.split("=") for line in lines.splitlines()) for lines in outputs]
        return next((place for place in places if int(place["HEIGHT"]) > LEAST_MENU), None)

    def _point_at_entry(self, from_below: int, name: str) -> None:
        place = wait_until(self._menu, "no menu opened")
        time.sleep(1.0)
        x, bottom = int(place["X"]) + int(place["WIDTH"]) // 3, int(place["Y"]) + int(place["HEIGHT"])
        self.screen.xdotool("mousemove", str(x), str(bottom - ROW * from_below + ROW // 2))
        time.sleep(0.5)
        self.picture(name)

    def click_cancel(self) -> None:
        """Clicks the button at the right end of the image's status bar."""
        self.screen.click(*CANCEL)

    def has_message(self) -> bool:
        """Whether GIMP shows a message in a window of its own."""
        try:
            return bool(self.screen.xdotool("search", "--onlyvisible", "--name", MESSAGE))
        except subprocess.CalledProcessError:
            return False  # none was found

    def dismiss(self, name: str) -> None:
        """Keeps a picture of GIMP's message and closes it."""
        message = self.screen.window(MESSAGE)
        time.sleep(0.5)
        self.picture(name)
        self.screen.xdotool("windowactivate", "--sync", message, "key", "Escape")

    def state(self, image: int) -> dict[str, Any]:
        found: dict[str, Any] = self.gimp.call("state", image=image)
        return found

    def names(self, image: int) -> list[str]:
        """The names of the layers, top first."""
        return [layer["name"] for layer in self.state(image)["layers"]]

    def wait_for_layers(self, image: int, count: int) -> list[dict[str, Any]]:
        """The layer list, once it has so many layers and the plug-in has ended."""
        wait_until(lambda: len(self.names(image)) == count, f"{count} layers")
        self.wait_for_rest()
        layers: list[dict[str, Any]] = self.state(image)["layers"]
        return layers

    def running(self) -> list[int]:
        """The plug-in's processes."""
        return plug_in_processes(self.gimp.home)

    def wait_for_call(self) -> int:
        """The process of the call that has begun."""
        found: int = wait_until(self.running, "the plug-in was not called")[0]
        return found

    def wait_for_rest(self) -> None:
        wait_until(lambda: not self.running(), "the plug-in did not end")

    def pixels(self, item: int) -> Any:
        return self.gimp.take("save_pixels", "uint8", 4, item=item)

    def visible(self, image: int) -> Any:
        return self.gimp.take("save_visible", "uint8", 4, image=image, encoding="R'G'B'A u8")
