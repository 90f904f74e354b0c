"""What the plugin promises, held against what was to be seen in Krita."""

from __future__ import annotations

from typing import Any

import numpy as np
from krita_harness import Scenario
from numpy.typing import NDArray

from samelight_wire.client import Client
from samelight_wire.formats import Depth, Encoding, Layout, Raster, RasterFormat, Rect
from samelight_wire.messages import HarmonizeRequest, Options, new_job

__all__ = ["check_circle", "check_nothing_changed", "daemon_answer", "new_layers", "request_of", "same_picture"]

SUFFIX = " (harmonized)"

DTYPES = {"u8": "uint8", "u16": "uint16", "f16": "float16", "f32": "float32"}


def check_circle(scenario: Scenario, case: str, client: Client, *, rows: int = 1) -> dict[str, Any]:
    """Everything that holds for layers that were harmonized, undone and redone; gives what the case said."""
    facts: dict[str, Any] = scenario[case]
    assert facts["message"] == ""
    assert facts["boxes"] == []
    check_stack(facts)
    added = facts["rows_after"][len(facts["rows_before"]) :]
    assert facts["rows_after"][: len(facts["rows_before"])] == facts["rows_before"]
    assert len(added) == rows, added
    check_same(scenario, facts["undone"], facts["before"])
    check_same(scenario, facts["redone"], facts["after"])
    assert facts["rows_redone"] == facts["rows_after"]
    check_pixels(scenario, case, client)
    return facts


def check_same(scenario: Scenario, one: dict[str, Any], other: dict[str, Any]) -> None:
    """Two looks at a document: every node to the bit, and the picture."""
    assert one["nodes"] == other["nodes"]
    assert same_picture(scenario, one["picture"], other["picture"])


def same_picture(scenario: Scenario, one: str, other: str) -> bool:
    """Whether two pictures are the same; of floats, but for how sums of them are rounded."""
    if not one.endswith(".raw"):
        return one == other
    octets = [scenario.octets(file) for file in (one, other)]
    if octets[0] == octets[1]:
        return True
    pictures = [np.frombuffer(each, np.float32) for each in octets]
    return bool(np.allclose(*pictures, rtol=1e-5, atol=1e-6))


def check_stack(facts: dict[str, Any]) -> None:
    """Each new layer lies directly above its original, which is hidden, and is like it; all others are as they were."""
    before, after = facts["before"]["nodes"], facts["after"]["nodes"]
    new = new_layers(facts)
    assert len(new) == len(facts["originals"])
    places = {node["id"]: place for place, node in enumerate(after)}
    for identifier in facts["originals"]:
        original = after[places[identifier]]
        old = next(node for node in before if node["id"] == identifier)
        # What the new layer has below it in the list are its own masks, then comes the original.
        above = next(node for node in reversed(after[: places[identifier]]) if node["depth"] == original["depth"])
        assert above["id"] in {node["id"] for node in new}
        assert above["name"] == old["name"] + SUFFIX
        assert above["visible"]
        assert original == {**old, "visible": False}
        for key in ("opacity", "blend", "space", "depth"):
            assert above[key] == old[key], key
    known = {node["id"] for node in before}
    rest = [node for node in after if node["id"] in known - set(facts["originals"])]
    assert rest == [node for node in before if node["id"] not in facts["originals"]]


def new_layers(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """The layers (not masks) that were not there before."""
    known = {node["id"] for node in facts["before"]["nodes"]}
    return [node for node in facts["after"]["nodes"] if node["id"] not in known and "mask" not in node["type"]]


def check_pixels(scenario: Scenario, case: str, client: Client) -> None:
    """The new layers have the pixels that the daemon computes for the same input, with the alpha they had before."""
    facts = scenario[case]
    sent = scenario.messages(case, "harmonize")
    assert len(sent) == len(facts["new"])
    # The lowest layer is harmonized first, and the topmost one is the first of the list.
    for message, new in zip(reversed(sent), facts["new"].values(), strict=True):
        request = request_of(scenario, message)
        answer = daemon_answer(client, request)
        rect = request.layer_rect
        before, expected = as_array(request.layer), as_array(answer)
        got = np.zeros_like(expected)
        x, y, width, height = new["rect"]
        octets = scenario.octets(new["file"])
        inside = (x - rect.x, y - rect.y, rect.x + rect.width - x - width, rect.y + rect.height - y - height)
        assert min(inside) >= 0
        part = np.frombuffer(octets, got.dtype).reshape(height, width, -1)
        got[y - rect.y : y - rect.y + height, x - rect.x : x - rect.x + width] = part
        seen = expected[..., -1] != 0  # Krita drops the colour of what is invisible
        assert np.array_equal(got[seen], expected[seen])
        assert np.array_equal(got[..., -1], before[..., -1])
        assert not np.array_equal(expected[seen], before[seen])


def request_of(scenario: Scenario, message: dict[str, Any]) -> HarmonizeRequest:
    """A request that the plugin sent, to be sent again from outside."""
    rasters = {name: raster_of(scenario, message[name]) for name in ("layer", "backdrop", "selection", "layer_mask")}
    rects = {
        name: Rect(**message[name]) if message[name] else None
        for name in ("layer_rect", "backdrop_rect", "selection_rect")
    }
    return HarmonizeRequest(job=new_job(), **rasters, **rects, options=Options(**message["options"]))


def raster_of(scenario: Scenario, said: dict[str, Any] | None) -> Raster | None:
    if said is None:
        return None
    form = RasterFormat(
        said["width"], said["height"], Layout(said["layout"]), Depth(said["depth"]), Encoding(said["encoding"])
    )
    return Raster(form, scenario.octets(said["file"]), bytes.fromhex(said["icc"]) if said["icc"] else None)


def daemon_answer(client: Client, request: HarmonizeRequest) -> Raster:
    """What the daemon makes of a request."""
    return client.harmonize(request).layer


def as_array(raster: Raster) -> NDArray[Any]:
    """H x W x C samples."""
    form = raster.format
    samples = np.frombuffer(raster.octets, DTYPES[form.depth.value.lower()])
    return samples.reshape(form.height, form.width, -1)


def check_nothing_changed(facts: dict[str, Any]) -> None:
    """The document is what it was, to the bit, and its undo history too; a message and a hint say what to do."""
    assert facts["after"] == facts["before"]
    assert facts["rows_after"] == facts["rows_before"]
    assert facts["message"].endswith("."), facts["message"]
    assert facts["hint"].endswith((".", "samelight daemon --detach")), facts["hint"]
    assert facts["message"] in facts["texts"]
    assert facts["hint"] in facts["texts"]
