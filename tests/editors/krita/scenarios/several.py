"""Several layers at once, and layers that are not plain pixels."""

from pathlib import Path

SIZE = (600, 400)
SMALL = (166, 187)

SHAPES = """<svg xmlns="http://www.w3.org/2000/svg" width="600" height="400">
<rect x="100" y="120" width="200" height="150" fill="#c06040"/>
<circle cx="420" cy="200" r="80" fill="#30a050"/></svg>"""

# A half-opaque red over all that the layer shows, as Krita's own dialog of layer styles would set it.
RED = """<asl><node classId="null" name="" type="Descriptor">
  <node key="Scl " type="UnitFloat" unit="#Prc" value="100"/>
  <node key="masterFXSwitch" type="Boolean" value="1"/>
  <node key="SoFi" classId="SoFi" name="" type="Descriptor">
    <node key="enab" type="Boolean" value="1"/>
    <node key="Md  " type="Enum" typeId="BlnM" value="Nrml"/>
    <node key="Opct" type="UnitFloat" unit="#Prc" value="50"/>
    <node key="Clr " classId="RGBC" name="" type="Descriptor">
      <node key="Rd  " type="Double" value="255"/>
      <node key="Grn " type="Double" value="0"/>
      <node key="Bl  " type="Double" value="0"/>
    </node>
  </node>
</node></asl>"""


def three(lab):
    """A scene with three subjects above it, which overlap; a generator."""
    document = yield from lab.document(*SIZE, background="scene.raw")
    places = ((40, 100), (140, 150), (240, 200))
    layers = [
        lab.add_layer(document, f"subject {number}", "small.raw", (x, y, *SMALL))
        for number, (x, y) in enumerate(places, 1)
    ]
    return document, layers


def case_three_at_once(lab):
    document, layers = yield from three(lab)
    return (yield from lab.full_circle(document, *layers))


def case_three_in_another_order(lab):
    document, layers = yield from three(lab)
    return (yield from lab.full_circle(document, layers[2], layers[0], layers[1]))


def case_undo_this_batch(lab):
    document, layers = yield from three(lab)
    yield from lab.activate(document, *layers)
    before = lab.snapshot(document)
    lab.trigger()
    yield from lab.until_idle()
    yield from lab.settle(document)
    button = lab.button("Undo this batch")
    offered = button.isVisibleTo(lab.docker())
    after = lab.snapshot(document)
    button.click()
    yield lambda: len(lab.nodes(document)) == len(before["nodes"])
    yield from lab.settle(document)
    undone = lab.snapshot(document)
    return {"before": before, "after": after, "undone": undone, "offered": offered, "rows": lab.history(),
            "offered_again": button.isVisibleTo(lab.docker())}  # fmt: skip


def case_undo_this_batch_after_other_work(lab):
    document, layers = yield from three(lab)
    yield from lab.activate(document, *layers)
    before = lab.snapshot(document)
    lab.trigger()
    yield from lab.until_idle()
    yield from lab.settle(document)
    lab.add_layer(document, "later", b"\x00\x00\xff\xff" * 100, (0, 0, 10, 10))
    yield from lab.settle(document)
    lab.button("Undo this batch").click()
    # It first tries the undo history, and finds that something else lies on top.
    yield lambda: len(lab.nodes(document)) == len(before["nodes"]) + 1
    yield 100
    yield from lab.settle(document)
    return {"before": before, "after": lab.snapshot(document), "rows": lab.history()}


def case_undo_this_batch_of_shown_layers_after_other_work(lab):
    """A group and a vector layer: their new layers are made in a copy of the document, which is closed again."""
    document = yield from lab.document(*SIZE, background="scene.raw")
    group = group_of_two(lab, document)
    layer = document.createVectorLayer("shapes")
    document.rootNode().addChildNode(layer, None)
    layer.addShapesFromSvg(SHAPES)
    yield lambda: any(bytes(layer.projectionPixelData(0, 0, *SIZE))[3::4])
    yield from lab.activate(document, group, layer)
    names = [node.name() for _, node in lab.nodes(document)]
    lab.trigger()
    yield from lab.until_idle()
    yield from lab.settle(document)
    message, after = lab.controller.message, shown(lab, document)
    lab.add_layer(document, "later", b"\x00\x00\xff\xff" * 100, (0, 0, 10, 10))
    yield from lab.settle(document)
    lab.button("Undo this batch").click()
    yield lambda: len(lab.nodes(document)) == len(names) + 1
    yield 100
    yield from lab.settle(document)
    return {"message": message, "names": names, "after": after, "undone": shown(lab, document)}


def case_harmonized_twice(lab):
    """The second time the new layer itself; then undo and redo, sometimes faster than the plugin looks."""
    document = yield from lab.document(*SIZE, background="scene.raw")
    node = lab.add_layer(document, "subject", "small.raw", (200, 120, *SMALL))
    yield from lab.harmonize(document, node)
    yield from lab.settle(document)
    new = document.nodeByName("subject (harmonized)")
    new.setName("new")
    yield from lab.harmonize(document, new)
    yield from lab.settle(document)
    seen = [shown(lab, document)]
    for steps in ((lab.undo, lab.undo), (lab.redo,), (lab.undo,), (lab.redo, lab.redo), (lab.undo,)):
        for step in steps:
            step()
            document.waitForDone()
        yield from lab.settle(document)
        seen.append(shown(lab, document))
    return {"message": lab.controller.message, "seen": seen}


def case_three_undone_one_by_one(lab):
    document, layers = yield from three(lab)
    yield from lab.activate(document, *layers)
    lab.trigger()
    yield from lab.until_idle()
    yield from lab.settle(document)
    seen = [shown(lab, document)]
    for _ in range(3):
        lab.undo()
        yield from lab.settle(document)
        seen.append(shown(lab, document))
    return seen


def shown(lab, document):
    return [node.name() for _, node in lab.nodes(document) if node.visible()]


def case_group(lab):
    document = yield from lab.document(*SIZE, background="scene.raw")
    return (yield from with_shown(lab, document, group_of_two(lab, document)))


def group_of_two(lab, document):
    group = document.createGroupLayer("group")
    document.rootNode().addChildNode(group, None)
    lab.add_layer(document, "one", "small.raw", (40, 100, *SMALL), parent=group)
    lab.add_layer(document, "two", "small.raw", (200, 120, *SMALL), parent=group, opacity=150)
    group.setOpacity(210)
    document.refreshProjection()
    return group


def case_vector(lab):
    document = yield from lab.document(*SIZE, background="scene.raw")
    layer = document.createVectorLayer("shapes")
    document.rootNode().addChildNode(layer, None)
    layer.addShapesFromSvg(SHAPES)
    yield from lab.settle(document)
    return (yield from with_shown(lab, document, layer))


def case_clone(lab):
    document = yield from lab.document(*SIZE, background="scene.raw")
    source = lab.add_layer(document, "source", "small.raw", (200, 120, *SMALL))
    source.setVisible(False)
    clone = document.createCloneLayer("clone", source)
    document.rootNode().addChildNode(clone, None)
    document.refreshProjection()
    return (yield from with_shown(lab, document, clone))


def case_file_layer(lab):
    document = yield from lab.document(*SIZE, background="scene.raw")
    path = Path(lab.picture_path("subject.png"))
    layer = document.createFileLayer("file", str(path), "None")
    document.rootNode().addChildNode(layer, None)
    yield lambda: layer.bounds().width() > 0  # the file is read in the background
    return (yield from with_shown(lab, document, layer))


def case_layer_with_a_filter_mask(lab):
    document = yield from lab.document(*SIZE, background="scene.raw")
    node = lab.add_layer(document, "subject", "small.raw", (200, 120, *SMALL))
    invert = lab.krita.filter("invert")
    mask = document.createFilterMask("invert", invert, selection_of(0, 0, *SIZE))
    node.addChildNode(mask, None)
    document.refreshProjection()
    yield from lab.settle(document)
    return (yield from with_shown(lab, document, node))


def case_paint_layer_with_a_style(lab):
    document = yield from lab.document(*SIZE, background="scene.raw")
    node = lab.add_layer(document, "subject", "small.raw", (200, 120, *SMALL))
    return (yield from with_style(lab, document, node))


def case_group_with_a_style(lab):
    document = yield from lab.document(*SIZE, background="scene.raw")
    group = document.createGroupLayer("group")
    document.rootNode().addChildNode(group, None)
    lab.add_layer(document, "one", "small.raw", (200, 120, *SMALL), parent=group)
    return (yield from with_style(lab, document, group))


def with_style(lab, document, node):
    """The full circle of a layer that gets a layer style before; a generator."""
    plain = lab.digest(lab.composite(document))
    node.setLayerStyleFromAsl(RED)
    yield lambda: lab.digest(lab.composite(document)) != plain
    facts = yield from with_shown(lab, document, node)
    new = document.nodeByName(f"{node.name()} (harmonized)")
    return {**facts, "styles": [node.layerStyleToAsl(), new.layerStyleToAsl()]}


def case_refused_after_a_batch(lab):
    """A click that cannot begin, after one that went well."""
    document, layers = yield from three(lab)
    yield from lab.harmonize(document, *layers)
    layer = document.createFilterLayer("invert", lab.krita.filter("invert"), selection_of(0, 0, *SIZE))
    document.rootNode().addChildNode(layer, None)
    yield from lab.harmonize(document, layer)
    offered = lab.button("Undo this batch").isVisibleTo(lab.docker())
    return {"message": lab.controller.message, "offered": offered}


def case_adjustment_layer(lab):
    document, _ = yield from three(lab)
    layer = document.createFilterLayer("invert", lab.krita.filter("invert"), selection_of(0, 0, *SIZE))
    document.rootNode().addChildNode(layer, None)
    return (yield from refused(lab, document, layer))


def case_filter_layer_in_a_group_that_passes_through(lab):
    return (yield from passing_through(lab, "invert"))


def case_multiply_in_a_group_that_passes_through(lab):
    return (yield from passing_through(lab, "shadow"))


def passing_through(lab, name):
    """Tries it with a group that passes through and has another such group in it, with one layer that changes what is
    below both; a generator.
    """
    document = yield from lab.document(*SIZE, background="scene.raw")
    group = group_of_two(lab, document)
    inner = document.createGroupLayer("inner")
    group.addChildNode(inner, None)
    for each in (group, inner):
        each.setOpacity(255)
        each.setPassThroughMode(True)
    if name == "invert":
        layer = document.createFilterLayer(name, lab.krita.filter("invert"), selection_of(0, 0, *SIZE))
        inner.addChildNode(layer, None)
    else:
        lab.add_layer(document, name, "small.raw", (40, 120, *SMALL), parent=inner, blend="multiply")
    document.refreshProjection()
    return (yield from refused(lab, document, group))


def case_animated_layer(lab):
    document, layers = yield from three(lab)
    layers[1].enableAnimation()
    return (yield from refused(lab, document, *layers))


def case_group_with_an_animated_layer(lab):
    document = yield from lab.document(*SIZE, background="scene.raw")
    group = group_of_two(lab, document)
    group.childNodes()[0].enableAnimation()
    return (yield from refused(lab, document, group))


def case_clone_of_an_animated_layer(lab):
    document, layers = yield from three(lab)
    clone = document.createCloneLayer("clone", layers[0])
    document.rootNode().addChildNode(clone, None)
    layers[0].enableAnimation()
    return (yield from refused(lab, document, clone))


def refused(lab, document, *nodes):
    """Tries it where it cannot be done; a generator."""
    yield from lab.activate(document, *nodes)
    before, rows = lab.snapshot(document), lab.history()
    lab.trigger()
    yield from lab.until_idle()
    yield from lab.settle(document)
    return {"before": before, "after": lab.snapshot(document), "rows_before": rows, "rows_after": lab.history(),
            "message": lab.controller.message, "hint": lab.controller.hint, "texts": lab.docker_texts()}  # fmt: skip


def with_shown(lab, document, node):
    """The full circle, and what the layer shows before it; a generator."""
    # Shapes and files are drawn in the background, after a while.
    yield lambda: any(bytes(node.projectionPixelData(0, 0, *SIZE))[3::4])
    yield 100
    yield from lab.settle(document)
    pixels = lab.save("shown", bytes(node.projectionPixelData(0, 0, *SIZE)))
    facts = yield from lab.full_circle(document, node)
    return {**facts, "shown": pixels}


def selection_of(x, y, width, height):
    from krita import Selection

    selection = Selection()
    selection.select(x, y, width, height, 255)
    return selection
