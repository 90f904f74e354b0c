"""What a case works with: documents, layers, the menu, the undo history, and what the plugin sent."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

from krita import Krita
from PyQt5.QtCore import QItemSelectionModel, Qt
from PyQt5.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QDialog,
    QDockWidget,
    QLabel,
    QMainWindow,
    QSlider,
)

from .recorder import Recorder

HARMONIZE = "samelight_harmonize"


class Lab:
    """One case's tools.

    Args:
        output: the folder for what the case leaves.
        name: the case's name.
    """

    def __init__(self, output: Path, name: str) -> None:
        self.output = output
        self.name = name
        self.krita = Krita.instance()
        self.recorder = Recorder(output, name)
        self.pictures = 0

    # ---- documents and layers ----

    def document(self, width, height, space=("RGBA", "U8", "sRGB-elle-V2-srgbtrc.icc"), background=None):
        """A new document in the active window with one layer, "background", of these pixels; a generator."""
        document = self.krita.createDocument(width, height, self.name, *space, 300.0)
        self.window.addView(document)
        yield lambda: self.krita.activeDocument() == document
        for node in document.topLevelNodes():
            if node.type() == "paintlayer":
                node.setName("background")
                self.fill(node, background, (0, 0, width, height))
        document.refreshProjection()
        document.waitForDone()
        yield lambda: document.activeNode() is not None
        return document

    @property
    def window(self):
        return self.krita.activeWindow()

    @property
    def main_window(self) -> QMainWindow:
        return self.window.qwindow()

    def picture(self, name: str) -> bytes:
        """The bytes of one of the pictures that the test prepared."""
        return self.picture_path(name).read_bytes()

    @staticmethod
    def picture_path(name: str) -> Path:
        return Path(os.environ["SAMELIGHT_PICTURES"]) / name

    def fill(self, node, name, rect):
        """Gives a layer the pixels of a prepared picture, or these bytes."""
        if name is None:
            return
        data = self.picture(name) if isinstance(name, str) else name
        node.setLocked(False)
        node.setPixelData(data, *rect)
        assert bytes(node.pixelData(*rect)) == data, f"{node.name()} took other pixels"

    def add_layer(
        self, document, name, picture, rect, parent=None, above=None, opacity=255, blend="normal", space=None
    ):
        """A paint layer in the document."""
        node = document.createNode(name, "paintlayer")
        if space is not None:
            assert node.setColorSpace(*space), space
        self.fill(node, picture, rect)
        node.setOpacity(opacity)
        if blend != node.blendingMode():  # it would be an entry of the undo history
            node.setBlendingMode(blend)
        assert (parent or document.rootNode()).addChildNode(node, above)
        document.refreshProjection()
        document.waitForDone()
        return node

    def activate(self, document, *nodes):
        """Makes these the selected layers, as an artist does in the layer docker; a generator."""
        wanted = {node.uniqueId() for node in nodes}
        yield from self.settle(document)  # a layer that was just added is not in the docker yet
        document.setActiveNode(nodes[0])
        yield lambda: document.activeNode() is not None and document.activeNode().uniqueId() == nodes[0].uniqueId()
        if len(nodes) > 1:
            tree = self.layer_tree()
            selection = tree.selectionModel()
            for node in nodes[1:]:
                index = self.find_index(tree.model(), node.name())
                selection.select(index, QItemSelectionModel.Select | QItemSelectionModel.Rows)
        view = self.window.activeView()
        yield lambda: {node.uniqueId() for node in view.selectedNodes()} == wanted

    def layer_tree(self) -> QAbstractItemView:
        dock = self.dock("KisLayerBox")
        return next(view for view in dock.findChildren(QAbstractItemView) if view.objectName() == "listLayers")

    def find_index(self, model, name, parent=None):
        from PyQt5.QtCore import QModelIndex

        parent = parent or QModelIndex()
        for row in range(model.rowCount(parent)):
            index = model.index(row, 0, parent)
            if index.data() == name:
                return index
            inner = self.find_index(model, name, index)
            if inner is not None:
                return inner
        return None

    def dock(self, name: str) -> QDockWidget:
        return next(dock for dock in self.main_window.findChildren(QDockWidget) if dock.objectName() == name)

    def close_documents(self) -> None:
        for document in self.krita.documents():
            document.waitForDone()
            document.setModified(False)
            document.close()

    # ---- what is to be seen ----

    def nodes(self, document):
        """Every node of the document, the topmost first."""
        found = []

        def visit(node, depth):
            for child in reversed(node.childNodes()):
                found.append((depth, child))
                visit(child, depth + 1)

        visit(document.rootNode(), 0)
        return found

    def snapshot(self, document) -> dict:
        """All of a document that must not change by itself: its nodes with their pixels, and the picture."""
        document.waitForDone()
        return {
            "picture": self.picture_of(document, self.composite(document)),
            "nodes": [self.facts(*each) for each in self.nodes(document)],
        }

    def picture_of(self, document, pixels: bytes) -> str:
        """What stands for the picture: a hash or, for floats, a file: how Krita rounds them depends on how much it
        composes at once.
        """
        if document.colorDepth() != "F32":
            return self.digest(pixels)
        self.pictures += 1
        return self.save(f"picture-{self.pictures}", pixels)

    def facts(self, depth, node) -> dict:
        box = node.bounds()
        rect = (box.x(), box.y(), box.width(), box.height())
        pixels = (
            bytes(node.pixelData(*rect)) if node.type() not in ("grouplayer", "vectorlayer") and box.width() else b""
        )
        return {
            "depth": depth,
            "id": node.uniqueId().toString(),
            "name": node.name(),
            "type": node.type(),
            "visible": node.visible(),
            "opacity": node.opacity(),
            "blend": node.blendingMode(),
            "locked": node.locked(),
            "space": [node.colorModel(), node.colorDepth(), node.colorProfile()],
            "rect": rect,
            "pixels": self.digest(pixels),
        }

    def composite(self, document) -> bytes:
        document.waitForDone()
        return bytes(document.pixelData(0, 0, document.width(), document.height()))

    def node_pixels(self, node, rect=None) -> bytes:
        box = node.bounds()
        return bytes(node.pixelData(*(rect or (box.x(), box.y(), box.width(), box.height()))))

    @staticmethod
    def digest(data: bytes) -> str:
        return hashlib.sha256(data).hexdigest()[:16]

    def save(self, name: str, data: bytes) -> str:
        """Leaves bytes for the test; gives the file's name."""
        file = f"{self.name}.{name}.raw"
        (self.output / file).write_bytes(data)
        return file

    # ---- the menu, the history ----

    def trigger(self, action: str = HARMONIZE) -> None:
        self.krita.action(action).trigger()

    def harmonize(self, document, *nodes, seconds=40.0):
        """Selects these layers, triggers the menu item and waits until the plugin is idle; a generator."""
        yield from self.activate(document, *nodes)
        self.trigger()
        yield from self.until_idle()

    def until_idle(self):
        """Waits until the plugin has finished whatever it does; a generator."""
        yield 20
        yield lambda: not self.controller.busy
        yield 20

    @property
    def plugin(self):
        import sys

        return sys.modules["samelight_krita"].plugin

    @property
    def controller(self):
        return self.plugin.controller

    @property
    def settings(self):
        """The plugin's module that keeps the artist's choices."""
        import sys

        return sys.modules["samelight_krita.settings"]

    def undo(self) -> None:
        self.krita.action("edit_undo").trigger()

    def redo(self) -> None:
        self.krita.action("edit_redo").trigger()

    def settle(self, document):
        """Waits until what was done has come to its end, the plugin's own part of undo and redo too; a generator."""
        yield 40
        document.waitForDone()
        yield self.keeper_is_up_to_date
        document.waitForDone()
        yield 40
        document.waitForDone()

    def keeper_is_up_to_date(self) -> bool:
        """Whether the plugin has seen which of its new layers are in the picture that is in front."""
        keeper = getattr(self.controller, "keeper", None)
        watched = keeper._watched if keeper is not None else []
        front = self.krita.activeDocument()
        return all(each.present == (each.layer.parentNode() is not None) for each in watched if each.document == front)

    def history(self) -> list:
        """The rows of the undo history docker, the oldest first."""
        dock = self.dock("History")
        for view in dock.findChildren(QAbstractItemView):
            model = view.model()
            if model is not None:
                return [model.index(row, 0).data() for row in range(model.rowCount())]
        raise LookupError("the docker of the undo history has no list")

    def full_circle(self, document, *nodes):
        """Harmonizes these layers, undoes and redoes it; gives what was to be seen at each step. A generator.

        `control` is the picture that there would be if the original layers themselves had the new pixels.
        """
        yield from self.activate(document, *nodes)
        facts = {"before": self.snapshot(document), "rows_before": self.history()}
        facts["originals"] = [node.uniqueId().toString() for node in nodes]
        control = document.clone()
        self.trigger()
        yield from self.until_idle()
        yield from self.settle(document)
        facts |= {"after": self.snapshot(document), "rows_after": self.history(), "boxes": self.boxes()}
        facts |= {"message": self.controller.message, "outcome": self.controller.outcome}
        facts["new"] = self.save_new_layers(document, {node["id"] for node in facts["before"]["nodes"]})
        facts["control"] = self.control_picture(control, document, nodes)
        added = len(facts["rows_after"]) - len(facts["rows_before"])
        for _ in range(added):
            self.undo()
            yield from self.settle(document)
        facts |= {"undone": self.snapshot(document), "rows_undone": self.history()}
        for _ in range(added):
            self.redo()
            yield from self.settle(document)
        facts |= {"redone": self.snapshot(document), "rows_redone": self.history()}
        return facts

    def save_new_layers(self, document, old: set) -> dict:
        """The pixels of every layer that is not among these, by its id: file and rectangle."""
        new = {}
        for _, node in self.nodes(document):
            name = node.uniqueId().toString()
            if name not in old and node.type() == "paintlayer":
                box = node.bounds()
                new[name] = {
                    "file": self.save(f"new-{len(new)}", self.node_pixels(node)),
                    "rect": (box.x(), box.y(), box.width(), box.height()),
                    "name": node.name(),
                }
        return new

    def control_picture(self, control, document, originals) -> str:
        """What the picture would be with the new pixels in the original layers of this copy."""
        for original in originals:
            siblings = original.parentNode().childNodes()
            above = [node for node in siblings if node.name().startswith(original.name() + " (")]
            twin = control.nodeByUniqueID(original.uniqueId())
            if not above or twin is None or twin.type() != "paintlayer":
                continue
            box = above[0].bounds()
            rect = (box.x(), box.y(), box.width(), box.height())
            twin.setPixelData(bytes(above[0].pixelData(*rect)), *rect)
        control.refreshProjection()
        control.waitForDone()
        picture = self.picture_of(control, self.composite(control))
        control.close()
        return picture

    # ---- the docker ----

    def docker(self) -> QDockWidget:
        return self.dock("samelight_docker")

    def show_docker(self) -> None:
        """Brings the docker to the front of those that share its place."""
        self.docker().show()
        self.docker().raise_()

    def docker_texts(self) -> list:
        """What the docker's labels say."""
        return [label.text() for label in self.docker().findChildren(QLabel) if label.isVisibleTo(self.docker())]

    def button(self, text: str) -> QAbstractButton:
        """The docker's button of this caption."""
        buttons = self.docker().findChildren(QAbstractButton)
        return next(button for button in buttons if text.lower() in button.text().lower().replace("&", ""))

    def slider(self, caption: str, inside=None) -> QSlider:
        """The slider beside this caption, in the docker or in a dialog."""
        labels = (inside or self.docker()).findChildren(QLabel)
        label = next(label for label in labels if label.text().replace("&", "") == caption)
        return label.buddy().findChild(QSlider)

    def drag(self, caption: str, *percents: int):
        """Moves a slider of the docker through these, and waits until the last result has followed; a generator."""
        for percent in percents:
            self.slider(caption).setValue(percent)
            yield 60
        yield lambda: not self.controller.blending.busy

    def reset_sliders(self) -> None:
        """Krita remembers what another case chose."""
        for caption in ("Strength", "Colour"):
            self.slider(caption).setValue(100)

    def boxes(self) -> list:
        """The texts of all dialogs that are open."""
        return [
            [box.windowTitle(), *[label.text() for label in box.findChildren(QLabel)]] for box in self.open_dialogs()
        ]

    @staticmethod
    def open_dialogs() -> list:
        return [each for each in QApplication.topLevelWidgets() if each.isVisible() and isinstance(each, QDialog)]


def now() -> float:
    return time.monotonic()


KEEP = Qt.KeepAspectRatio  # so that scenarios need not import Qt for it
