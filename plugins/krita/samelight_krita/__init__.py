"""Samelight for Krita: gives a pasted layer the light of the picture around it.

    plugin        what Krita loads: the two actions and the docker
    controller    from the click to the new layer: one batch of layers after another
    layers        which layers were meant, and how each is read
    reading       the layer's own pixels, or what it shows
    backdrop      what is visible below a layer
    selecting     the selection and masks as coverage
    colour, icc   what Krita's colour spaces are called on the wire
    inserting     the new layer, and the original's visibility through undo and redo
    link          the connection with the daemon in Krita's event loop
    starting      starting the daemon
    docker, dialog, widgets, sentences   what the artist sees
    settings      what is remembered
    guard, qt, vendored                  what lies below it all

Nothing here blocks, opens a nested event loop or computes with pixels; see `samelight_wire` for what is sent.
"""

from __future__ import annotations

from . import vendored

__all__ = ["plugin"]

vendored.prepare()

from .plugin import load  # noqa: E402 - the wire can be imported only now

plugin = load()
