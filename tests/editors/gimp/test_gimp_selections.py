"""Selections: they limit the effect, and mark the object in a flattened picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gimp_scene import CANVAS, Lab, ground, object_at_night, raster
from numpy.typing import NDArray

pytestmark = pytest.mark.editor

PLACE = (60, 40)


def soft_selection() -> NDArray[Any]:
    """A selection that rises from nothing to everything: H x W."""
    return np.tile(np.clip((np.arange(CANVAS[0]) - 80) * 8, 0, 255).astype(np.uint8), (CANVAS[1], 1))


def flattened() -> tuple[NDArray[Any], NDArray[Any]]:
    """A picture in which an object was pasted and merged, and the object's place in it (H x W)."""
    picture, mask = ground(), np.zeros((CANVAS[1], CANVAS[0]), np.uint8)
    pasted = object_at_night()
    window = (slice(PLACE[1], PLACE[1] + 70), slice(PLACE[0], PLACE[0] + 90))
    alpha = pasted[..., 3:] / 255
    picture[window][..., :3] = np.round(alpha * pasted[..., :3] + (1 - alpha) * picture[window][..., :3])
    mask[window] = pasted[..., 3]
    return picture, mask


def test_a_soft_selection_limits_the_effect(lab: Lab) -> None:
    image, _, above = lab.scene(PLACE)
    lab.gimp.call("select", image=image, path=lab.gimp.give(soft_selection()))
    new = lab.pixels(lab.harmonize(image, above)[0]["id"])
    expected = lab.expected(raster(object_at_night()), PLACE, raster(ground()), selection=soft_selection())
    assert np.array_equal(new, expected)
    unselected = soft_selection()[PLACE[1] : PLACE[1] + 70, PLACE[0] : PLACE[0] + 90] == 0
    assert np.array_equal(new[unselected], object_at_night()[unselected])


def test_the_selection_does_not_count_if_not_wanted(lab: Lab) -> None:
    image, _, above = lab.scene(PLACE)
    lab.gimp.call("select", image=image, path=lab.gimp.give(soft_selection()))
    new = lab.pixels(lab.harmonize(image, above, limit_to_selection=False)[0]["id"])
    assert np.array_equal(new, lab.expected(raster(object_at_night()), PLACE, raster(ground())))


def test_gimps_own_feather(lab: Lab) -> None:
    image, _, above = lab.scene(PLACE)
    lab.gimp.call("select", image=image, rectangle=[70, 50, 40, 40], feather=12.0)
    selection = lab.gimp.take("save_selection", "uint8", 1, image=image, encoding="Y u8")
    assert np.unique(selection).size > 20
    new = lab.pixels(lab.harmonize(image, above)[0]["id"])
    expected = lab.expected(raster(object_at_night()), PLACE, raster(ground()), selection=selection)
    assert np.array_equal(new, expected)
    assert np.array_equal(lab.gimp.take("save_selection", "uint8", 1, image=image, encoding="Y u8"), selection)


@pytest.mark.parametrize("limit", [True, False])
@pytest.mark.parametrize("kind", ["rgb", "rgba"])
def test_the_selected_part_of_a_flattened_picture(lab: Lab, kind: str, limit: bool) -> None:
    picture, mask = flattened()
    pixels = picture[..., : len(kind)]
    image = lab.image()
    layer = lab.layer(image, "Background", np.ascontiguousarray(pixels), kind=kind)
    lab.gimp.call("select", image=image, path=lab.gimp.give(mask))
    layers = lab.harmonize(image, layer, limit_to_selection=limit)
    assert [each["visible"] for each in layers] == [True, False]
    new = lab.pixels(layers[0]["id"], channels=len(kind))
    assert np.array_equal(new, lab.expected(raster(np.ascontiguousarray(pixels)), (0, 0), None, selection=mask))
    assert np.array_equal(new[mask == 0], pixels[mask == 0])
    assert not np.array_equal(new[mask == 255], pixels[mask == 255])


def test_a_selection_beside_the_layer(lab: Lab) -> None:
    image, _, above = lab.scene(PLACE)
    lab.gimp.call("select", image=image, rectangle=[0, 0, 20, 20])
    said = lab.refused(image, above)
    assert "The selection does not touch the layer “object”." in said


def test_a_selection_where_the_layer_is_transparent(lab: Lab) -> None:
    image, _, above = lab.scene(PLACE)
    lab.gimp.call("select", image=image, rectangle=[60, 40, 3, 3])
    assert "fully transparent" in lab.refused(image, above)
