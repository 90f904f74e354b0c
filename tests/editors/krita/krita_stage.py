"""Krita with a document on the screen: clicks and keys as an artist's, and questions to what runs inside."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from screen import Screen

__all__ = ["Stage"]


class Stage:
    """The screen and the scenario `stage.py`.

    Args:
        screen: where Krita shows its window.
        output: the scenario's folder.
        process: Krita.
    """

    def __init__(self, screen: Screen, output: Path, process: subprocess.Popen[bytes]) -> None:
        self.screen, self.output, self._process = screen, output, process
        self._asked = 0
        self.wait(lambda: (output / "staged").exists(), 120.0)

    def wait(self, condition: Callable[[], bool], seconds: float = 30.0) -> None:
        """Returns as soon as the condition holds; fails if it never does or Krita ends."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert self._process.poll() is None, "Krita has ended"
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.05)

    def ask(self, what: str, **arguments: Any) -> Any:
        """Asks the scenario."""
        answer = self.output / f"answer-{self._asked}.json"
        partial = self.output / "question.part"
        partial.write_text(json.dumps({"what": what, "with": arguments}))
        partial.rename(self.output / f"question-{self._asked}.json")
        self._asked += 1
        self.wait(answer.exists)
        return json.loads(answer.read_text())

    def state(self) -> dict[str, Any]:
        """What is to be seen, and what lies beneath it."""
        state: dict[str, Any] = self.ask("state")
        return state

    def open_menu(self, *menu: str) -> None:
        """Clicks through menus, and leaves the pointer on the last entry without clicking it."""
        for depth in range(1, len(menu)):
            self.screen.click(*self.ask("where", menu=list(menu[:depth])))
            time.sleep(0.4)
        self.screen.xdotool("mousemove", *map(str, self.ask("where", menu=list(menu))))
        time.sleep(0.3)

    def click_here(self) -> None:
        """Clicks where the pointer is."""
        self.screen.xdotool("click", "1")

    def click_button(self, caption: str) -> None:
        """Clicks a button of the docker."""
        self.screen.click(*self.ask("where button", caption=caption))

    def drag(self, caption: str, start: int, *percents: int, **inside: str) -> None:
        """Drags a slider with the mouse from one percentage through others."""
        place = [str(each) for each in self.ask("where slider", caption=caption, percent=start, **inside)]
        self.screen.xdotool("mousemove", *place, "mousedown", "1")
        for percent in percents:
            place = [str(each) for each in self.ask("where slider", caption=caption, percent=percent, **inside)]
            self.screen.xdotool("mousemove", *place)
            time.sleep(0.15)
        self.screen.xdotool("mouseup", "1")

    def picture(self, name: str) -> Path:
        """Keeps a picture of the screen."""
        time.sleep(0.5)
        return self.screen.picture(self.output / f"{name}.png")
