"""The artist's hand on the canvas: brush strokes, made of the mouse events that Krita's canvas gets."""

from __future__ import annotations

from PyQt5.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt5.QtGui import QMouseEvent
from PyQt5.QtWidgets import QApplication, QWidget

CANVASES = ("KisOpenGLCanvas2", "KisQPainterCanvas")
BRUSH = "KritaShape/KisToolBrush"


class Hand:
    """Paints on the picture in front, on its active layer, around the middle of the canvas.

    Args:
        lab: the case's tools.
    """

    def __init__(self, lab) -> None:
        widgets = lab.main_window.findChildren(QWidget)
        self.canvas = next(each for each in widgets if each.isVisible() and each.metaObject().className() in CANVASES)
        self.lab = lab
        self.place = QPoint(self.canvas.width() // 2, self.canvas.height() // 2)

    def press(self):
        """Takes the brush, puts it down and moves it, and holds it there; a generator."""
        self.lab.krita.action(BRUSH).trigger()
        yield 300
        QApplication.sendEvent(self.canvas, QEvent(QEvent.Enter))
        self.send(QEvent.MouseMove, Qt.NoButton, Qt.NoButton)
        yield 50
        self.send(QEvent.MouseButtonPress, Qt.LeftButton, Qt.LeftButton)
        for _ in range(8):
            self.place += QPoint(4, 2)
            self.send(QEvent.MouseMove, Qt.NoButton, Qt.LeftButton)
            yield 20

    def release(self):
        """Lifts the brush; a generator."""
        self.send(QEvent.MouseButtonRelease, Qt.LeftButton, Qt.NoButton)
        yield 200

    def stroke(self):
        """A whole brush stroke; a generator."""
        yield from self.press()
        yield from self.release()

    def send(self, kind, button, buttons) -> None:
        where = QPointF(self.place), QPointF(self.canvas.mapToGlobal(self.place))
        QApplication.sendEvent(self.canvas, QMouseEvent(kind, *where, button, buttons, Qt.NoModifier))
