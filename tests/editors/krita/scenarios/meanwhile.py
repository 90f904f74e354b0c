"""What the artist does while a layer is being harmonized, or while its batch is undone. The daemon is this scenario's
own: it is stopped (SIGSTOP) where there has to be time for something.
"""

import json
import os
import signal
from pathlib import Path

from samelight_driver.hand import Hand

SIZE = (600, 400)
RECT = (200, 120, 166, 187)
MOVED = (40, 25)
SKETCH = (0, 0, 20, 20)


def composite(lab):
    """A scene, a subject and a sketch above it; a generator."""
    document = yield from lab.document(*SIZE, background="scene.raw")
    lab.show_docker()
    node = lab.add_layer(document, "subject", "small.raw", RECT)
    sketch = lab.add_layer(document, "sketch", b"\x20\xc0\x40\xff" * 400, SKETCH)
    lab.reset_sliders()
    return document, node, sketch


def tell_daemon(number):
    file = Path(os.environ["SAMELIGHT_CONNECTION_FILE"])
    os.kill(json.loads(file.read_text())["pid"], number)


def begin(lab, document, node):
    """Triggers the menu item while the daemon stands still, and waits until the request is sent; a generator."""
    yield from lab.activate(document, node)
    tell_daemon(signal.SIGSTOP)
    lab.trigger()
    yield lambda: lab.controller.busy and lab.controller.batch.reading is not None
    yield 100


def end(lab, document):
    """Lets the daemon work, and says what is to be seen when all is over; a generator."""
    tell_daemon(signal.SIGCONT)
    yield from lab.until_idle()
    yield from lab.settle(document)
    return looks(lab, document)


def looks(lab, document):
    return {"after": lab.snapshot(document), "rows_after": lab.history(), "message": lab.controller.message,
            "hint": lab.controller.hint, "texts": lab.docker_texts()}  # fmt: skip


def state(lab, document):
    return {"before": lab.snapshot(document), "rows_before": lab.history()}


def results(lab):
    """How many results came from the daemon."""
    return sum(message["kind"] == "result" for message in lab.recorder.messages)


# ---- a brush on the canvas ----


def stroke_when_the_result_comes(lab):
    """A brush is down on another layer, the sketch, and the result came from the daemon; a generator."""
    document, node, sketch = yield from composite(lab)
    yield from begin(lab, document, node)
    yield from lab.activate(document, sketch)
    hand, facts = Hand(lab), state(lab, document)
    yield from hand.press()
    tell_daemon(signal.SIGCONT)
    yield lambda: results(lab) == 1
    return document, sketch, hand, facts


def case_result_during_a_stroke(lab):
    document, sketch, hand, facts = yield from stroke_when_the_result_comes(lab)
    yield 1000
    facts |= {"busy": lab.controller.busy, "nodes_during": len(lab.nodes(document)), "during": lab.docker_texts()}
    yield from hand.release()
    yield from lab.until_idle()
    yield from lab.settle(document)
    return {**facts, **looks(lab, document), "painted": painted(lab, sketch)}


def painted(lab, sketch):
    """Whether a brush went over the sketch."""
    box = sketch.bounds()
    return (box.width(), box.height()) != SKETCH[2:]


def case_click_during_a_stroke(lab):
    document, node, _ = yield from composite(lab)
    yield from lab.activate(document, node)
    hand = Hand(lab)
    yield from hand.press()
    lab.trigger()
    yield 1000
    facts = {"sent_during": len(lab.recorder.messages), "during": lab.docker_texts()}
    yield from hand.release()
    yield from lab.until_idle()
    yield from lab.settle(document)
    return {**facts, **looks(lab, document)}


def case_cancelled_during_a_stroke(lab):
    document, _, hand, facts = yield from stroke_when_the_result_comes(lab)
    lab.button("Cancel").click()
    yield from hand.release()
    yield 300
    yield from lab.settle(document)
    return {**facts, **looks(lab, document), "outcome": lab.controller.outcome}


def case_slider_during_a_stroke(lab):
    document, node, sketch = yield from composite(lab)
    yield from lab.harmonize(document, node)
    yield from lab.activate(document, sketch)
    new = document.nodeByName("subject (harmonized)")
    full = lab.digest(lab.node_pixels(new, RECT))
    hand, came = Hand(lab), results(lab)
    yield from hand.press()
    lab.slider("Strength").setValue(40)
    yield lambda: results(lab) == came + 1
    yield 400
    during = lab.digest(lab.node_pixels(new, RECT))
    yield from hand.release()
    yield lambda: not lab.controller.blending.busy
    after = lab.digest(lab.node_pixels(new, RECT))
    lab.reset_sliders()
    yield lambda: not lab.controller.blending.busy
    return {"full": full, "during": during, "after": after, "message": lab.controller.message}


# ---- the layer itself ----


def case_painted_on(lab):
    document, node, _ = yield from composite(lab)
    yield from begin(lab, document, node)
    pixels = lab.digest(lab.node_pixels(node))
    yield from Hand(lab).stroke()
    assert lab.digest(lab.node_pixels(node)) != pixels
    facts = state(lab, document)
    return {**facts, **(yield from end(lab, document))}


def case_emptied(lab):
    document, node, _ = yield from composite(lab)
    yield from begin(lab, document, node)
    node.setPixelData(bytes(4 * RECT[2] * RECT[3]), *RECT)
    document.refreshProjection()
    facts = state(lab, document)
    return {**facts, **(yield from end(lab, document))}


def case_moved(lab):
    document, node, _ = yield from composite(lab)
    box = node.bounds()
    yield from begin(lab, document, node)
    move(node)
    node.setOpacity(130)
    node.setName("moved subject")
    document.refreshProjection()
    facts = {"was": [box.x(), box.y(), box.width(), box.height()], "originals": [node.uniqueId().toString()]}
    facts |= state(lab, document) | (yield from end(lab, document))
    facts["new"] = lab.save_new_layers(document, {each["id"] for each in facts["before"]["nodes"]})
    return facts


def move(node):
    node.move(node.position().x() + MOVED[0], node.position().y() + MOVED[1])


def group_of(lab, document):
    """A group with two layers, in the picture; and the second of them."""
    group = document.createGroupLayer("group")
    document.rootNode().addChildNode(group, None)
    lab.add_layer(document, "one", "small.raw", (40, 100, *RECT[2:]), parent=group)
    two = lab.add_layer(document, "two", "small.raw", RECT, parent=group, opacity=150)
    return group, two


def case_group_painted_on(lab):
    document, _, _ = yield from composite(lab)
    group, two = group_of(lab, document)
    yield from begin(lab, document, group)
    two.setPixelData(b"\x00\x00\xff\xff" * 25, 260, 200, 5, 5)
    document.refreshProjection()
    facts = state(lab, document)
    return {**facts, **(yield from end(lab, document))}


def case_group_moved(lab):
    """A group with one layer: how Krita rounds what several make together depends on where they lie."""
    document, _, _ = yield from composite(lab)
    group, two = group_of(lab, document)
    two.remove()
    box = group.bounds()
    yield from begin(lab, document, group)
    for child in group.childNodes():
        move(child)
    document.refreshProjection()
    facts = {"was": [box.x(), box.y(), box.width(), box.height()], "originals": [group.uniqueId().toString()]}
    facts |= state(lab, document) | (yield from end(lab, document))
    facts["new"] = lab.save_new_layers(document, {each["id"] for each in facts["before"]["nodes"]})
    return facts


# ---- undoing the batch ----


def case_inserted_behind_another_picture(lab):
    """The result comes while a picture is in front that has something to redo, of the same name as what the artist
    does next in their own.
    """
    document, node, _ = yield from composite(lab)
    yield from begin(lab, document, node)
    other = yield from lab.document(300, 200)
    lab.add_layer(other, "undone", b"\x00\x00\xff\xff" * 100, (0, 0, 10, 10))
    yield from lab.settle(other)
    lab.undo()
    yield 200
    redo = lab.krita.action("edit_redo").text()
    tell_daemon(signal.SIGCONT)
    yield from lab.until_idle()
    yield 300
    yield from bring_to_front(lab, document)
    lab.add_layer(document, "later", b"\x00\x00\xff\xff" * 100, (0, 0, 10, 10))
    yield from lab.settle(document)
    names = [each.name() for _, each in lab.nodes(document)]
    lab.button("Undo this batch").click()
    yield lambda: not document.nodeByName("subject (harmonized)")
    yield 300
    yield from lab.settle(document)
    after = [each.name() for _, each in lab.nodes(document) if each.visible()]
    return {"redo": redo, "names": names, "after": after}


def bring_to_front(lab, document):
    """As a click on its tab does."""
    next(view for view in lab.window.views() if view.document() == document).setVisible()
    yield lambda: lab.krita.activeDocument() == document
    yield 300
