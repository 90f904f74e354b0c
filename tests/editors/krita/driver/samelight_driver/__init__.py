"""Runs a scenario inside Krita: a plugin for tests alone.

The environment names the scenario, a file whose functions `case_...` take a Lab and are generators: they yield how many
milliseconds to wait, or a function to wait for until it says True. What a case returns, or the traceback of what it
raised, goes into a JSON file; then the process ends at once.
"""

from __future__ import annotations

import faulthandler

from krita import Extension, Krita

faulthandler.enable()


class Driver(Extension):
    """Begins as soon as Krita has a window."""

    def setup(self) -> None:
        self.begun = False
        notifier = Krita.instance().notifier()
        notifier.setActive(True)
        notifier.windowCreated.connect(self.begin)

    def createActions(self, window: object) -> None:
        """None of its own."""

    def begin(self, *_: object) -> None:
        if self.begun:
            return
        self.begun = True
        from .runner import Runner

        self.runner = Runner()
        self.runner.start()


Krita.instance().addExtension(Driver(Krita.instance()))
