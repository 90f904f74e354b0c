"""Krita's own "Import Python Plugin from File", with its questions answered by clicks on Yes."""

import os

from krita import Krita
from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QApplication, QMessageBox


def case_import(lab):
    from plugin_importer.plugin_importer_extension import PluginImporterExtension

    importer = PluginImporterExtension(Krita.instance())
    asked = []
    timer = QTimer()
    timer.timeout.connect(lambda: say_yes(asked))
    timer.start(100)
    yield 200
    importer.do_import(os.environ["SAMELIGHT_ARCHIVE"])
    yield 300
    timer.stop()
    return {"asked": asked, "enabled": Krita.instance().readSetting("python", "enable_samelight_krita", "")}


def case_quit(lab):
    """Krita writes its settings when it quits."""
    lab.krita.action("file_quit").trigger()
    yield 20000
    raise AssertionError("Krita goes on")


def say_yes(asked):
    for box in QApplication.topLevelWidgets():
        if isinstance(box, QMessageBox) and box.isVisible():
            asked.append(box.text())
            button = box.button(QMessageBox.Yes) or box.button(QMessageBox.Ok)
            button.click()
