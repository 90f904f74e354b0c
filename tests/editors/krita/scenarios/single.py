"""One layer, in all the ways in which it can lie in a picture."""

SIZE = (600, 400)
RECT = (268, 26, 332, 374)


def composite(lab, **layer):
    """The sample as an artist would have it: a scene and a cut-out subject above it; a generator."""
    document = yield from lab.document(*SIZE, background="scene.raw")
    rect = layer.pop("rect", RECT)
    node = lab.add_layer(document, "subject", layer.pop("picture", "subject.raw"), rect, **layer)
    return document, node


def background(document):
    return document.nodeByName("background")


def case_plain(lab):
    document, node = yield from composite(lab)
    return (yield from lab.full_circle(document, node))


def case_half_transparent(lab):
    document, node = yield from composite(lab, picture="half.raw")
    return (yield from lab.full_circle(document, node))


def case_half_opacity(lab):
    document, node = yield from composite(lab, opacity=128)
    return (yield from lab.full_circle(document, node))


def case_multiply(lab):
    document, node = yield from composite(lab, blend="multiply", opacity=190)
    return (yield from lab.full_circle(document, node))


def case_layers_above_and_below(lab):
    document, node = yield from composite(lab)
    lab.add_layer(document, "haze", b"\x80\x90\xa0\x40" * (600 * 100), (0, 300, 600, 100), blend="screen")
    lab.add_layer(document, "hidden", b"\x00\x00\xff\xff" * (600 * 100), (0, 0, 600, 100)).setVisible(False)
    document.refreshProjection()
    return (yield from lab.full_circle(document, node))


def case_locked(lab):
    document, node = yield from composite(lab)
    node.setLocked(True)
    return (yield from lab.full_circle(document, node))


def case_alpha_locked_and_clipped(lab):
    document, node = yield from composite(lab)
    lab.add_layer(document, "paint", b"\x30\x60\xc0\xff" * (200 * 200), (300, 100, 200, 200)).setInheritAlpha(True)
    node.setAlphaLocked(True)
    document.refreshProjection()
    return (yield from lab.full_circle(document, node))


def case_one_pixel(lab):
    document = yield from lab.document(*SIZE, background="scene.raw")
    node = lab.add_layer(document, "subject", b"\x20\x40\xf0\xff", (300, 200, 1, 1))
    return (yield from lab.full_circle(document, node))


def case_opened_from_a_file(lab):
    document = lab.krita.openDocument(str(lab.picture_path("scene.png")))
    lab.window.addView(document)
    yield lambda: lab.krita.activeDocument() == document
    node = lab.add_layer(document, "subject", "subject.raw", RECT)
    return (yield from lab.full_circle(document, node))


def case_beyond_the_canvas(lab):
    document, node = yield from composite(lab, rect=(420, -60, 332, 374))
    return (yield from lab.full_circle(document, node))


def case_in_a_group(lab):
    document = yield from lab.document(*SIZE, background="scene.raw")
    group = document.createGroupLayer("group")
    document.rootNode().addChildNode(group, None)
    group.setOpacity(200)
    inner = lab.add_layer(
        document, "inner backdrop", b"\x20\x40\x90\xff" * (300 * 200), (250, 200, 300, 200), parent=group
    )
    node = lab.add_layer(document, "subject", "subject.raw", RECT, parent=group, above=inner)
    return (yield from lab.full_circle(document, node))


def case_in_a_pass_through_group(lab):
    document = yield from lab.document(*SIZE, background="scene.raw")
    group = document.createGroupLayer("group")
    document.rootNode().addChildNode(group, None)
    group.setPassThroughMode(True)
    node = lab.add_layer(document, "subject", "subject.raw", RECT, parent=group)
    return (yield from lab.full_circle(document, node))


def masked(lab, document, node):
    """Gives the layer a transparency mask that hides its lower half, softly."""
    from krita import Selection

    mask = document.createTransparencyMask("mask")
    node.addChildNode(mask, None)
    shown = Selection()
    shown.select(0, 0, SIZE[0], 200, 255)
    shown.feather(12)
    mask.setSelection(shown)
    document.refreshProjection()
    document.waitForDone()


def case_with_a_mask(lab):
    document, node = yield from composite(lab)
    masked(lab, document, node)
    return (yield from lab.full_circle(document, node))


def case_mask_selected(lab):
    document, node = yield from composite(lab)
    masked(lab, document, node)
    yield from lab.settle(document)
    document.setActiveNode(node.childNodes()[0])
    yield lambda: document.activeNode().type() == "transparencymask"
    lab.trigger()
    yield from lab.until_idle()
    return {"names": [each.name() for _, each in lab.nodes(document)], "message": lab.controller.message}


def case_soft_selection(lab):
    document, node = yield from composite(lab)
    select(document, 300, 100, 200, 200, feather=15)
    facts = yield from lab.full_circle(document, node)
    selection = document.selection()
    facts["coverage"] = lab.save("coverage", bytes(selection.pixelData(0, 0, *SIZE)))
    return facts


def case_flattened_with_selection(lab):
    document = yield from lab.document(*SIZE, background="flat.raw")
    select(document, 330, 60, 220, 330, feather=4)
    facts = yield from lab.full_circle(document, background(document))
    facts["coverage"] = lab.save("coverage", bytes(document.selection().pixelData(0, 0, *SIZE)))
    return facts


def case_on_a_transparent_picture(lab):
    document = yield from lab.document(*SIZE)
    background(document).setPixelData(b"\x00" * (4 * SIZE[0] * SIZE[1]), 0, 0, *SIZE)
    lab.add_layer(document, "half scene", lab.picture("scene.raw")[: 4 * 600 * 250], (0, 0, 600, 250))
    node = lab.add_layer(document, "subject", "subject.raw", RECT)
    return (yield from lab.full_circle(document, node))


def case_nothing_below(lab):
    document, node = yield from composite(lab)
    background(document).setVisible(False)
    document.refreshProjection()
    return (yield from refused(lab, document, node))


def case_empty_layer(lab):
    document, _ = yield from composite(lab)
    node = lab.add_layer(document, "empty", None, (0, 0, 1, 1))
    return (yield from refused(lab, document, node))


def case_selection_elsewhere(lab):
    document, node = yield from composite(lab)
    select(document, 0, 0, 50, 50)
    return (yield from refused(lab, document, node))


def case_wholly_outside(lab):
    document, node = yield from composite(lab, rect=(2000, 2000, 332, 374))
    return (yield from refused(lab, document, node))


def refused(lab, document, node):
    """Tries it where it cannot be done; a generator."""
    yield from lab.activate(document, node)
    facts = {"before": lab.snapshot(document), "rows_before": lab.history()}
    lab.trigger()
    yield from lab.until_idle()
    yield from lab.settle(document)
    facts |= {"after": lab.snapshot(document), "rows_after": lab.history()}
    return {**facts, "message": lab.controller.message, "hint": lab.controller.hint, "texts": lab.docker_texts()}


def select(document, x, y, width, height, feather=0):
    """Selects a rectangle with a soft edge."""
    from krita import Selection

    selection = Selection()
    selection.select(x, y, width, height, 255)
    if feather:
        selection.feather(feather)
    document.setSelection(selection)
