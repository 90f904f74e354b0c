"""What Krita loads: the two actions and the docker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from krita import DockWidgetFactory, DockWidgetFactoryBase, Extension, Krita

from .guard import guarded
from .qt import QApplication, QMessageBox

try:
    from .controller import Controller
    from .docker import SamelightDocker, connect_docker
    from .link import DaemonLink

    MISSING = ""
except ImportError as error:  # incomplete installation: the menu items are there and say so
    MISSING = str(error)

__all__ = ["DOCKER", "HARMONIZE", "OPTIONS", "Plugin", "load"]

HARMONIZE = "samelight_harmonize"
OPTIONS = "samelight_harmonize_options"
DOCKER = "samelight_docker"

MENU = "tools/scripts"

INCOMPLETE = (
    "A part of the Samelight plugin is missing, so it cannot reach the daemon.",
    "Run the Samelight installer again (python3 installer), then restart Krita.",
)


class Plugin(Extension):
    """The actions.

    Attributes: `link` and `controller`, None where a part of the plugin is missing.
    """

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        self.link = None if MISSING else DaemonLink(self)
        self.controller = None if self.link is None else Controller(self.link, self)
        self._box: QMessageBox | None = None
        if self.link is not None:
            QApplication.instance().aboutToQuit.connect(self.link.close)

    def setup(self) -> None:
        """Krita calls this once before there is a window."""

    @guarded
    def createActions(self, window: Any) -> None:  # noqa: N802 - Krita's name
        """Krita calls this for every window."""
        self._add(window, HARMONIZE, "Harmonize layer", self.harmonize)
        self._add(window, OPTIONS, "Harmonize with options…", self.harmonize_with_options)

    def _add(self, window: Any, name: str, text: str, slot: Callable[..., None]) -> None:
        window.createAction(name, text, MENU).triggered.connect(slot)

    @guarded
    def harmonize(self, *_: Any) -> None:
        """The menu item "Harmonize layer"."""
        if self.controller is None:
            self._say_incomplete()
        else:
            self.controller.harmonize()

    @guarded
    def harmonize_with_options(self, *_: Any) -> None:
        """The menu item "Harmonize with options…"."""
        if self.controller is None:
            self._say_incomplete()
        else:
            self.controller.ask_and_harmonize()

    def _say_incomplete(self) -> None:
        """A message box that does not stop Krita."""
        window = Krita.instance().activeWindow()
        self._box = QMessageBox(window.qwindow() if window else None)
        self._box.setWindowTitle("Samelight")
        self._box.setText(INCOMPLETE[0])
        self._box.setInformativeText(INCOMPLETE[1])
        self._box.setDetailedText(MISSING)
        self._box.show()


@guarded
def load() -> Plugin:
    """Register the extension and, if the plugin is whole, the docker."""
    krita = Krita.instance()
    plugin = Plugin(krita)
    krita.addExtension(plugin)
    if plugin.controller is not None:
        connect_docker(plugin.controller)
        area = DockWidgetFactoryBase.DockPosition.DockRight
        krita.addDockWidgetFactory(DockWidgetFactory(DOCKER, area, SamelightDocker))
    return plugin
