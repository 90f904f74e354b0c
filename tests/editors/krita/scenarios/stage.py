"""A document on the screen, and a listener: the test clicks from outside and asks here where things are."""

import json

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QDockWidget, QWidget

SIZE = (1200, 800)
RECT = (536, 52, 664, 748)


def case_stage(lab):
    lab.krita.setBatchmode(False)
    lab.main_window.showMaximized()
    yield 500
    document = yield from lab.document(*SIZE, background="scene-large.raw")
    document.nodeByName("background").setName("Launch pad")
    node = lab.add_layer(document, "Astronaut", "subject-large.raw", RECT)
    yield from lab.activate(document, node)
    tidy(lab)
    yield 300
    lab.krita.action("zoom_to_fit").trigger()
    yield 300
    document.setModified(False)
    (lab.output / "staged").write_text("")
    number = 0
    while True:
        asked = lab.output / f"question-{number}.json"
        if asked.exists():
            question = json.loads(asked.read_text())
            answer = ANSWERS[question["what"]](lab, document, **question.get("with", {}))
            partial = lab.output / "answer.part"
            partial.write_text(json.dumps(answer))
            partial.rename(lab.output / f"answer-{number}.json")
            number += 1
            if question["what"] == "end":
                return None
        yield 40


def tidy(lab):
    """Only the dockers that matter: the layers, the history, and Samelight's."""
    wanted = {"samelight_docker", "KisLayerBox", "History", "ToolBox"}
    for dock in lab.main_window.findChildren(QDockWidget):
        dock.setVisible(dock.objectName() in wanted)
    lab.show_docker()
    column = [lab.dock(name) for name in ("KisLayerBox", "History", "samelight_docker")]
    lab.main_window.resizeDocks(column, [240, 130, 520], Qt.Vertical)
    lab.main_window.resizeDocks(column, [300] * 3, Qt.Horizontal)


def where(lab, document, menu):
    """The middle of a menu's entry on the screen, through open menus."""
    parent = lab.main_window.menuBar()
    for number, caption in enumerate(menu):
        action = next(each for each in parent.actions() if plain(each.text()) == caption)
        if number == len(menu) - 1:
            return on_screen(parent, parent.actionGeometry(action))
        parent = action.menu()
    raise LookupError(menu)


def where_button(lab, document, caption):
    """The middle of one of the docker's buttons on the screen."""
    button = lab.button(caption)
    return on_screen(button, button.rect())


def where_slider(lab, document, caption, percent, dialog=None):
    """A place on a slider of the docker, or of the dialog with this title."""
    slider = lab.slider(caption, next((each for each in lab.open_dialogs() if each.windowTitle() == dialog), None))
    middle = on_screen(slider, slider.rect())
    return [middle[0] + round((percent - 50) / 100 * (slider.width() - 12)), middle[1]]


def on_screen(widget: QWidget, rect):
    point = widget.mapToGlobal(rect.center())
    return [point.x(), point.y()]


def plain(text):
    return text.replace("&", "").removesuffix("...")


def canvas(lab, document):
    """The middle of the canvas on the screen."""
    area = lab.main_window.centralWidget()
    return on_screen(area, area.rect())


def docker_rect(lab, document):
    dock = lab.docker()
    corner = dock.mapToGlobal(dock.rect().topLeft())
    return [corner.x(), corner.y(), dock.width(), dock.height()]


def disconnect(lab, document):
    """Drops the plugin's connection."""
    lab.plugin.link.close()


def state(lab, document):
    controller = lab.controller
    return {
        "shown": [node.name() for _, node in lab.nodes(document) if node.visible()],
        "snapshot": lab.snapshot(document),
        "busy": controller.busy,
        "message": controller.message,
        "outcome": controller.outcome,
        "settings": vars(controller.settings),
        "sliders": {caption: lab.slider(caption).value() for caption in ("Strength", "Colour")},
        "blending": controller.blending.busy,
        "rows": lab.history(),
        "texts": lab.docker_texts(),
        "boxes": lab.boxes(),
    }


ANSWERS = {
    "where": where,
    "where button": where_button,
    "where slider": where_slider,
    "disconnect": disconnect,
    "canvas": canvas,
    "docker": docker_rect,
    "state": state,
    "end": lambda lab, document: None,
}
