"""What cannot be harmonized is refused with a sentence, from scripts too, and nothing has changed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from daemon_harness import RunningDaemon
from gimp_harness import GimpHome, make_gimp_home, start_gimp
from gimp_scene import Lab, ground, object_at_night

from samelight_wire import Client

pytestmark = pytest.mark.editor

PROCEDURES = ("samelight-harmonize", "samelight-harmonize-options")


@pytest.mark.parametrize("procedure", PROCEDURES)
def test_gray(lab: Lab, procedure: str) -> None:
    image = lab.image(base="gray")
    lab.layer(image, "ground", np.full((160, 220, 2), 200, np.uint8), kind="graya")
    above = lab.layer(image, "object", np.full((40, 40, 2), 255, np.uint8), (50, 50), kind="graya")
    said = lab.refused(image, above, procedure=procedure)
    assert "grayscale" in said
    assert "Image > Mode > RGB" in said


@pytest.mark.parametrize("procedure", PROCEDURES)
def test_indexed(lab: Lab, procedure: str) -> None:
    image, _, above = lab.scene()
    lab.gimp.call("to_indexed", image=image)
    assert "indexed" in lab.refused(image, above, procedure=procedure)


def test_a_floating_selection(lab: Lab) -> None:
    image, _, above = lab.scene()
    lab.gimp.call("select", image=image, rectangle=[70, 50, 30, 30])
    floating = lab.gimp.call("float_selection", image=image, layer=above)
    for drawable in (floating, above):
        assert "To New Layer" in lab.refused(image, drawable)


def test_a_channel(lab: Lab) -> None:
    image, _, _ = lab.scene()
    channel = lab.gimp.call("add_channel", image=image, name="stencil", visible=False)
    assert "“stencil” is a channel" in lab.refused(image, channel)


def test_no_layer(lab: Lab) -> None:
    image, _, _ = lab.scene()
    assert "No layer is selected" in lab.refused(image)


def test_a_layer_of_another_image(lab: Lab) -> None:
    image, _, _ = lab.scene()
    _, _, other = lab.scene()
    assert "not in this image" in lab.refused(image, other)


def test_an_empty_group(lab: Lab) -> None:
    image, _, _ = lab.scene()
    group = lab.gimp.call("add_group", image=image, name="nothing")
    assert "“nothing” is empty" in lab.refused(image, group)


BLENDING = [
    pytest.param({"mode": "MULTIPLY"}, id="multiply"),
    pytest.param({"mode": "NORMAL_LEGACY"}, id="legacy"),
    pytest.param({"composite_mode": "CLIP_TO_BACKDROP"}, id="clipped"),
    pytest.param({"composite_space": "RGB_PERCEPTUAL"}, id="perceptual"),
]


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("blending", BLENDING)
def test_a_group_that_passes_through_and_blends(lab: Lab, blending: dict[str, str], nested: bool) -> None:
    """Its shadow lies on the ground: by itself the group looks different, which the picture shows."""
    image, group, inner = group_that_passes_through(lab, nested)
    shadow = lab.layer(image, "shadow", object_at_night(), (80, 60), parent=inner, position=1)
    lab.gimp.call("change", layer=shadow, **blending)
    said = lab.refused(image, group)
    assert f"“{'inner' if nested else 'group'}” passes through, and “shadow” in it blends" in said
    assert "mode to Normal" in said
    assert looks_different_by_itself(lab, image, inner)
    lab.harmonize(image, group)


def test_a_group_that_passes_through_with_filters(lab: Lab) -> None:
    image, group, _ = group_that_passes_through(lab, nested=False)
    lab.gimp.call("add_filter", layer=group, operation="gegl:gaussian-blur", std_dev_x=3.0, std_dev_y=3.0)
    said = lab.refused(image, group)
    assert "“group” passes through and has filters" in said
    assert looks_different_by_itself(lab, image, group)
    lab.harmonize(image, group)


def group_that_passes_through(lab: Lab, nested: bool) -> tuple[int, int, int]:
    """An object on a bright speck, in a group that passes through: image, group, and the group in which they lie."""
    image, _, _ = lab.scene((500, 500))
    group = inner = lab.gimp.call("add_group", image=image, name="group", mode="PASS_THROUGH")
    if nested:
        inner = lab.gimp.call("add_group", image=image, name="inner", parent=group, mode="PASS_THROUGH")
    lab.layer(image, "speck", 255 - object_at_night(30, 30) // 4, (100, 100), parent=inner)
    lab.layer(image, "object", object_at_night(), (60, 40), parent=inner)
    return image, group, inner


def looks_different_by_itself(lab: Lab, image: int, group: int) -> bool:
    """Whether the picture changes as soon as GIMP composes the group by itself; it does from then on."""
    before = lab.visible(image).astype(int)
    lab.gimp.call("change", layer=group, mode="NORMAL")
    return bool(np.abs(lab.visible(image) - before).max() > 10)


def test_nothing_below_and_nothing_selected(lab: Lab) -> None:
    image, below, above = lab.scene()
    assert "nothing below the layer “ground”" in lab.refused(image, below)
    lab.gimp.call("change", layer=below, visible=False)
    assert "Nothing is visible below" in lab.refused(image, above)


def test_a_layer_outside_of_the_image(lab: Lab) -> None:
    image, _, above = lab.scene((400, 10))
    assert "lies outside of the image" in lab.refused(image, above)


def test_a_transparent_layer(lab: Lab) -> None:
    image, _, _ = lab.scene()
    empty = lab.layer(image, "empty", np.zeros((20, 20, 4), np.uint8), (30, 30))
    assert "transparent" in lab.refused(image, empty)


def test_pixels_that_are_no_numbers(lab: Lab) -> None:
    image = lab.image(precision="FLOAT_LINEAR")
    lab.layer(image, "ground", ground(dtype="float32"))
    broken = object_at_night(dtype="float32")
    broken[10, 10, 1] = np.nan
    above = lab.layer(image, "object", broken, (50, 50))
    assert "not numbers" in lab.refused(image, above)


def test_of_several_layers_all_or_none(lab: Lab) -> None:
    image, _, above = lab.scene()
    empty = lab.layer(image, "empty", np.zeros((20, 20, 4), np.uint8), (30, 30))
    said = lab.refused(image, above, empty)
    assert "“empty”" in said
    assert "No layer was changed" in said


def test_a_network_without_weights(lab: Lab) -> None:
    image, _, above = lab.scene()
    assert "weights" in lab.refused(image, above, model="rcl")


def test_the_procedures_describe_themselves(lab: Lab) -> None:
    for name in PROCEDURES:
        procedure = lab.gimp.call("describe_procedure", name=name)
        assert "Harmonize" in procedure["label"].replace("_", "")
        assert any(path.startswith("<Image>/Filters") for path in procedure["paths"])
        assert any(path.startswith("<Layers>") for path in procedure["paths"])
        assert len(procedure["help"]) > 100
        own = {"model", "strength", "colour", "limit-to-selection", "hide-original"}
        assert own <= set(procedure["arguments"])
        assert all(procedure["arguments"][each] for each in own)


@pytest.fixture
def other_home(gimp_home: GimpHome, tmp_path_factory: pytest.TempPathFactory) -> GimpHome:
    """A user whose plug-in the test may damage."""
    return make_gimp_home(gimp_home.root, tmp_path_factory.mktemp("other"), gimp_home.connection_file, compiled=False)


def test_what_is_missing_is_said(
    other_home: GimpHome, client: Client, start_daemon: Callable[..., RunningDaemon]
) -> None:
    """One GIMP, one trouble after the other: each has its sentence, and the image never changes."""
    (other_home.plug_in / "connection-file.txt").write_text("/nowhere/connection.json\n")
    with start_gimp(other_home) as gimp:
        lab = Lab(gimp, client)
        image, _, above = lab.scene()
        assert "samelight daemon --detach" in lab.refused(image, above)
        ours = start_daemon()
        (other_home.plug_in / "connection-file.txt").write_text(f"{ours.connection_file}\n")
        lab.harmonize(image, above)
        ours.kill()
        assert "is gone. Start it again" in lab.refused(image, above)
        common = other_home.plug_in / "vendor" / "common"
        (common / "msgpack").rename(common / "hidden")
        assert "python3 installer" in lab.refused(image, above)
        (common / "hidden").rename(common / "msgpack")
        (common / "samelight_wire").rename(common / "hidden")
        assert "python3 installer" in lab.refused(image, above)
