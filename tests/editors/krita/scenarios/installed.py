"""The first layer after an installation, and by which client it came."""

import sys

SIZE = (600, 400)
RECT = (268, 26, 332, 374)


def case_first_layer(lab):
    document = yield from lab.document(*SIZE, background="scene.raw")
    node = lab.add_layer(document, "subject", "subject.raw", RECT)
    facts = yield from lab.full_circle(document, node)
    wire = sys.modules["samelight_wire"]
    return {
        **facts,
        "wire": wire.__file__,
        "transport": type(lab.plugin.link._client._transport).__name__,
        "packer": sys.modules["msgpack"].Packer.__module__,
    }


def case_quit_meanwhile(lab):
    """The artist quits Krita while a layer is being harmonized."""
    document = yield from lab.document(*SIZE, background="scene.raw")
    node = lab.add_layer(document, "subject", "subject.raw", RECT)
    yield from lab.activate(document, node)
    document.setModified(False)
    (lab.output / "quitting").write_text("")
    lab.trigger()
    yield lambda: lab.controller.batch.reading is not None
    document.setModified(False)
    lab.krita.action("file_quit").trigger()
    yield 20000
    raise AssertionError("Krita goes on")
