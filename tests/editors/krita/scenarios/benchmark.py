"""How long Krita stands still, and how long a click takes. Run by tests/benchmarks/krita.py."""

import os
import sys
import time

from PyQt5.QtCore import QTimer

ROUNDS = int(os.environ.get("SAMELIGHT_ROUNDS", "11"))
LARGE = (6000, 4000)
MIDDLE = (2000, 2000)
LAYER = (500, 500, 1000, 1000)


class Watch:
    """Notes when the event loop came round, and when the plugin read and inserted."""

    def __init__(self, lab):
        self.beats = []
        self.busy = {"read": [], "insert": []}
        self.timer = QTimer()
        self.timer.setTimerType(0)  # precise
        self.timer.timeout.connect(lambda: self.beats.append(time.perf_counter()))
        module = sys.modules[type(lab.controller).__module__]
        self.module, self.kept = module, (module.read_layer, module.insert)
        module.read_layer = self.timed("read", module.read_layer)
        module.insert = self.timed("insert", module.insert)
        self.busy["client"] = []
        client = sys.modules["samelight_wire.eventloop"].EventLoopClient
        self.client, self.methods = client, {name: getattr(client, name) for name in ("send", "drain", "tick")}
        for name, method in self.methods.items():
            setattr(client, name, self.timed("client", method))

    def timed(self, name, original):
        def wrapper(*arguments, **named):
            began = time.perf_counter()
            try:
                return original(*arguments, **named)
            finally:
                self.busy[name].append((began, time.perf_counter()))

        return wrapper

    def start(self):
        self.beats.clear()
        for spans in self.busy.values():
            spans.clear()
        self.timer.start(4)
        self.beats.append(time.perf_counter())

    def stop(self):
        self.timer.stop()

    def restore(self):
        self.module.read_layer, self.module.insert = self.kept
        for name, method in self.methods.items():
            setattr(self.client, name, method)

    def seconds(self, name):
        return sum(end - began for began, end in self.busy[name])

    def longest(self, name):
        return max((end - began for began, end in self.busy[name]), default=0.0)

    def idle_pause(self):
        """The longest time without a beat while nothing was asked."""
        return max((end - began for began, end in zip(self.beats, self.beats[1:], strict=False)), default=0.0)

    def longest_pause(self):
        """The longest time without a beat until the layer was there, less what reading and inserting took of it."""
        spans = self.busy["read"] + self.busy["insert"]
        over = max(end for _, end in spans)
        pauses = [0.0]
        for began, end in zip(self.beats, self.beats[1:], strict=False):
            if began <= over:
                own = sum(max(0.0, min(end, e) - max(began, b)) for b, e in spans)
                pauses.append(min(end, over) - began - own)
        return max(pauses)


def case_large(lab):
    """A 24-megapixel layer over a 24-megapixel picture."""
    document = yield from lab.document(*LARGE, background="large.raw")
    node = lab.add_layer(document, "layer", "large-layer.raw", (0, 0, *LARGE))
    yield from lab.activate(document, node)
    yield 1500
    yield from warm_up(lab, document)
    watch, found = Watch(lab), []
    for _ in range(max(3, ROUNDS // 3)):
        own = kritas_own(document, node)
        yield 1000
        watch.start()
        yield 1000
        watch.stop()
        own["idle"] = watch.idle_pause()
        watch.start()
        lab.trigger()
        yield from lab.until_idle()
        watch.stop()
        seconds = {name: watch.seconds(name) for name in ("read", "insert")}
        found.append({"pause": watch.longest_pause(), "client": watch.longest("client"), **seconds, **own})
        yield from back(lab, document, node)
        yield 800
    watch.restore()
    return found


def kritas_own(document, node):
    """What Krita itself takes for reading, cloning, writing and inserting a layer of this size."""
    clock = Clock()
    box = node.bounds()
    rect = (box.x(), box.y(), box.width(), box.height())
    data = node.pixelData(*rect)
    clock.mark("pixelData")
    copy = document.clone()
    copy.nodeByUniqueID(node.uniqueId()).setVisible(False)
    copy.refreshProjection()
    copy.waitForDone()
    clock.mark("clone-and-refresh")
    layer = node.duplicate()
    clock.mark("duplicate")
    layer.setPixelData(data, *rect)
    clock.mark("setPixelData")
    node.parentNode().addChildNode(layer, node)
    clock.mark("addChildNode")
    copy.close()
    layer.remove()
    document.waitForDone()
    return {"own": clock.found}


class Clock:
    """Splits time."""

    def __init__(self):
        self.found = {}
        self.last = time.perf_counter()

    def mark(self, name):
        now = time.perf_counter()
        self.found[name] = now - self.last
        self.last = now


def case_click_to_layer(lab):
    """A 1-megapixel layer on a 4-megapixel picture."""
    document = yield from lab.document(*MIDDLE, background="middle.raw")
    node = lab.add_layer(document, "layer", "middle-layer.raw", LAYER)
    yield from lab.activate(document, node)
    yield 1000
    yield from warm_up(lab, document)
    watch, found = Watch(lab), []
    for _ in range(ROUNDS):
        watch.start()
        began = time.perf_counter()
        lab.trigger()
        yield from lab.until_idle()
        watch.stop()
        _, inserted = watch.busy["insert"][-1]
        seconds = {name: watch.seconds(name) for name in ("read", "insert")}
        found.append({"click-to-layer": inserted - began, **seconds, "pause": watch.longest_pause()})
        yield from back(lab, document, node)
        yield 300
    watch.restore()
    return found


def warm_up(lab, document):
    node = document.activeNode()
    lab.trigger()
    yield from lab.until_idle()
    assert lab.controller.message == "", lab.controller.message
    yield from back(lab, document, node)
    yield 500


def back(lab, document, node):
    """Undoes the layer."""
    yield from lab.settle(document)
    lab.undo()
    yield lambda: node.visible()
    yield from lab.settle(document)
    document.setActiveNode(node)
    yield lambda: document.activeNode() is not None and document.activeNode().uniqueId() == node.uniqueId()
