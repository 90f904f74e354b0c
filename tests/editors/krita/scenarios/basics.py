"""Trial of the laboratory itself."""


def case_history(lab):
    document = yield from lab.document(300, 200, background="scene.raw")
    top = lab.add_layer(document, "top", "subject.raw", (30, 20, 100, 80))
    mid = lab.add_layer(document, "mid", "subject.raw", (90, 60, 100, 80))
    rows = lab.history()
    yield from lab.activate(document, top)
    one = [n.name() for n in lab.window.activeView().selectedNodes()]
    yield from lab.activate(document, top, mid)
    return {
        "rows": rows,
        "one": one,
        "snap": lab.snapshot(document),
        "boxes": lab.boxes(),
        "many": [n.name() for n in lab.window.activeView().selectedNodes()],
    }
