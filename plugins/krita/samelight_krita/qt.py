"""Qt, whichever of its versions this Krita was built with: Krita 5 has Qt 5, Krita 6 has Qt 6.

The wrong one must not even be tried: loading the libraries of Qt 6 into a program of Qt 5 can crash it. All other
modules import Qt from here and spell enums with their class (`Qt.Orientation.Horizontal`), which both versions read.
"""

from __future__ import annotations

__all__ = [
    "MAJOR",
    "QApplication",
    "QByteArray",
    "QCheckBox",
    "QColor",
    "QComboBox",
    "QDialog",
    "QDialogButtonBox",
    "QEvent",
    "QFormLayout",
    "QFrame",
    "QHBoxLayout",
    "QIcon",
    "QImage",
    "QLabel",
    "QMessageBox",
    "QObject",
    "QPainter",
    "QPalette",
    "QProcess",
    "QProcessEnvironment",
    "QProgressBar",
    "QProgressDialog",
    "QPushButton",
    "QScrollArea",
    "QSizePolicy",
    "QSlider",
    "QSocketNotifier",
    "QSpinBox",
    "QTimer",
    "QVBoxLayout",
    "QWidget",
    "Qt",
    "pyqtSignal",
]


def _major() -> int:
    """The major version of Krita's Qt; only Krita 5.3 and newer say it, and older ones have Qt 5."""
    try:
        import pykrita

        return int(pykrita.qt_major_version())
    except (ImportError, AttributeError):
        return 5


MAJOR = _major()

if MAJOR >= 6:
    from PyQt6.QtCore import (
        QByteArray,
        QEvent,
        QObject,
        QProcess,
        QProcessEnvironment,
        QSocketNotifier,
        Qt,
        QTimer,
        pyqtSignal,
    )
    from PyQt6.QtGui import QColor, QIcon, QImage, QPainter, QPalette
    from PyQt6.QtWidgets import (
        QApplication,
        QCheckBox,
        QComboBox,
        QDialog,
        QDialogButtonBox,
        QFormLayout,
        QFrame,
        QHBoxLayout,
        QLabel,
        QMessageBox,
        QProgressBar,
        QProgressDialog,
        QPushButton,
        QScrollArea,
        QSizePolicy,
        QSlider,
        QSpinBox,
        QVBoxLayout,
        QWidget,
    )
else:
    from PyQt5.QtCore import (
        QByteArray,
        QEvent,
        QObject,
        QProcess,
        QProcessEnvironment,
        QSocketNotifier,
        Qt,
        QTimer,
        pyqtSignal,
    )
    from PyQt5.QtGui import QColor, QIcon, QImage, QPainter, QPalette
    from PyQt5.QtWidgets import (
        QApplication,
        QCheckBox,
        QComboBox,
        QDialog,
        QDialogButtonBox,
        QFormLayout,
        QFrame,
        QHBoxLayout,
        QLabel,
        QMessageBox,
        QProgressBar,
        QProgressDialog,
        QPushButton,
        QScrollArea,
        QSizePolicy,
        QSlider,
        QSpinBox,
        QVBoxLayout,
        QWidget,
    )
