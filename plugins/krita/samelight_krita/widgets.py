"""The small parts that docker and dialog share."""

from __future__ import annotations

import re
from typing import Any

from samelight_wire import StatusReply

from .guard import guarded
from .qt import (
    QApplication,
    QColor,
    QComboBox,
    QEvent,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPainter,
    QPalette,
    QSizePolicy,
    QSlider,
    QSpinBox,
    Qt,
    QVBoxLayout,
    QWidget,
    pyqtSignal,
)
from .sentences import is_loading

__all__ = ["COLOUR_TIP", "STRENGTH_TIP", "Dot", "ModelChoice", "Notice", "Percent", "QuietLabel", "TextLabel"]

READY = QColor(88, 178, 104)
WORKING = QColor(232, 168, 56)
ABSENT = QColor(204, 86, 74)

NOTICE_FRAME = QColor(204, 86, 74, 150)
NOTICE_GROUND = QColor(204, 86, 74, 46)

QUIET_ALPHA = 165
"""How opaque letters are that need not be looked at."""

# Qt breaks no lines in a tooltip of plain text.
STRENGTH_TIP = "How much of the change is applied."
COLOUR_TIP = (
    "How much of the shift of colour is applied; brightness stays.\n"
    "Lower it where the object has strong colours of its own, such as a red car;\n"
    "raise it where the light has one, such as an evening's. 100 % is as far as the network goes."
)

LONG_WORD = re.compile(r"\S{25,}")
BREAK = "\u200b"
"""A space without width: Qt may break a line there."""


class TextLabel(QLabel):
    """A label whose text wraps, also within a long word such as a path, and can be copied."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
        self.setText(text)

    def setText(self, text: str) -> None:  # noqa: N802 - Qt's name
        """Show a text; its long words may be broken anywhere."""
        super().setText(LONG_WORD.sub(lambda word: BREAK.join(word.group()), text))

    def text(self) -> str:
        """The text that is shown."""
        return str(super().text()).replace(BREAK, "")


class QuietLabel(TextLabel):
    """A label for what is good to know, in smaller and paler letters, whichever theme Krita has or gets."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        font = self.font()
        font.setPointSizeF(max(6.0, font.pointSizeF() * 0.92))
        self.setFont(font)
        self._fade()

    @guarded
    def changeEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Another theme has other colours; Qt calls this for them."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._fade()

    def _fade(self) -> None:
        colour = QApplication.palette(self).color(QPalette.ColorRole.WindowText)
        colour.setAlpha(QUIET_ALPHA)
        palette = self.palette()
        if palette.color(QPalette.ColorRole.WindowText) != colour:
            palette.setColor(QPalette.ColorRole.WindowText, colour)
            self.setPalette(palette)


class Dot(QWidget):
    """A round light."""

    def __init__(self) -> None:
        super().__init__()
        self._colour = ABSENT
        self.setFixedSize(12, 18)

    def show_state(self, colour: QColor) -> None:
        """Light up in this colour."""
        self._colour = colour
        self.update()

    @guarded
    def paintEvent(self, _: Any) -> None:  # noqa: N802 - Qt's name
        """Paint the light."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._colour)
        painter.drawEllipse(1, 4, 10, 10)
        painter.end()


class Percent(QWidget):
    """A slider with its number; `changed` while it moves.

    Args:
        value: 0..100.
        tip: what it is for.
    """

    changed = pyqtSignal()

    def __init__(self, value: int, tip: str) -> None:
        super().__init__()
        self.setToolTip(tip)
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, 100)
        self._slider.setPageStep(10)
        self._number = QSpinBox()
        self._number.setRange(0, 100)
        self._number.setSuffix(" %")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._slider, 1)
        row.addWidget(self._number)
        self.set_value(value)
        self._slider.valueChanged.connect(self._moved)
        self._number.valueChanged.connect(self._moved)

    def value(self) -> int:
        """0..100."""
        return int(self._slider.value())

    def set_value(self, value: int) -> None:
        """Show a value without telling anyone."""
        for part in (self._slider, self._number):
            part.blockSignals(True)
            part.setValue(value)
            part.blockSignals(False)

    @guarded
    def _moved(self, value: Any, *_: Any) -> None:
        self.set_value(int(value))
        self.changed.emit()


class ModelChoice(QComboBox):
    """The networks that the daemon has; `chosen` with the name, empty for the daemon's own choice."""

    chosen = pyqtSignal(str)

    def __init__(self, model: str) -> None:
        super().__init__()
        self._listed: tuple[Any, ...] = ()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(10)
        self.setToolTip("The network that matches the light. The daemon's own choice suits most pictures.")
        self.list_models(None, model)
        self.activated.connect(self._activated)

    def model(self) -> str:
        """The chosen name."""
        return str(self.currentData() or "")

    def list_models(self, status: StatusReply | None, model: str) -> None:
        """Show what there is, with this one chosen; a model that is not there any more stays chosen, and says so."""
        known = status is not None and not is_loading(status)
        names = tuple(status.models) if status is not None else ()
        default = status.default_model if status is not None else ""
        if self._listed == (names, default, model, known):
            return
        self._listed = (names, default, model, known)
        self.blockSignals(True)
        self.clear()
        self.addItem(f"Automatic ({default})" if default else "Automatic", "")
        for name in names:
            self.addItem(name, name)
        if model and model not in names:
            self.addItem(f"{model} (not installed)" if known else model, model)
        self.setCurrentIndex(max(0, self.findData(model)))
        self.blockSignals(False)

    @guarded
    def _activated(self, *_: Any) -> None:
        self.chosen.emit(self.model())


class Notice(QFrame):
    """A framed message with a hint; nothing at all while there is none."""

    def __init__(self) -> None:
        super().__init__()
        self._message = TextLabel()
        font = self._message.font()
        font.setBold(True)
        self._message.setFont(font)
        self._hint = TextLabel()
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(4)
        column.addWidget(self._message)
        column.addWidget(self._hint)
        self.tell("", "")

    @guarded
    def paintEvent(self, _: Any) -> None:  # noqa: N802 - Qt's name
        """Paint the frame. (With a style sheet the letters would keep their colour when Krita gets another theme.)"""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(NOTICE_FRAME)
        painter.setBrush(NOTICE_GROUND)
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 4, 4)
        painter.end()

    def tell(self, message: str, hint: str) -> None:
        """Show these."""
        self._message.setText(message)
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        self.setVisible(bool(message))
