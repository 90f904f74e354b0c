"""What goes wrong: the artist changes their mind, documents and layers go away, the daemon stands still or dies.

The daemon is this scenario's own. A stopped process (SIGSTOP) is a request that takes long, for as long as one likes.
The cases build on one another: the daemon dies in one of the last ones.
"""

import contextlib
import json
import os
import re
import signal
from pathlib import Path

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QColor, QPalette
from PyQt5.QtWidgets import QApplication, QComboBox, QLabel

from samelight_wire.errors import InputError

SIZE = (600, 400)
RECT = (268, 26, 332, 374)
SMALL = (166, 187)


def composite(lab):
    document = yield from lab.document(*SIZE, background="scene.raw")
    lab.show_docker()
    node = lab.add_layer(document, "subject", "subject.raw", RECT)
    yield from lab.activate(document, node)
    return document, node


def connection_file():
    return Path(os.environ["SAMELIGHT_CONNECTION_FILE"])


def tell_daemon(number):
    os.kill(json.loads(connection_file().read_text())["pid"], number)


def begin(lab, document):
    """Triggers the menu item while the daemon stands still, and waits until the request is sent; a generator."""
    facts = {"before": lab.snapshot(document), "rows_before": lab.history()}
    tell_daemon(signal.SIGSTOP)
    lab.trigger()
    yield lambda: lab.controller.busy and lab.controller.batch.reading is not None
    yield 100
    assert lab.controller.busy
    return facts


def end(lab, document, facts):
    """What is to be seen when all is over; a generator."""
    yield from lab.until_idle()
    yield 100
    yield from lab.settle(document)
    facts |= {"after": lab.snapshot(document), "rows_after": lab.history(), "boxes": lab.boxes()}
    return {**facts, **said(lab)}


def said(lab):
    controller = lab.controller
    return {"message": controller.message, "hint": controller.hint, "outcome": controller.outcome,
            "texts": lab.docker_texts()}  # fmt: skip


def works_again(lab, document, node):
    """Whether the next request goes well; a generator."""
    count = len(lab.nodes(document))
    yield from lab.harmonize(document, node)
    return len(lab.nodes(document)) == count + 1 and lab.controller.message == ""


def case_cancelled_half_way(lab):
    document, node = yield from composite(lab)
    facts = yield from begin(lab, document)
    button = lab.button("Cancel")
    facts["offered"] = button.isVisibleTo(lab.docker())
    facts["progress"] = lab.docker_texts()
    button.click()
    facts["idle_at_once"] = not lab.controller.busy
    tell_daemon(signal.SIGCONT)
    facts = yield from end(lab, document, facts)
    facts["works_again"] = yield from works_again(lab, document, node)
    return facts


def case_cancelled_between_layers(lab):
    document = yield from lab.document(*SIZE, background="scene.raw")
    layers = [lab.add_layer(document, f"subject {n}", "small.raw", (60 * n, 80 * n, *SMALL)) for n in (1, 2, 3)]
    yield from lab.activate(document, *layers)
    rows = lab.history()
    lab.trigger()
    yield lambda: len(lab.controller.batch.done) >= 1
    lab.controller.cancel()
    yield 600
    yield from lab.settle(document)
    names = [node.name() for _, node in lab.nodes(document) if node.visible()]
    return {"visible": names, "added": len(lab.history()) - len(rows), **said(lab)}


def case_work_goes_on_meanwhile(lab):
    document, node = yield from composite(lab)
    facts = yield from begin(lab, document)
    lab.add_layer(document, "meanwhile", b"\x00\x00\xff\xff" * 100, (0, 0, 10, 10))
    lab.trigger()
    yield from lab.settle(document)
    tell_daemon(signal.SIGCONT)
    facts = yield from end(lab, document, facts)
    facts["original"] = node.uniqueId().toString()
    return facts


def case_another_picture_in_front_meanwhile(lab):
    document, _ = yield from composite(lab)
    facts = yield from begin(lab, document)
    other = yield from lab.document(300, 200)
    other_before = lab.snapshot(other)
    tell_daemon(signal.SIGCONT)
    yield from lab.until_idle()
    yield from lab.settle(other)
    facts |= {"other_unchanged": lab.snapshot(other) == other_before, "after": lab.snapshot(document), **said(lab)}
    return facts


def case_narrow_docker(lab):
    """A narrow docker with a long name and an error in it, in the dark theme and in a light one."""
    document, node = yield from composite(lab)
    node.setName("IMG_20261224_183045_edited_final_version_cut_out")
    dock = lab.docker()
    lab.main_window.resizeDocks([dock], [250], Qt.Horizontal)
    yield from lab.harmonize(document, node)
    lab.controller.report(
        InputError("“/home/someone/pictures/of/a/folder/far/down/below” is not there.", "Move it back.")
    )
    looks = {}
    dark = QApplication.palette()
    for name, palette in (("dark", dark), ("light", QPalette(QColor(239, 240, 241)))):
        QApplication.setPalette(palette)
        yield 300
        dock.grab().save(str(lab.output / f"docker-{name}.png"))
        looks[name] = [look_of(label) for label in dock.findChildren(QLabel) if label.isVisible() and label.text()]
    QApplication.setPalette(dark)
    return looks


def look_of(label):
    """A label's text, whether there is room for all of it, and how far its letters stand out (0..255)."""
    palette = label.palette()
    colour, ground = palette.color(QPalette.WindowText), palette.color(QPalette.Window)
    contrast = abs(colour.lightness() - ground.lightness()) * colour.alpha() / 255
    longest = max(label.fontMetrics().horizontalAdvance(word) for word in re.split(r"[\s\u200b]", QLabel.text(label)))
    height = label.heightForWidth(label.width())
    return {"text": label.text(), "fits": longest <= label.width() and height <= label.height(), "contrast": contrast}


def case_document_closed_while_waiting(lab):
    other = yield from lab.document(300, 200)
    other_before = lab.snapshot(other)
    document, _ = yield from composite(lab)
    yield from begin(lab, document)
    document.setModified(False)
    document.close()
    yield 200
    tell_daemon(signal.SIGCONT)
    yield from lab.until_idle()
    yield 300
    return {"other_unchanged": lab.snapshot(other) == other_before, "open": len(lab.krita.documents()), **said(lab)}


def case_layer_deleted_while_waiting(lab):
    document, node = yield from composite(lab)
    yield from begin(lab, document)
    node.remove()
    yield from lab.settle(document)
    facts = {"before": lab.snapshot(document), "rows_before": lab.history()}
    tell_daemon(signal.SIGCONT)
    return (yield from end(lab, document, facts))


def case_group_deleted_while_waiting(lab):
    document = yield from lab.document(*SIZE, background="scene.raw")
    group = document.createGroupLayer("group")
    document.rootNode().addChildNode(group, None)
    node = lab.add_layer(document, "subject", "subject.raw", RECT, parent=group)
    yield from lab.activate(document, node)
    yield from begin(lab, document)
    group.remove()
    yield from lab.settle(document)
    facts = {"before": lab.snapshot(document), "rows_before": lab.history()}
    tell_daemon(signal.SIGCONT)
    return (yield from end(lab, document, facts))


def case_sliders_dragged(lab):
    """Many positions of both sliders after a result: one row of the history, and each position exact."""
    document, node = yield from composite(lab)
    lab.reset_sliders()
    rows = lab.history()
    lab.trigger()
    yield from lab.until_idle()
    yield from lab.settle(document)
    pixels = {"original": lab.node_pixels(node, RECT), "full": pixels_of_new(lab, document)}
    yield from lab.drag("Strength", 90, 70, 40, 10, 30, 55, 50)
    pixels["half"] = pixels_of_new(lab, document)
    yield from lab.drag("Colour", 80, 35, 5, 20, 30)
    yield from lab.settle(document)
    pixels["less"], picture = pixels_of_new(lab, document), lab.snapshot(document)
    yield from lab.drag("Strength", 0)
    pixels["none"] = pixels_of_new(lab, document)
    yield from lab.drag("Strength", 100)
    yield from lab.drag("Colour", 0)
    pixels["plain"] = pixels_of_new(lab, document)
    yield from lab.drag("Colour", 100)
    pixels["again"] = pixels_of_new(lab, document)
    yield from lab.drag("Colour", 30)
    yield from lab.drag("Strength", 50)
    yield from lab.settle(document)
    facts = {"added": lab.history()[len(rows) :], "message": lab.controller.message}
    facts |= yield from there_and_back(lab, document)
    facts["redone"] = lab.snapshot(document) == picture
    pixels["fresh"] = yield from harmonized_afresh(lab, document, node)
    lab.reset_sliders()
    return {**facts, **{name: lab.save(name, data) for name, data in pixels.items()}}


def there_and_back(lab, document):
    """Undoes and redoes the last step; what was to be seen in between. A generator."""
    lab.undo()
    yield from lab.settle(document)
    undone = [node.name() for _, node in lab.nodes(document) if node.visible()]
    lab.redo()
    yield from lab.settle(document)
    return {"undone": undone}


def harmonized_afresh(lab, document, node):
    """The pixels of a new request with what the sliders say now; a generator."""
    lab.undo()
    yield from lab.settle(document)
    yield from lab.harmonize(document, node)
    yield from lab.settle(document)
    return pixels_of_new(lab, document)


def case_sliders_moved_while_a_blend_is_awaited(lab):
    yield from composite(lab)
    lab.reset_sliders()
    lab.trigger()
    yield from lab.until_idle()
    tell_daemon(signal.SIGSTOP)
    for caption, percent in (("Strength", 60), ("Strength", 45), ("Colour", 80), ("Strength", 20), ("Colour", 40)):
        lab.slider(caption).setValue(percent)
        yield 60
    tell_daemon(signal.SIGCONT)
    yield lambda: not lab.controller.blending.busy
    lab.reset_sliders()
    yield lambda: not lab.controller.blending.busy
    return said(lab)


def case_sliders_moved_while_a_batch_runs(lab):
    """The layer comes as it was asked for, and then follows the sliders."""
    document, node = yield from composite(lab)
    lab.reset_sliders()
    tell_daemon(signal.SIGSTOP)
    lab.trigger()
    yield lambda: lab.controller.busy and lab.controller.batch.reading is not None
    lab.slider("Strength").setValue(60)
    lab.slider("Colour").setValue(20)
    tell_daemon(signal.SIGCONT)
    yield from lab.until_idle()
    yield lambda: not lab.controller.blending.busy
    yield from lab.settle(document)
    pixels = {"followed": pixels_of_new(lab, document)}
    pixels["fresh"] = yield from harmonized_afresh(lab, document, node)
    lab.reset_sliders()
    yield lambda: not lab.controller.blending.busy
    return {**said(lab), **{name: lab.save(name, data) for name, data in pixels.items()}}


def case_choices_remembered(lab):
    """Both sliders and the checkbox are moved; then Krita's file is given what makes no sense."""
    lab.reset_sliders()
    lab.slider("Strength").setValue(40)
    lab.slider("Colour").setValue(70)
    limit = lab.button("Stay inside")
    limit.click()
    yield 0
    saved = {key: lab.krita.readSetting("samelight", key, "") for key in ("strength", "colour", "limit_to_selection")}
    loaded = vars(lab.settings.load_settings())
    limit.click()
    senseless = {text: colour_after(lab, text) for text in ("", "much", "-5", "250", "²", "0")}
    lab.reset_sliders()
    return {"saved": saved, "loaded": loaded, "senseless": senseless, "after": vars(lab.settings.load_settings())}


def colour_after(lab, text):
    """What is loaded after this was saved."""
    lab.krita.writeSetting("samelight", "colour", text)
    return lab.settings.load_settings().colour


def pixels_of_new(lab, document):
    return lab.node_pixels(document.nodeByName("subject (harmonized)"), RECT)


def case_daemon_killed_half_way(lab):
    document, _ = yield from composite(lab)
    facts = yield from begin(lab, document)
    tell_daemon(signal.SIGKILL)
    return (yield from end(lab, document, facts))


def case_daemon_gone(lab):
    document, _ = yield from composite(lab)
    facts = {"before": lab.snapshot(document), "rows_before": lab.history()}
    lab.trigger()
    return (yield from end(lab, document, facts))


def case_no_daemon_ever(lab):
    kept = connection_file().read_text()
    connection_file().unlink()
    document, _ = yield from composite(lab)
    facts = {"before": lab.snapshot(document), "rows_before": lab.history()}
    lab.trigger()
    facts = yield from end(lab, document, facts)
    connection_file().write_text(kept)
    connection_file().chmod(0o600)
    return facts


def case_no_docker_on_the_screen(lab):
    document, _ = yield from composite(lab)
    lab.docker().hide()
    lab.krita.setBatchmode(False)
    yield 100
    facts = {"before": lab.snapshot(document), "rows_before": lab.history()}
    lab.trigger()
    yield from lab.until_idle()
    yield 300
    boxes = lab.boxes()
    for box in lab.open_dialogs():
        box.close()
    lab.krita.setBatchmode(True)
    return {**facts, "after": lab.snapshot(document), "rows_after": lab.history(), "found": boxes, **said(lab)}


def case_started_from_the_docker(lab):
    with contextlib.suppress(FileNotFoundError):
        connection_file().unlink()
    document, node = yield from composite(lab)
    chosen = lab.controller.settings
    lab.controller.choose(type(chosen)(**{**vars(chosen), "model": "frih-lite"}))
    lab.controller.link.ask_status()
    yield 300
    button = lab.button("Start")
    offered = button.isVisibleTo(lab.docker())
    button.click()
    yield 200
    starting = lab.docker_texts()
    yield lambda: lab.controller.link.status is not None
    running, devices, models = lab.docker_texts(), set(), set()
    yield lambda: ready_with_models(lab, devices, models)
    worked = yield from works_again(lab, document, node)
    lab.controller.choose(chosen)
    return {"offered": offered, "starting": starting, "running": running, "worked": worked,
            "devices": list(devices), "models": list(models)}  # fmt: skip


def ready_with_models(lab, devices, models):
    """Whether the daemon has loaded; notes how it called itself until then, and which model the docker showed."""
    status, choice = lab.controller.link.status, lab.docker().findChild(QComboBox)
    devices.add(status.device)
    models.add(choice.currentText())
    lab.controller.link.ask_status()
    return bool(status.models)
