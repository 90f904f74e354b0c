"""The dialog "Harmonize with options…": it stays beside Krita and stops nothing."""

from __future__ import annotations

from typing import Any

from krita import Krita

from samelight_wire import SamelightError

from .guard import guarded
from .layers import chosen_layers
from .qt import QCheckBox, QDialog, QDialogButtonBox, QFormLayout, Qt, QTimer, QVBoxLayout
from .sentences import daemon_line
from .settings import Settings
from .widgets import COLOUR_TIP, STRENGTH_TIP, ModelChoice, Percent, QuietLabel, TextLabel

__all__ = ["OptionsDialog"]

WATCH_MILLISECONDS = 300
ASK_MILLISECONDS = 2000


class OptionsDialog(QDialog):
    """Asks for model, strength, colour and whether the selection limits; then harmonizes.

    Args:
        controller: who harmonizes.
        parent: Krita's window.
    """

    def __init__(self, controller: Any, parent: Any) -> None:
        super().__init__(parent)
        self._controller = controller
        settings = controller.settings
        self.setWindowTitle("Harmonize layer")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._model = ModelChoice(settings.model)
        self._strength = Percent(settings.strength, STRENGTH_TIP)
        self._colour = Percent(settings.colour, COLOUR_TIP)
        self._limit = QCheckBox("Stay inside the selection")
        self._limit.setChecked(settings.limit_to_selection)
        self._layers = TextLabel()
        self._daemon = QuietLabel()
        self._build()
        controller.link.state_changed.connect(self._show_daemon)
        self._show_daemon()
        self._show_layers()
        watch = QTimer(self)  # the artist may select other layers meanwhile
        watch.timeout.connect(self._show_layers)
        watch.start(WATCH_MILLISECONDS)
        ask = QTimer(self)  # the docker, which asks too, may not be on the screen
        ask.timeout.connect(self._ask)
        ask.start(ASK_MILLISECONDS)

    def _build(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(10)
        form.addRow("Model", self._model)
        form.addRow("Strength", self._strength)
        form.addRow("Colour", self._colour)
        form.addRow("", self._limit)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QDialogButtonBox.StandardButton.Ok).setText("Harmonize")
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 12)
        column.setSpacing(14)
        column.addWidget(self._layers)
        column.addLayout(form)
        column.addWidget(self._daemon)
        column.addWidget(buttons)
        self.setMinimumWidth(420)

    @guarded
    def _show_daemon(self, *_: Any) -> None:
        try:
            link = self._controller.link
            self._daemon.setText(daemon_line(link.status, link.problem))
            self._model.list_models(link.status, self._model.model())
        except RuntimeError:  # the dialog was closed
            return

    @guarded
    def _ask(self) -> None:
        self._controller.link.ask_status()

    @guarded
    def _show_layers(self) -> None:
        self._layers.setText(_what())

    @guarded
    def _accept(self, *_: Any) -> None:
        self._controller.choose(self._chosen())
        self.accept()
        self._controller.harmonize()

    def _chosen(self) -> Settings:
        return Settings(
            model=self._model.model(),
            strength=self._strength.value(),
            colour=self._colour.value(),
            limit_to_selection=self._limit.isChecked(),
        )


def _what() -> str:
    """Which layers it is about."""
    document = Krita.instance().activeDocument()
    if document is None:
        return "No picture is open."
    try:
        layers = chosen_layers(document, Krita.instance().activeWindow().activeView())
    except SamelightError as error:
        return error.message
    if len(layers) == 1:
        return f"“{layers[0].name()}” takes on the light of the picture below it."
    return f"{len(layers)} layers take on the light of the picture below them."
