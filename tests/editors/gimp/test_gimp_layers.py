"""Layers as artists have them: the new one has the daemon's colours and the original's everything else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gimp_scene import CANVAS, Lab, ground, object_at_night, raster, walk
from numpy.typing import NDArray

from samelight.cli.sample import SAMPLE_MASK

pytestmark = pytest.mark.editor

PLACE = (60, 40)

# What a picture loses on its way through GIMP's own blending, in 8-bit steps.
ROUNDING = 1
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def recoloured(lab: Lab, colours: NDArray[Any], **properties: Any) -> NDArray[Any]:
    """What a picture shows in which the layer has these pixels and was never anything else."""
    image = lab.image()
    lab.layer(image, "ground", ground())
    layer = lab.layer(image, "recoloured", colours, PLACE)
    lab.gimp.call("change", layer=layer, **properties)
    return lab.visible(image)


def test_a_layer_over_a_picture(lab: Lab) -> None:
    image, below, above = lab.scene(PLACE)
    layers = lab.harmonize(image, above)
    assert [layer["name"] for layer in layers] == ["object (harmonized)", "object", "ground"]
    assert [layer["visible"] for layer in layers] == [True, False, True]
    assert layers[0]["extent"] == [*PLACE, 90, 70]
    new = lab.pixels(layers[0]["id"])
    assert np.array_equal(new, lab.expected(raster(object_at_night()), PLACE, raster(ground())))
    assert not np.array_equal(new, object_at_night())
    assert np.array_equal(new[..., 3], object_at_night()[..., 3])
    assert np.array_equal(lab.pixels(above), object_at_night())
    assert np.array_equal(lab.pixels(below), ground())
    state = lab.gimp.call("state", image=image)
    assert state["dirty"]
    assert state["selected"] == [layers[0]["id"]]


def test_the_original_stays_in_view_if_wanted(lab: Lab) -> None:
    image, _, above = lab.scene()
    layers = lab.harmonize(image, above, hide_original=False)
    assert [layer["visible"] for layer in layers] == [True, True, True]


def test_strength(lab: Lab) -> None:
    image, _, above = lab.scene(PLACE)
    layers = lab.harmonize(image, above, strength=0.4)
    expected = lab.expected(raster(object_at_night()), PLACE, raster(ground()), strength=0.4)
    assert np.array_equal(lab.pixels(layers[0]["id"]), expected)
    layers = lab.harmonize(image, above, strength=0.0)
    assert np.array_equal(lab.pixels(layers[1]["id"]), object_at_night())


def test_colour(lab: Lab) -> None:
    """Part of the shift of colour, together with another strength than the whole one."""
    image, _, above = lab.scene(PLACE)
    new = lab.pixels(lab.harmonize(image, above, strength=0.8, colour=0.3)[0]["id"])
    sent = (raster(object_at_night()), PLACE, raster(ground()))
    assert np.array_equal(new, lab.expected(*sent, strength=0.8, colour=0.3))
    for other in ({"strength": 0.8}, {"colour": 0.3}, {"strength": 0.3, "colour": 0.8}):
        assert not np.array_equal(new, lab.expected(*sent, **other)), other


def test_without_its_colour_the_layer_only_gets_lighter_or_darker(lab: Lab) -> None:
    """A pixel's luma becomes what it becomes with colour: darker in proportion, lighter by as much in each channel."""
    image, _, above = lab.scene(PLACE)
    results = []
    for colour in (1.0, 0.0):
        results.append(lab.pixels(lab.harmonize(image, above, colour=colour)[0]["id"])[..., :3].astype(int))
        lab.gimp.call("remove_layer", image=image, layer=lab.layers(image)[0]["id"])
    with_colour, without = results
    inner = ((with_colour > 0) & (with_colour < 255) & (without > 0) & (without < 255)).all(axis=-1)
    assert inner.mean() > 0.5
    before, with_colour, without = (each[inner] for each in (object_at_night()[..., :3].astype(int), *results))
    was, becomes = ((each @ LUMINANCE)[:, None] for each in (before, with_colour))
    only_light = np.where(becomes < was, before * becomes / np.maximum(was, 1), before + becomes - was)
    assert np.abs(without - only_light).max() <= 2, "but for roundings of two results"
    assert np.abs(without - before).mean() > 2, "the light still changes"
    assert np.ptp(with_colour - before, axis=-1).mean() > 2, "there is a shift of colour to be left out"


@pytest.fixture
def last_choices(lab: Lab) -> Iterator[Path]:
    """Where the plug-in keeps what was last chosen in the dialog; nothing is remembered before and after the test."""
    folder = Path(lab.gimp.call("directory")) / "plug-in-settings"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    yield folder / "samelight-choices.json"
    shutil.rmtree(folder)


CHOICES = {"model": "default", "strength": 0.4, "colour": 0.3, "limit-to-selection": True, "hide-original": False}


@pytest.mark.parametrize(
    "lost",
    [
        pytest.param({}, id="all"),
        pytest.param({"colour": None}, id="no colour, as before it was a choice"),
        pytest.param({"model": None}, id="no model"),
        pytest.param({"colour": "much"}, id="no number"),
        pytest.param({"model": "of another release"}, id="unknown model"),
    ],
)
def test_each_remembered_choice_counts_by_itself(lab: Lab, last_choices: Path, lost: dict[str, Any]) -> None:
    """The plain entry recalls the dialog's choices; those that are missing or do not fit are the default."""
    values = {name: value for name, value in {**CHOICES, **lost}.items() if value is not None}
    last_choices.write_text(json.dumps(values), encoding="utf-8")
    image, _, above = lab.scene(PLACE)
    layers = lab.harmonize(image, above, run_mode="interactive")
    assert [layer["visible"] for layer in layers] == [True, True, True]
    sent = (raster(object_at_night()), PLACE, raster(ground()))
    with_colour, without = lab.expected(*sent, strength=0.4), lab.expected(*sent, strength=0.4, colour=0.3)
    assert not np.array_equal(with_colour, without)
    expected = with_colour if "colour" in lost else without
    assert np.array_equal(lab.pixels(layers[0]["id"]), expected)


@pytest.mark.parametrize("damaged", ["", "[]", "{", "\udc00"])
def test_damaged_memories_are_no_memories(lab: Lab, last_choices: Path, damaged: str) -> None:
    last_choices.write_text(damaged, encoding="utf-8", errors="surrogatepass")
    image, _, above = lab.scene(PLACE)
    layers = lab.harmonize(image, above, run_mode="interactive")
    expected = lab.expected(raster(object_at_night()), PLACE, raster(ground()))
    assert np.array_equal(lab.pixels(layers[0]["id"]), expected)


def test_several_layers_at_once(lab: Lab) -> None:
    image, _, first = lab.scene((20, 20))
    second = lab.layer(image, "second", object_at_night(60, 50), (120, 80))
    third = lab.layer(image, "third", object_at_night(40, 40), (10, 100))
    layers = lab.harmonize(image, third, first, second)
    names = ["third (harmonized)", "third", "second (harmonized)", "second", "object (harmonized)", "object", "ground"]
    assert [layer["name"] for layer in layers] == names
    assert [layer["visible"] for layer in layers] == [True, False, True, False, True, False, True]
    selected = lab.gimp.call("state", image=image)["selected"]
    assert sorted(selected) == sorted(layers[i]["id"] for i in (0, 2, 4))
    expected = lab.expected(raster(object_at_night()), (20, 20), raster(ground()))
    assert np.array_equal(lab.pixels(layers[4]["id"]), expected)


def test_two_layers_through_the_procedure_with_options(lab: Lab) -> None:
    image, _, first = lab.scene((20, 20))
    second = lab.layer(image, "second", object_at_night(60, 50), (120, 80))
    layers = lab.harmonize(image, first, second, procedure="samelight-harmonize-options", strength=0.5)
    assert [layer["visible"] for layer in layers] == [True, False, True, False, True]


def test_everything_else_of_the_layer_is_kept(lab: Lab) -> None:
    image, _, above = lab.scene(PLACE)
    lab.gimp.call(
        "change", layer=above, opacity=37.5, mode="MULTIPLY", color_tag="BLUE", blend_space="RGB_LINEAR",
        composite_space="RGB_PERCEPTUAL", composite_mode="CLIP_TO_BACKDROP",
    )  # fmt: skip
    before = lab.layers(image)[0]
    new, original, _ = lab.harmonize(image, above)
    for key in ("extent", "opacity", "mode", "spaces", "tag", "alpha"):
        assert new[key] == before[key] == original[key], key
    expected = lab.expected(raster(object_at_night()), PLACE, raster(ground()))
    assert np.array_equal(lab.pixels(new["id"]), expected)


def test_a_layer_partly_outside_of_the_canvas(lab: Lab) -> None:
    place = (CANVAS[0] - 50, -25)
    image, _, above = lab.scene(place)
    new = lab.harmonize(image, above)[0]
    assert new["extent"] == [*place, 90, 70]
    expected = lab.expected(raster(object_at_night()), place, raster(ground()))
    assert np.array_equal(lab.pixels(new["id"]), expected)
    outside = lab.pixels(new["id"])[:25, 50:]
    assert (outside[..., 3] > 0).any()
    assert not np.array_equal(outside, object_at_night()[:25, 50:]), "off-canvas parts are harmonized too"


@pytest.mark.parametrize("applied", [True, False])
def test_a_mask_is_kept(lab: Lab, applied: bool) -> None:
    image, _, above = lab.scene(PLACE)
    mask = np.tile(np.linspace(0, 255, 90).astype(np.uint8), (70, 1))
    original = lab.gimp.call("add_mask", layer=above, path=lab.gimp.give(mask))
    lab.gimp.call("change", layer=above, apply_mask=applied)
    layers = lab.harmonize(image, above)
    assert layers[0]["mask"] not in (None, original)
    assert layers[0]["mask_applied"] == applied
    assert np.array_equal(lab.pixels(layers[0]["mask"], channels=1), mask)
    assert np.array_equal(lab.pixels(original, channels=1), mask)
    sent = mask if applied else None
    expected = lab.expected(raster(object_at_night()), PLACE, raster(ground()), mask=sent)
    assert np.array_equal(lab.pixels(layers[0]["id"]), expected)


def test_a_mask_that_is_being_edited_stands_for_its_layer(lab: Lab) -> None:
    image, _, above = lab.scene(PLACE)
    mask = lab.gimp.call("add_mask", layer=above, path=lab.gimp.give(np.full((70, 90), 255, np.uint8)))
    assert len(lab.harmonize(image, mask)) == 3


def test_a_layer_in_nested_groups(lab: Lab) -> None:
    """The backdrop is what is visible below: groups and layers above are not part of it."""
    image = lab.image()
    below = lab.layer(image, "ground", ground())
    outer = lab.gimp.call("add_group", image=image, name="outer")
    inner = lab.gimp.call("add_group", image=image, name="inner", parent=outer)
    tint = np.full((160, 220, 4), (200, 40, 40, 128), np.uint8)
    lab.layer(image, "tint in the group", tint, parent=inner)
    above = lab.layer(image, "object", object_at_night(), PLACE, parent=inner)
    lab.gimp.call("change", layer=inner, visible=True)
    black = np.full((160, 220, 4), (0, 0, 0, 255), np.uint8)
    lab.layer(image, "above in the group", black, parent=inner)
    lab.layer(image, "above in the outer group", black, parent=outer)
    lab.layer(image, "above all", black)
    layers = lab.harmonize(image, above)
    assert [layer["name"] for layer in layers] == ["above all", "outer", "ground"]
    children = layers[1]["children"][1]["children"]
    names = ["above in the group", "object (harmonized)", "object", "tint in the group"]
    assert [layer["name"] for layer in children] == names
    assert [layer["visible"] for layer in children] == [True, True, False, True]
    only = lab.image()
    lab.layer(only, "ground", ground())
    lab.layer(only, "tint", tint)
    expected = lab.expected(raster(object_at_night()), PLACE, raster(lab.visible(only)))
    assert np.array_equal(lab.pixels(children[1]["id"]), expected)
    assert np.array_equal(lab.pixels(below), ground())


@pytest.mark.parametrize("mode", ["NORMAL", "PASS_THROUGH"])
def test_a_group_is_harmonized_as_what_it_shows(lab: Lab, mode: str) -> None:
    image, _, _ = lab.scene((500, 500))
    group = lab.gimp.call("add_group", image=image, name="group", mode=mode)
    lab.layer(image, "one", object_at_night(), PLACE, parent=group)
    lab.layer(image, "two", object_at_night(40, 40), (100, 90), parent=group)
    lab.gimp.call("change", layer=group, opacity=80.0)
    shown = lab.pixels(group)
    layers = lab.harmonize(image, group)
    assert [layer["name"] for layer in layers[:2]] == ["group (harmonized)", "group"]
    assert [layer["visible"] for layer in layers[:2]] == [True, False]
    new = layers[0]
    assert new["children"] is None
    assert new["extent"] == layers[1]["extent"] == [60, 40, 90, 90]
    assert new["opacity"] == 80.0
    assert len(layers[1]["children"]) == 2
    assert np.array_equal(lab.pixels(new["id"]), lab.expected(raster(shown), PLACE, raster(ground())))


@pytest.mark.parametrize("nested", ["NORMAL", "PASS_THROUGH"])
def test_groups_that_only_cover_look_as_before(lab: Lab, nested: str) -> None:
    """At strength 0 the picture is the same: a group that passes through is one layer, where nothing in it blends with
    what is below; what blends within a group of the mode Normal stays in there.
    """
    image, _, _ = lab.scene((500, 500))
    group = lab.gimp.call("add_group", image=image, name="group", mode="PASS_THROUGH")
    inner = lab.gimp.call("add_group", image=image, name="inner", parent=group, mode=nested)
    lab.layer(image, "one", object_at_night(), PLACE, parent=inner)
    above = lab.layer(image, "two", object_at_night(40, 40), (100, 90), parent=inner)
    hidden = lab.layer(image, "hidden", object_at_night(), (80, 80), parent=inner)
    lab.gimp.call("change", layer=hidden, mode="MULTIPLY", visible=False)
    changed = {"opacity": 60.0} if nested == "PASS_THROUGH" else {"mode": "MULTIPLY"}
    lab.gimp.call("change", layer=above, **changed)
    lab.gimp.call("change", layer=inner, opacity=70.0)
    lab.gimp.call("change", layer=group, opacity=80.0)
    before = lab.visible(image).astype(int)
    lab.harmonize(image, group, strength=0.0)
    assert np.abs(lab.visible(image) - before).max() <= ROUNDING


def test_text_is_harmonized_as_what_it_shows(lab: Lab) -> None:
    image, _, _ = lab.scene((500, 500))
    text = lab.gimp.call("add_text", image=image, text="Dusk", place=PLACE)
    shown = lab.pixels(text)
    layers = lab.harmonize(image, text)
    assert np.array_equal(lab.pixels(layers[0]["id"]), lab.expected(raster(shown), PLACE, raster(ground())))
    assert layers[1]["id"] == text
    assert not layers[1]["visible"]


def test_vector_and_link_layers_of_newer_gimps(lab: Lab) -> None:
    if lab.gimp.home.root.version("gimp") < (3, 2):
        pytest.skip("GIMP 3.0 has neither")
    image, _, _ = lab.scene((500, 500))
    vector = lab.gimp.call("add_vector", image=image, centre=[100, 80], radii=[40, 30])
    shown, place = lab.pixels(vector), tuple(lab.layers(image)[0]["extent"][:2])
    layers = lab.harmonize(image, vector)
    assert np.array_equal(lab.pixels(layers[0]["id"]), lab.expected(raster(shown), place, raster(ground())))
    assert not layers[1]["visible"]
    link = lab.gimp.call("add_link", image=image, path=str(SAMPLE_MASK.with_name("composite.jpg")), place=[-1100, -700])
    link_layers = lab.harmonize(image, link)
    assert link_layers[0]["extent"] == [-1100, -700, 1200, 800]
    assert not link_layers[1]["visible"]


def test_a_layer_without_alpha_channel_stays_without(lab: Lab) -> None:
    image = lab.image()
    lab.layer(image, "ground", ground())
    opaque = object_at_night()[..., :3]
    above = lab.layer(image, "object", opaque, PLACE, kind="rgb")
    new = lab.harmonize(image, above)[0]
    assert not new["alpha"]
    expected = lab.expected(raster(opaque), PLACE, raster(ground()))
    assert np.array_equal(lab.pixels(new["id"], channels=3), expected)


def test_a_locked_layer(lab: Lab) -> None:
    """Locks are there against slips of the brush; the visibility is still locked afterwards, and the layer hidden."""
    image, _, above = lab.scene(PLACE)
    lab.gimp.call("change", layer=above, lock_content=True, lock_position=True, lock_visibility=True, lock_alpha=True)
    layers = lab.harmonize(image, above)
    assert [layer["visible"] for layer in layers] == [True, False, True]
    expected = lab.expected(raster(object_at_night()), PLACE, raster(ground()))
    assert np.array_equal(lab.pixels(layers[0]["id"]), expected)


def test_a_layer_in_a_locked_group(lab: Lab) -> None:
    image, _, _ = lab.scene((500, 500))
    group = lab.gimp.call("add_group", image=image, name="group")
    above = lab.layer(image, "in the group", object_at_night(), PLACE, parent=group)
    lab.gimp.call("change", layer=group, lock_content=True, lock_position=True, lock_visibility=True)
    layers = lab.harmonize(image, above)
    assert [layer["visible"] for layer in layers[0]["children"]] == [True, False]


def test_a_hidden_layer(lab: Lab) -> None:
    image, _, above = lab.scene(PLACE)
    lab.gimp.call("change", layer=above, visible=False)
    layers = lab.harmonize(image, above)
    assert [layer["visible"] for layer in layers] == [True, False, True]


def test_filters_below_are_part_of_the_backdrop(lab: Lab) -> None:
    image, below, above = lab.scene(PLACE)
    lab.gimp.call("add_filter", layer=below, operation="gegl:invert-gamma")
    lab.gimp.call("change", layer=above, visible=False)
    shown = lab.visible(image)
    assert np.abs(shown[..., :3].astype(int) - ground()[..., :3]).mean() > 20
    lab.gimp.call("change", layer=above, visible=True)
    new = lab.harmonize(image, above)[0]
    assert np.array_equal(lab.pixels(new["id"]), lab.expected(raster(object_at_night()), PLACE, raster(shown)))


def test_filters_on_the_layer_are_part_of_what_it_shows(lab: Lab) -> None:
    """The new layer has them in its pixels and none of its own: it looks like the layer did, with other colours."""
    image, below, above = lab.scene(PLACE)
    lab.gimp.call("add_filter", layer=above, operation="gegl:gaussian-blur", std_dev_x=2.0, std_dev_y=2.0)
    lab.gimp.call("change", layer=below, visible=False)
    shown = lab.visible(image)[PLACE[1] : PLACE[1] + 70, PLACE[0] : PLACE[0] + 90]
    lab.gimp.call("change", layer=below, visible=True)
    new, original, _ = lab.harmonize(image, above)
    assert (new["filters"], original["filters"]) == (0, 1)
    x, y, width, height = new["extent"]
    shown = shown[y - PLACE[1] :, x - PLACE[0] :][:height, :width]
    assert np.array_equal(lab.pixels(new["id"]), lab.expected(raster(shown), (x, y), raster(ground())))
    assert np.array_equal(lab.pixels(above), object_at_night())


def test_a_group_with_filters_in_it(lab: Lab) -> None:
    """GIMP composes it anew now and then: that must not be taken for something that the artist has painted."""
    size = (1500, 1000)
    image = lab.image(size, precision="FLOAT_LINEAR")
    lab.layer(image, "ground", ground(*size, dtype="float32"))
    group = lab.gimp.call("add_group", image=image, name="group")
    inner = lab.layer(image, "inner", object_at_night(1200, 900, dtype="float32"), PLACE, parent=group)
    lab.gimp.call("add_filter", layer=inner, operation="gegl:gaussian-blur", std_dev_x=9.0, std_dev_y=9.0)
    for count in (2, 3, 4):
        lab.gimp.call("change", layer=group, visible=True, offsets=[count, count])
        assert len(lab.harmonize(image, group)) == count + 1


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("grouped", [False, True])
def test_a_shadow_beyond_the_layer_stays_in_its_place(lab: Lab, grouped: bool, masked: bool) -> None:
    """The layer grows by its filter. At strength 0 the picture looks as before, in every release."""
    image, _, above = lab.scene(PLACE)
    target = above
    if grouped:
        target = lab.gimp.call("add_group", image=image, name="group")
        lab.layer(image, "in the group", object_at_night(), PLACE, parent=target)
        lab.gimp.call("change", layer=above, visible=False)
    if masked:
        lab.gimp.call("add_mask", layer=target, path=lab.gimp.give(np.full((70, 90), 255, np.uint8)))
    lab.gimp.call("add_filter", layer=target, operation="gegl:dropshadow", x=-9.0, y=-7.0, radius=4.0)
    before = lab.visible(image).astype(int)
    layers = lab.harmonize(image, target, strength=0.0)
    new = layers[0]
    assert new["extent"][0] < PLACE[0]
    assert new["extent"][1] < PLACE[1]
    assert np.abs(lab.visible(image) - before).max() <= ROUNDING
    assert before.std() > 10


@pytest.mark.parametrize(("mode", "opacity"), [("NORMAL", 100.0), ("NORMAL", 50.0), ("MULTIPLY", 50.0)])
def test_soft_edges_do_not_grow_harder_and_multiply_not_darker(lab: Lab, mode: str, opacity: float) -> None:
    """The picture afterwards is the one before with only the layer's colours changed: alpha 0.5 stays 0.5."""
    image, _, above = lab.scene(PLACE)
    pixels = object_at_night()
    pixels[..., 3] = np.where(pixels[..., 3] > 0, 128, 0)
    lab.gimp.call("remove_layer", image=image, layer=above)
    above = lab.layer(image, "half", pixels, PLACE)
    lab.gimp.call("change", layer=above, mode=mode, opacity=opacity)
    colours = lab.pixels(lab.harmonize(image, above)[0]["id"])
    assert np.array_equal(colours[..., 3], pixels[..., 3])
    assert np.array_equal(lab.visible(image), recoloured(lab, colours, mode=mode, opacity=opacity))


def test_the_backdrop_of_a_large_picture_is_a_window(lab: Lab) -> None:
    """The canvas is 2400 pixels wide, the object small: its surroundings are sent, and at full resolution."""
    size = (2400, 1600)
    image = lab.image(size)
    lab.layer(image, "ground", ground(*size))
    above = lab.layer(image, "object", object_at_night(), (900, 700))
    new = lab.harmonize(image, above)[0]
    left, top = 900 - 64, 700 - 64
    window = ground(*size)[top : top + 70 + 128, left : left + 90 + 128]
    expected = lab.expected(raster(object_at_night()), (900, 700), raster(window), (left, top))
    assert np.array_equal(lab.pixels(new["id"]), expected)


def test_a_small_object_on_a_layer_of_the_canvas_size(lab: Lab) -> None:
    """Its surroundings are sent at full resolution too, not the whole canvas scaled down."""
    size = (2400, 1600)
    image = lab.image(size)
    lab.layer(image, "ground", ground(*size))
    pixels = np.zeros((1600, 2400, 4), np.uint8)
    pixels[700:770, 900:990] = object_at_night()
    above = lab.layer(image, "object", pixels)
    new = lab.harmonize(image, above)[0]
    expected = lab.expected(raster(pixels), (0, 0), raster(ground(*size)))
    difference = lab.pixels(new["id"]).astype(int) - expected
    assert np.abs(difference).max() <= ROUNDING


def test_a_scaled_backdrop_keeps_its_colours(lab: Lab) -> None:
    """A layer so large that its surroundings are scaled down by GIMP: nearly what the full backdrop gives."""
    size = (2400, 1600)
    image = lab.image(size)
    lab.layer(image, "ground", ground(*size))
    pixels = object_at_night(1800, 1200)
    above = lab.layer(image, "object", pixels, (300, 200))
    new = lab.harmonize(image, above)[0]
    expected = lab.expected(raster(pixels), (300, 200), raster(ground(*size)))
    difference = np.abs(lab.pixels(new["id"]).astype(int) - expected)
    assert np.abs(expected.astype(int) - pixels).mean() > 3, "there is something to change"
    assert difference.mean() < 0.5
    assert difference.max() <= 6


def test_channels_and_the_quick_mask_do_not_colour_the_backdrop(lab: Lab) -> None:
    image, _, above = lab.scene(PLACE)
    lab.gimp.call("add_channel", image=image, name="Qmask", visible=True)
    new = lab.harmonize(image, above)[0]
    expected = lab.expected(raster(object_at_night()), PLACE, raster(ground()))
    assert np.array_equal(lab.pixels(new["id"]), expected)


def test_what_a_killed_call_left_behind_is_deleted_by_the_next(lab: Lab) -> None:
    image, _, above = lab.scene(PLACE)
    old = lab.gimp.call("leave_duplicate_behind", image=image, age=600)
    young = lab.gimp.call("leave_duplicate_behind", image=image, age=1)
    lab.images.append(young)
    lab.harmonize(image, above)
    assert old not in lab.gimp.call("images")
    assert young in lab.gimp.call("images"), "another call may be at work"


def test_all_layers_have_numbers_of_their_own(lab: Lab) -> None:
    image, _, above = lab.scene(PLACE)
    numbers = [layer["id"] for layer in walk(lab.harmonize(image, above))]
    assert len(set(numbers)) == 3
