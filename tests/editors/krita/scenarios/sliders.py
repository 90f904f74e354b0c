"""What the sliders of the docker act on, and what they leave alone. The daemon is this scenario's own: it is stopped
(SIGSTOP) where a blend has to be on its way for a while.
"""

import json
import os
import signal
from pathlib import Path

from samelight_wire import StatusReply

SIZE = (600, 400)
SMALL = (166, 187)
FIRST, SECOND, THIRD = (40, 100), (220, 120), (400, 140)


def composite(lab, *places):
    """A scene with layers above it, "subject 1" the lowest, and sliders at 100 %; a generator."""
    document = yield from lab.document(*SIZE, background="scene.raw")
    lab.show_docker()
    layers = [
        lab.add_layer(document, f"subject {number}", "small.raw", (*place, *SMALL))
        for number, place in enumerate(places, 1)
    ]
    lab.reset_sliders()
    return document, layers


def harmonized(lab, document, *layers):
    yield from lab.harmonize(document, *layers)
    yield from lab.settle(document)


def tell_daemon(number):
    file = Path(os.environ["SAMELIGHT_CONNECTION_FILE"])
    os.kill(json.loads(file.read_text())["pid"], number)


def pixels_of(lab, document, number):
    """A digest of the new layer of one of the subjects."""
    place = (FIRST, SECOND, THIRD)[number - 1]
    return lab.digest(lab.node_pixels(document.nodeByName(f"subject {number} (harmonized)"), (*place, *SMALL)))


def bring_to_front(lab, document):
    """As a click on its tab does."""
    next(view for view in lab.window.views() if view.document() == document).setVisible()
    yield lambda: lab.krita.activeDocument() == document
    yield 100


def looks(lab):
    """What the docker says and offers."""
    return {"texts": lab.docker_texts(), "undo": lab.button("Undo this batch").isVisibleTo(lab.docker()),
            "message": lab.controller.message}  # fmt: skip


def idle(lab):
    return lambda: not lab.controller.busy and not lab.controller.blending.busy


def case_another_picture_in_front(lab):
    """Sliders and undo of a batch that cannot be seen."""
    document, layers = yield from composite(lab, FIRST)
    yield from harmonized(lab, document, *layers)
    facts = {"before": lab.snapshot(document), "looks_before": looks(lab)}
    other = yield from lab.document(300, 200)
    yield 100
    facts["looks_behind"] = looks(lab)
    yield from lab.drag("Strength", 70, 40)
    lab.controller.undo_batch()
    yield 200
    yield from lab.settle(other)
    facts["behind"] = lab.snapshot(document)
    yield from bring_to_front(lab, document)
    facts["looks_again"] = looks(lab)
    yield from lab.drag("Strength", 50)
    yield from lab.settle(document)
    facts["again"] = lab.snapshot(document)
    return facts


def case_another_picture_comes_to_the_front(lab):
    """What was wished for in one picture is done there, though another is in front by then."""
    document, layers = yield from composite(lab, FIRST)
    yield from harmonized(lab, document, *layers)
    yield from lab.drag("Strength", 30)
    wished = pixels_of(lab, document, 1)
    yield from lab.drag("Strength", 100)
    other = yield from lab.document(300, 200)
    yield from bring_to_front(lab, document)
    tell_daemon(signal.SIGSTOP)
    for percent in (60, 30):
        lab.slider("Strength").setValue(percent)
        yield 60
    yield from bring_to_front(lab, other)
    tell_daemon(signal.SIGCONT)
    yield idle(lab)
    return {"wished": wished, "got": pixels_of(lab, document, 1)}


def case_refused_click(lab):
    """A click that cannot begin leaves the last result in reach of the sliders."""
    document, layers = yield from composite(lab, FIRST)
    yield from harmonized(lab, document, *layers)
    full = pixels_of(lab, document, 1)
    layer = document.createFilterLayer("invert", lab.krita.filter("invert"), selection_of(0, 0, *SIZE))
    document.rootNode().addChildNode(layer, None)
    yield from lab.harmonize(document, layer)
    refused = looks(lab)
    yield from lab.drag("Strength", 50)
    return {"full": full, "half": pixels_of(lab, document, 1), "refused": refused, "after": looks(lab)}


def case_nothing_came_of_a_batch(lab):
    """A batch that is cancelled before its first layer leaves the one before it: for the sliders, and for undo."""
    document, layers = yield from composite(lab, FIRST, SECOND)
    before = lab.snapshot(document)
    yield from harmonized(lab, document, layers[0])
    full = pixels_of(lab, document, 1)
    yield from lab.activate(document, layers[1])
    tell_daemon(signal.SIGSTOP)
    lab.trigger()
    yield lambda: lab.controller.batch.reading is not None
    lab.controller.cancel()
    tell_daemon(signal.SIGCONT)
    yield from lab.until_idle()
    cancelled = looks(lab)
    yield from lab.drag("Strength", 50)
    facts = {"full": full, "half": pixels_of(lab, document, 1), "cancelled": cancelled}
    lab.button("Undo this batch").click()
    yield lambda: len(lab.nodes(document)) == len(before["nodes"])
    yield from lab.settle(document)
    return {**facts, "before": before, "undone": lab.snapshot(document)}


def case_wish_pending_when_a_batch_begins(lab):
    """The slider is moved, and the next layer harmonized before the result has followed."""
    document, layers = yield from composite(lab, FIRST, SECOND)
    yield from harmonized(lab, document, layers[0])
    yield from lab.drag("Strength", 45)
    wished = pixels_of(lab, document, 1)
    yield from lab.drag("Strength", 100)
    yield from lab.activate(document, layers[1])
    tell_daemon(signal.SIGSTOP)
    for percent in (60, 45):
        lab.slider("Strength").setValue(percent)
        yield 60
    lab.trigger()
    yield 200
    tell_daemon(signal.SIGCONT)
    yield idle(lab)
    return {"wished": wished, "got": pixels_of(lab, document, 1), **looks(lab)}


def case_one_cannot_be_blended(lab):
    """The artist painted on the first of three new layers: the others follow the sliders all the same."""
    document, layers = yield from composite(lab, FIRST, SECOND, THIRD)
    yield from harmonized(lab, document, *layers)
    document.nodeByName("subject 1 (harmonized)").setPixelData(b"\x00\x00\xff\xff" * 100, 120, 190, 10, 10)
    facts = {"before": [pixels_of(lab, document, number) for number in (1, 2, 3)]}
    yield from lab.drag("Strength", 50)
    facts |= {"half": [pixels_of(lab, document, number) for number in (1, 2, 3)], "looks_half": looks(lab)}
    yield from lab.drag("Strength", 20)
    facts |= {"less": [pixels_of(lab, document, number) for number in (1, 2, 3)], "looks_less": looks(lab)}
    return facts


def case_forgotten(lab):
    """After some idle minutes; their timer is not waited for."""
    document, layers = yield from composite(lab, FIRST)
    yield from harmonized(lab, document, *layers)
    before = looks(lab)
    lab.controller.blending.forget()
    yield lambda: looks(lab)["texts"] != before["texts"]
    lab.slider("Strength").setValue(80)
    return {"before": before, "after": looks(lab)}


def case_daemon_getting_ready(lab):
    """A daemon that still loads does not know its models yet."""
    yield from composite(lab, FIRST)
    link, chosen = lab.controller.link, lab.controller.settings
    yield lambda: link.status is not None
    known = link.status
    name = next(each for each in known.models if each != known.default_model)
    lab.controller.choose(type(chosen)(**{**vars(chosen), "model": name}))
    loading = StatusReply(**{**vars(known), "device": "starting", "models": [], "warm_models": []})
    facts = {"name": name, "ready": models_of(lab)}
    link._set_state(loading, None)
    facts |= {"loading": models_of(lab), "looks_loading": looks(lab)}
    link._set_state(StatusReply(**{**vars(known), "models": [known.default_model]}), None)
    facts["missing"] = models_of(lab)
    lab.controller.choose(chosen)
    return facts


def models_of(lab):
    """What the docker's list of models offers, and what is chosen."""
    choice = lab.docker().findChild(model_choice())
    return {"offered": [choice.itemText(index) for index in range(choice.count())], "chosen": choice.currentText()}


def model_choice():
    import sys

    return sys.modules["samelight_krita.widgets"].ModelChoice


def selection_of(x, y, width, height):
    from krita import Selection

    selection = Selection()
    selection.select(x, y, width, height, 255)
    return selection
