"""The docker "Samelight": how the daemon is, the choices, progress, and what came of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from krita import DockWidget

from samelight_wire import SamelightError

from .controller import Controller
from .guard import guarded
from .qt import (
    QCheckBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QScrollArea,
    Qt,
    QTimer,
    QVBoxLayout,
    QWidget,
)
from .sentences import daemon_line, hint_line, is_occupied, model_line, reach_line
from .starting import is_sandboxed, start_daemon
from .widgets import (
    ABSENT,
    COLOUR_TIP,
    READY,
    STRENGTH_TIP,
    WORKING,
    Dot,
    ModelChoice,
    Notice,
    Percent,
    QuietLabel,
    TextLabel,
)

__all__ = ["SamelightDocker", "connect_docker"]

POLL_MILLISECONDS = 2000
STARTING_POLLS = 30
"""So long (in polls) the docker says that the daemon is starting."""

AT_ONCE = "\nMoving it changes the last result at once, while its picture is in front."

_controllers: list[Controller] = []


def connect_docker(controller: Controller) -> None:
    """Krita makes dockers by itself, one for each window: these work for this controller."""
    _controllers[:] = [controller]


class SamelightDocker(DockWidget):
    """One window's docker."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("Samelight")
        self._controller = _controllers[0]
        self._starting = 0
        self._build()
        self._poll = QTimer(self)
        self._poll.setInterval(POLL_MILLISECONDS)
        self._poll.timeout.connect(self._ask)
        self._poll.start()
        self._controller.changed.connect(self._show_work)
        self._controller.link.state_changed.connect(self._show_daemon)
        self._controller.teller.dockers.append(self._is_on_screen)
        self._show_daemon()
        self._show_work()

    def canvasChanged(self, _: Any) -> None:  # noqa: N802 - Krita's name
        """Krita calls this when another picture comes to the front."""
        self._show_work()

    # ---- its parts ----

    def _build(self) -> None:
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(10, 8, 10, 10)
        column.setSpacing(10)
        column.addLayout(self._build_daemon())
        column.addWidget(_line())
        column.addLayout(self._build_choices())
        column.addLayout(self._build_work())
        column.addStretch(1)
        area = self._area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        area.setMinimumWidth(230)
        self.setWidget(area)

    def _build_daemon(self) -> QVBoxLayout:
        self._dot = Dot()
        self._daemon = TextLabel()
        self._start = QPushButton("Start")
        self._start.setToolTip("Start the Samelight daemon on this computer")
        self._start.clicked.connect(self._start_daemon)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._dot, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._daemon, 1)
        row.addWidget(self._start, 0, Qt.AlignmentFlag.AlignTop)
        self._models_line = QuietLabel()
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addLayout(row)
        column.addWidget(self._models_line)
        return column

    def _build_choices(self) -> QFormLayout:
        settings = self._controller.settings
        self._model = ModelChoice(settings.model)
        self._model.chosen.connect(self._choose)
        self._strength = Percent(settings.strength, STRENGTH_TIP + AT_ONCE)
        self._colour = Percent(settings.colour, COLOUR_TIP + AT_ONCE)
        for share in (self._strength, self._colour):
            share.changed.connect(self._set_blend)
        self._reach = QuietLabel()
        self._limit = QCheckBox("Stay inside the selection")
        self._limit.setToolTip("With a selection, only the selected part of the layer changes, along its soft edge.")
        self._limit.setChecked(settings.limit_to_selection)
        self._limit.toggled.connect(self._choose)
        form = QFormLayout()
        form.setHorizontalSpacing(10)
        form.setVerticalSpacing(8)
        form.addRow("Model", self._model)
        form.addRow("Strength", self._strength)
        form.addRow("Colour", self._colour)
        form.addRow(self._reach)
        form.addRow(self._limit)
        return form

    def _build_work(self) -> QVBoxLayout:
        self._go = QPushButton("Harmonize layer")
        self._go.setToolTip("Adjust the selected layers to the light of the picture below them")
        self._go.setMinimumHeight(32)
        self._go.clicked.connect(self._harmonize)
        self._line = QuietLabel()
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(8)
        self._cancel = QPushButton("Cancel")
        self._cancel.clicked.connect(self._cancel_work)
        self._notice = Notice()
        self._undo = QPushButton("Undo this batch")
        self._undo.setToolTip("Take the new layers of the last run away and show the originals again")
        self._undo.clicked.connect(self._undo_batch)
        column = QVBoxLayout()
        column.setSpacing(8)
        for part in (self._go, self._line, self._bar, self._cancel, self._notice, self._undo):
            column.addWidget(part)
        return column

    # ---- what it shows ----

    @guarded
    def _show_daemon(self, *_: Any) -> None:
        link = self._controller.link
        if link.status is not None:
            self._starting = 0
        starting = self._starting > 0
        self._daemon.setText("The daemon is starting…" if starting else daemon_line(link.status, link.problem))
        absent = link.status is None and link.problem is not None and not starting
        ready = link.status is not None and not is_occupied(link.status)
        self._dot.show_state(ABSENT if absent else READY if ready else WORKING)
        self._start.setVisible(absent and not is_sandboxed())
        self._models_line.setText(model_line(link.status) or ("" if starting else self._advice()))
        self._models_line.setVisible(bool(self._models_line.text()))
        self._model.list_models(link.status, self._controller.settings.model)

    def _advice(self) -> str:
        """What to do when the daemon is not there; the button beside it needs no words."""
        problem = self._controller.link.problem
        if problem is None:
            return ""
        hint = hint_line(problem, is_sandboxed())
        return "Start it here; your pictures stay on this computer." if hint.startswith("Press Start") else hint

    @guarded
    def _show_work(self, *_: Any) -> None:
        controller = self._controller
        self._go.setVisible(not controller.busy)
        self._bar.setVisible(controller.busy)
        self._cancel.setVisible(controller.busy)
        self._bar.setValue(round(1000 * controller.fraction))
        self._line.setText(controller.line or controller.outcome)
        self._line.setVisible(bool(self._line.text()))
        self._notice.tell(controller.message, controller.hint)
        if controller.message:
            QTimer.singleShot(0, self._reveal_notice)
        self._show_last()
        self._strength.set_value(controller.settings.strength)
        self._colour.set_value(controller.settings.colour)
        self._limit.blockSignals(True)
        self._limit.setChecked(controller.settings.limit_to_selection)
        self._limit.blockSignals(False)
        self._model.list_models(controller.link.status, controller.settings.model)

    def _show_last(self) -> None:
        """What the last batch is still there for: it may be undone, forgotten or in another picture."""
        controller = self._controller
        layers = [] if controller.busy else controller.blending.within_reach
        self._reach.setText(reach_line([layer.name() for layer in layers]))
        self._undo.setVisible(controller.can_undo_batch)

    @guarded
    def _reveal_notice(self) -> None:
        """Scroll to the error in a docker that is too low for all its parts."""
        self._area.ensureWidgetVisible(self._notice)

    def _is_on_screen(self) -> bool:
        try:
            return self.isVisible() and not self.visibleRegion().isEmpty()
        except RuntimeError:  # its window was closed
            return False

    # ---- what is done with it ----

    @guarded
    def _ask(self, *_: Any) -> None:
        if not self._is_on_screen():
            return
        self._controller.link.ask_status()
        self._show_last()
        if self._starting:
            self._starting -= 1
            self._show_daemon()

    @guarded
    def _start_daemon(self, *_: Any) -> None:
        try:
            start_daemon()
        except SamelightError as error:
            self._controller.report(error)
            return
        self._starting = STARTING_POLLS
        self._show_daemon()

    @guarded
    def _choose(self, *_: Any) -> None:
        settings = self._controller.settings
        self._controller.choose(
            replace(settings, model=self._model.model(), limit_to_selection=self._limit.isChecked())
        )

    @guarded
    def _set_blend(self, *_: Any) -> None:
        self._controller.set_blend(self._strength.value(), self._colour.value())

    @guarded
    def _harmonize(self, *_: Any) -> None:
        self._controller.harmonize()

    @guarded
    def _cancel_work(self, *_: Any) -> None:
        self._controller.cancel()

    @guarded
    def _undo_batch(self, *_: Any) -> None:
        self._controller.undo_batch()


def _line() -> QFrame:
    line = QFrame()
    line.setFrameShape(QFrame.Shape.HLine)
    line.setFrameShadow(QFrame.Shadow.Sunken)
    return line
