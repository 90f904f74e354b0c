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
from PyQt5.QtWidgets import QApplication, QLabel

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


def case_strength_dragged(lab):
    """Many positions of the slider after a result: one row of the history, and each position exact."""
    document, node = yield from composite(lab)
    slider = lab.slider()
    slider.setValue(100)  # Krita remembers what another test chose
    rows = lab.history()
    lab.trigger()
    yield from lab.until_idle()
    yield from lab.settle(document)
    full = pixels_of_new(lab, document)
    for percent in (90, 70, 40, 10, 30, 55, 50):
        slider.setValue(percent)
        yield 60
    yield lambda: not lab.controller.strength.busy
    yield from lab.settle(document)
    half, picture = pixels_of_new(lab, document), lab.snapshot(document)
    slider.setValue(0)
    yield 100
    yield lambda: not lab.controller.strength.busy
    none = pixels_of_new(lab, document)
    slider.setValue(100)
    yield 100
    yield lambda: not lab.controller.strength.busy
    again = pixels_of_new(lab, document)
    slider.setValue(50)
    yield 100
    yield lambda: not lab.controller.strength.busy
    yield from lab.settle(document)
    added = lab.history()[len(rows) :]
    lab.undo()
    yield from lab.settle(document)
    undone = [node.name() for _, node in lab.nodes(document) if node.visible()]
    lab.redo()
    yield from lab.settle(document)
    files = {name: lab.save(name, data) for name, data in (("full", full), ("half", half), ("none", none))}
    slider.setValue(100)
    facts = {"again": again == full, "added": added, "undone": undone, "redone": lab.snapshot(document) == picture}
    original = lab.save("original", lab.node_pixels(node, RECT))
    return {**files, **facts, "original": original, "message": lab.controller.message}


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
    lab.controller.link.ask_status()
    yield 300
    button = lab.button("Start")
    offered = button.isVisibleTo(lab.docker())
    button.click()
    yield 200
    starting = lab.docker_texts()
    yield lambda: lab.controller.link.status is not None
    running = lab.docker_texts()
    worked = yield from works_again(lab, document, node)
    return {"offered": offered, "starting": starting, "running": running, "worked": worked}
