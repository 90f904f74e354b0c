"""Which layers the artist means, and in which order they are worked on."""

from __future__ import annotations

from typing import Any

from samelight_wire.errors import InputError, UnsupportedFormatError

__all__ = ["MASKS", "check_still", "chosen_layers", "is_in_document", "is_in_front", "is_open", "same_node"]

MASKS = {"transparencymask", "filtermask", "transformmask", "selectionmask", "colorizemask"}


def chosen_layers(document: Any, view: Any) -> list[Any]:
    """The layers selected in the layer docker, the lowest first; of a mask its layer, of a group not its members too.

    Raises:
        InputError: there is no layer, or a chosen one is a filter layer or animated.
    """
    selected = list(view.selectedNodes()) if view is not None else []
    found = {}
    for node in selected or [document.activeNode()]:
        layer = _layer_of(node)
        if layer is not None and layer.parentNode() is not None:
            found[layer.uniqueId().toString()] = layer
    chosen = [layer for layer in found.values() if not _lies_in(layer, found)]
    if not chosen:
        raise InputError("No layer is selected.", "Select the layer that holds the pasted object.")
    for layer in chosen:
        if layer.type() == "filterlayer":
            raise UnsupportedFormatError(
                f"“{layer.name()}” is a filter layer: it has no picture of its own.",
                "Select the layer that holds the pasted object.",
            )
        check_still(layer)
    return sorted(chosen, key=_place)


def check_still(layer: Any) -> None:
    """Raise UnsupportedFormatError if a layer has other pixels at other times: one frame alone would be harmonized."""
    moving = _animated_in(layer)
    if moving is None:
        return
    name, part = layer.name(), moving.name()
    raise UnsupportedFormatError(
        f"“{name}” is animated, and harmonizing would change one frame of it alone."
        if same_node(moving, layer)
        else f"“{name}” shows “{part}”, which is animated, and harmonizing would keep one frame of it alone.",
        "Copy the frame that you want onto a new layer without animation, and harmonize that.",
    )


def _animated_in(layer: Any) -> Any:
    """The animated layer or mask that a layer shows, which may be itself; None if all stands still."""
    if layer.animated():
        return layer
    parts = [child for child in layer.childNodes() if child.visible()]
    if layer.type() == "clonelayer" and layer.sourceNode() is not None:
        parts.append(layer.sourceNode())
    return next((found for found in map(_animated_in, parts) if found is not None), None)


def is_open(document: Any) -> bool:
    """Whether Krita still has this document."""
    from krita import Krita

    return any(document == other for other in Krita.instance().documents())


def is_in_front(document: Any) -> bool:
    """Whether this document is the one that the artist works on."""
    from krita import Krita

    return is_open(document) and bool(Krita.instance().activeDocument() == document)


def is_in_document(document: Any, node: Any) -> bool:
    """Whether the node is still somewhere in this document's tree of layers, which must be open."""
    return document.nodeByUniqueID(node.uniqueId()) is not None


def same_node(one: Any, other: Any) -> bool:
    """Whether two of Krita's Python objects stand for one node."""
    return bool(one.uniqueId() == other.uniqueId())


def _layer_of(node: Any) -> Any:
    """The node itself, or the layer that a mask belongs to."""
    while node is not None and node.type() in MASKS:
        node = node.parentNode()
    return node


def _lies_in(layer: Any, groups: dict[str, Any]) -> bool:
    """Whether one of these is a group around the layer."""
    parent = layer.parentNode()
    while parent is not None:
        if parent.uniqueId().toString() in groups:
            return True
        parent = parent.parentNode()
    return False


def _place(layer: Any) -> list[int]:
    """Where the layer stands in the stack, as positions from the root inwards; smaller is lower."""
    path: list[int] = []
    parent = layer.parentNode()
    while parent is not None:
        identifier = layer.uniqueId()
        path.insert(0, [child.uniqueId() for child in parent.childNodes()].index(identifier))
        layer, parent = parent, parent.parentNode()
    return path
