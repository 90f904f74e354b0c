"""Runs inside Krita: a picture with a pasted layer, harmonized where that is asked for; then Krita is quit."""

import os

SIZE = (600, 400)
RECT = (268, 26, 332, 374)


def case_picture(lab):
    document = yield from lab.document(*SIZE, background="scene.raw")
    node = lab.add_layer(document, "subject", "subject.raw", RECT)
    if not os.environ.get("SAMELIGHT_HARMONIZE"):
        yield 500
        return None
    yield from lab.activate(document, node)
    before = lab.node_pixels(node)
    lab.trigger()
    yield from lab.until_idle()
    yield from lab.settle(document)
    above = document.topLevelNodes()[-1]
    return {
        "message": lab.controller.message,
        "layers": [each.name() for each in document.topLevelNodes()],
        "shown": [each.name() for each in document.topLevelNodes() if each.visible()],
        "changed": lab.node_pixels(above) != before,
        "original": lab.node_pixels(node) == before,
        "transport": type(lab.plugin.link._client._transport).__name__,
    }


def case_quit(lab):
    lab.krita.action("file_quit").trigger()
    yield 20000
    raise AssertionError("Krita goes on")
