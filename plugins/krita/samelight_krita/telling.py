"""Telling the artist: on the canvas for a moment, and in a box where the docker that says it is not on the screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from krita import Krita

from .guard import guarded
from .qt import QIcon, QMessageBox, QObject, QProgressDialog, Qt, QTimer

__all__ = ["Teller"]

BRIEF_MILLISECONDS = 3000
LONG_MILLISECONDS = 8000
PATIENCE_MILLISECONDS = 700
"""Progress that is over sooner needs no window."""

HIGH = 0


class Teller(QObject):
    """Shows messages, and progress while the docker is not on the screen.

    Attributes: `dockers` has, of each window's docker, a function that says whether it is on the screen; `box` is the
    last message box.
    """

    def __init__(self, controller: Any) -> None:
        super().__init__(controller)
        self._controller = controller
        self.dockers: list[Callable[[], bool]] = []
        self.box: QMessageBox | None = None
        self._progress: QProgressDialog | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PATIENCE_MILLISECONDS)
        self._timer.timeout.connect(self._open_progress)
        controller.changed.connect(self._follow)

    def say(self, message: str, milliseconds: int = BRIEF_MILLISECONDS) -> None:
        """Show a message on the canvas for a moment."""
        window = Krita.instance().activeWindow()
        view = window.activeView() if window is not None else None
        if view is not None and view.document() is not None:
            view.showFloatingMessage(message, QIcon(), milliseconds, HIGH)

    def warn(self, message: str, hint: str) -> None:
        """Show an error; without the docker in a box, which does not stop Krita."""
        self.say(f"{message}\n{hint}" if hint else message, LONG_MILLISECONDS)
        if self._docker_visible() or Krita.instance().batchmode():
            return
        window = Krita.instance().activeWindow()
        self.box = QMessageBox(window.qwindow() if window is not None else None)
        self.box.setIcon(QMessageBox.Icon.Warning)
        self.box.setWindowTitle("Samelight")
        self.box.setText(message)
        self.box.setInformativeText(hint)
        self.box.setModal(False)
        self.box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.box.show()

    def _docker_visible(self) -> bool:
        return any(is_on_screen() for is_on_screen in self.dockers)

    @guarded
    def _follow(self, *_: Any) -> None:
        """Progress changed."""
        if not self._controller.busy or self._docker_visible():
            self._timer.stop()
            self._close_progress()
        elif self._progress is not None:
            self._progress.setLabelText(self._controller.line)
            self._progress.setValue(round(100 * self._controller.fraction))
        elif not self._timer.isActive():
            self._timer.start()

    @guarded
    def _open_progress(self) -> None:
        window = Krita.instance().activeWindow()
        self._progress = QProgressDialog(
            self._controller.line, "Cancel", 0, 100, window.qwindow() if window is not None else None
        )
        self._progress.setWindowTitle("Samelight")
        self._progress.setWindowModality(Qt.WindowModality.NonModal)
        self._progress.setAutoReset(False)
        self._progress.setMinimumWidth(420)
        self._progress.canceled.connect(self._cancelled)
        self._progress.setValue(round(100 * self._controller.fraction))
        self._progress.show()

    @guarded
    def _cancelled(self, *_: Any) -> None:
        self._controller.cancel()

    def _close_progress(self) -> None:
        progress, self._progress = self._progress, None
        if progress is not None:
            progress.canceled.disconnect(self._cancelled)  # closing counts as cancelling
            progress.close()
            progress.deleteLater()
