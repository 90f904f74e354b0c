"""Layers of odd sizes and in odd places, and the errors for what cannot work."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pipeline_helpers import flattened, over_backdrop, ramp, raster, round_alpha, run, samples, warm

from samelight import harmonizers, srgb
from samelight.lifting import Blend
from samelight.pipeline import Pipeline
from samelight_wire.errors import (
    EmptyMaskError,
    NoBackdropError,
    NonFinitePixelsError,
    SamelightError,
    SizeMismatchError,
    TransparentLayerError,
)
from samelight_wire.formats import Layout, Rect
from samelight_wire.messages import HarmonizeRequest, Options


def opaque(height, width, dtype="u1"):
    pixels = ramp(height, width, 4, dtype)
    pixels[..., 3] = np.iinfo(dtype).max if dtype[0] != "f" else 1
    return pixels


def place(layer, x, y, canvas=(300, 400), **fields):
    """A layer anywhere on a canvas whose backdrop is known."""
    height, width = canvas
    backdrop = raster(ramp(height, width, 3, "u1", seed=3), Layout.RGB)
    rect = Rect(x, y, layer.shape[1], layer.shape[0])
    layout = Layout.RGBA if layer.shape[2] == 4 else Layout.GRAYA
    return HarmonizeRequest("test", raster(layer, layout), rect, backdrop, Rect(0, 0, width, height), **fields)


@pytest.mark.parametrize("corner", [(-60, -40), (350, 260), (-60, 260), (180, -50)])
def test_parts_off_the_canvas_get_the_change_too(corner):
    layer = opaque(120, 140)
    after = samples(run(place(layer, *corner)))
    expected = layer[..., :3] / 255 * [1.05, 0.92, 0.75] + 0.01
    assert np.abs(after[..., :3] / 255 - expected).max() < 0.06
    assert np.abs(after[..., :3] / 255 - expected).mean() < 0.01


def test_small_layer_on_a_large_canvas_is_seen_in_a_window():
    outcome = run(place(opaque(40, 50), 700, 500, canvas=(1200, 1600)))
    x, y, width, height = outcome.reasons["window"]
    assert (x, y, width, height) == (636, 436, 178, 168)
    assert outcome.reasons["foreground_share"] > 0.05


def test_small_content_of_a_large_layer_is_seen_in_a_window():
    layer = opaque(1200, 1600)
    layer[..., 3] = 0
    layer[500:540, 700:750, 3] = 255
    assert run(place(layer, 0, 0, canvas=(1200, 1600))).reasons["window"] == [636, 436, 178, 168]


@pytest.mark.parametrize("alpha", [255, 128, 20])
def test_network_sees_the_layer_over_its_backdrop_as_if_it_were_opaque(alpha):
    seen = {}

    def look(picture, mask):
        seen.update(picture=picture[0].permute(1, 2, 0).numpy(), mask=mask[0, 0].numpy())
        return warm(picture, mask)

    layer = np.zeros((64, 64, 4), np.uint8)
    layer[...] = [200, 100, 50, alpha]
    backdrop = np.zeros((256, 256, 3), np.uint8)
    backdrop[...] = [0, 0, 255]
    rect = Rect(0, 0, 256, 256)
    request = HarmonizeRequest(
        "t", raster(layer, Layout.RGBA), Rect(96, 96, 64, 64), raster(backdrop, Layout.RGB), rect
    )
    after = samples(run(request, look))
    middle = tuple(side // 2 for side in seen["mask"].shape)
    np.testing.assert_allclose(seen["mask"][middle], 1, atol=1e-4)
    np.testing.assert_allclose(seen["picture"][middle], np.array([200, 100, 50]) / 255, atol=1e-4)
    np.testing.assert_allclose(seen["picture"][0, 0], [0, 0, 1], atol=1e-6)
    assert seen["mask"][0, 0] == 0
    assert np.abs(after[..., :3] - (np.array([200, 100, 50]) * [1.05, 0.92, 0.75] + 2.55)).max() < 1.1
    assert (after[..., 3] == alpha).all()


def test_layer_that_hides_its_whole_backdrop_is_shown_with_its_transparency():
    masks = []

    def look(picture, mask):
        masks.append(mask)
        return picture

    haze = opaque(300, 400)
    haze[..., 3] = 100
    run(place(haze, 0, 0), look)
    np.testing.assert_allclose(masks[0].numpy(), 100 / 255, atol=1e-4)


def test_transparent_backdrop_is_filled_and_never_black():
    seen = {}

    def look(picture, mask):
        seen.update(picture=picture[0].permute(1, 2, 0).numpy())
        return picture

    backdrop = np.zeros((256, 256, 4), np.uint8)
    backdrop[:, :60] = [200, 150, 100, 255]
    layer = np.zeros((40, 40, 4), np.uint8)
    layer[...] = [20, 40, 60, 255]
    rect = Rect(0, 0, 256, 256)
    outcome = run(
        HarmonizeRequest("t", raster(layer, Layout.RGBA), Rect(100, 100, 40, 40), raster(backdrop, Layout.RGBA), rect),
        look,
    )
    np.testing.assert_allclose(seen["picture"][0, -1], np.array([200, 150, 100]) / 255, atol=1e-3)
    assert outcome.reasons["known_backdrop_share"] < 0.5


def test_colour_of_transparent_pixels_does_not_bleed():
    layer = np.zeros((64, 64, 4), np.uint8)
    layer[...] = [0, 255, 0, 0]  # what is invisible is green
    layer[16:48, 16:48] = [200, 100, 50, 255]
    composition_colours = []

    def look(picture, mask):
        composition_colours.append(picture[0].permute(1, 2, 0)[mask[0, 0] > 0.99])
        return picture

    run(place(layer, 100, 100), look)
    np.testing.assert_allclose(composition_colours[0].mean(0).numpy(), np.array([200, 100, 50]) / 255, atol=1e-3)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 20000), (20000, 3), (2, 7)])
def test_odd_sizes_over_a_backdrop(height, width):
    layer = opaque(height, width)
    after = samples(run(place(layer, 5, 5)))
    assert after.shape == layer.shape
    assert not np.array_equal(after[..., :3], layer[..., :3])


@pytest.mark.parametrize(("height", "width"), [(3, 2000), (2000, 3), (2, 2), (1, 9)])
def test_odd_sizes_of_a_flattened_picture(height, width):
    picture = ramp(height, width, 3, "u1")
    mask = np.zeros((height, width), np.uint8)
    mask.reshape(-1)[: mask.size // 2] = 255
    after = samples(run(flattened(raster(picture, Layout.RGB), mask)))
    assert np.array_equal(after[mask == 0], picture[mask == 0])


@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 400), (200, 150)])
def test_real_network_runs_on_any_size(height, width):
    torch.manual_seed(0)
    network = harmonizers.create("hdnet-lite").eval()

    def run_network(picture, mask):
        return (network(picture * 2 - 1, mask, None) + 1) / 2

    after = samples(run(place(opaque(height, width), 30, 30), run_network))
    assert after.shape == (height, width, 4)


def test_backdrop_in_another_scale_gives_nearly_the_same_result():
    layer = opaque(100, 100)
    small = ramp(150, 200, 3, "u1", seed=3)
    large = small.repeat(2, axis=0).repeat(2, axis=1)
    rect = Rect(0, 0, 400, 300)
    one, other = (
        samples(
            run(HarmonizeRequest("t", raster(layer, Layout.RGBA), Rect(90, 70, 100, 100), raster(b, Layout.RGB), rect))
        )
        for b in (small, large)
    )
    assert np.abs(one.astype(int) - other).max() <= 1


def test_strength_blends_and_previews_without_the_network():
    layer = opaque(80, 90)
    runs = []

    def counted(picture, mask):
        runs.append(1)
        return warm(picture, mask)

    pipeline = Pipeline(lambda name: counted)
    full = pipeline.run(place(layer, 20, 20))
    half = samples(pipeline.reblend(full, Blend(0.5))).astype(int)
    middle = (samples(full).astype(int) + layer) / 2
    assert np.abs(half - middle).max() <= 1
    assert len(runs) == 1
    assert np.array_equal(samples(pipeline.reblend(full, Blend())), samples(full))


def test_reasons_tell_of_what_was_asked_for():
    layer = opaque(80, 90)
    pipeline = Pipeline(lambda name: warm)
    whole, dim, still = (
        pipeline.run(place(layer, 20, 20, options=options)).reasons
        for options in (Options(), Options(colour=0.0), Options(strength=0.0))
    )
    assert whole["warmth_stops"] > 0.05
    assert abs(dim["warmth_stops"]) < whole["warmth_stops"] / 2
    assert still["warmth_stops"] == still["exposure_stops"] == 0


def test_a_previews_reasons_are_those_of_a_request_with_its_blend():
    layer = opaque(80, 90)
    pipeline = Pipeline(lambda name: warm)
    full = pipeline.run(place(layer, 20, 20))
    for blend in (Blend(0.0, 0.0), Blend(0.5, 1.0), Blend(1.0, 0.3)):
        asked = pipeline.run(place(layer, 20, 20, options=Options(strength=blend.strength, colour=blend.colour)))
        assert pipeline.reblend(full, blend).reasons == asked.reasons
    assert "hardly changed" in pipeline.reblend(full, Blend(0.0)).reasons["summary"]


def test_reasons_of_a_gray_layer_tell_of_no_colour():
    gray = opaque(80, 90)[..., 2:]
    outcome = run(place(gray, 20, 20))
    told = outcome.reasons
    assert told["exposure_stops"] < -0.05
    assert "darker" in told["summary"]
    assert not {"warmth_stops", "tint_stops", "saturation_change", "kept_colour", "colour"} & told.keys()
    assert not any(word in told["summary"] for word in ("warm", "cool", "green", "magenta", "saturated", "colour"))
    before, after = (np.mean(srgb.decode(picture[..., 0] / 255)) for picture in (gray, samples(outcome)))
    assert told["exposure_stops"] == pytest.approx(np.log2(after / before), abs=0.02)


def test_stages_are_announced_in_order_and_can_stop_the_request():
    stages = []
    Pipeline(lambda name: warm).run(
        place(opaque(20, 20), 0, 0), lambda stage, fraction: stages.append((stage, fraction))
    )
    assert [stage for stage, _ in stages] == ["decode", "compose", "harmonize", "lift", "encode"]
    assert [fraction for _, fraction in stages] == sorted(fraction for _, fraction in stages)

    def stop(stage, fraction):
        if stage == "harmonize":
            raise SamelightError("stopped")

    with pytest.raises(SamelightError, match="stopped"):
        Pipeline(lambda name: pytest.fail("the network ran")).run(place(opaque(20, 20), 0, 0), stop)


def test_reasons_say_what_happened():
    reasons = run(place(opaque(80, 90), 20, 20)).reasons
    assert reasons["warmth_stops"] > 0.3
    assert reasons["exposure_stops"] < 0
    assert "warmer" in reasons["summary"]
    assert reasons["working_size"][0] * reasons["working_size"][1] <= 256 * 256 * 1.1


# ---- what cannot work ----


def transparent(height, width):
    pixels = opaque(height, width)
    pixels[..., 3] = 0
    return pixels


def test_transparent_layer():
    with pytest.raises(TransparentLayerError):
        run(place(transparent(30, 30), 10, 10))


def test_layer_hidden_by_its_mask():
    mask = raster(np.zeros((30, 30, 1), np.uint8), Layout.MASK)
    with pytest.raises(TransparentLayerError):
        run(place(opaque(30, 30), 10, 10, layer_mask=mask))


def test_empty_selection():
    with pytest.raises(EmptyMaskError):
        run(flattened(raster(ramp(30, 30, 3, "u1"), Layout.RGB), np.zeros((30, 30), np.uint8)))


def test_selection_of_transparent_pixels_only():
    layer = opaque(40, 40)
    layer[:20, :20, 3] = 0
    selected = np.zeros((40, 40, 1), np.uint8)
    selected[2:10, 2:10] = 255
    with pytest.raises(EmptyMaskError):
        run(place(layer, 10, 10, selection=raster(selected, Layout.MASK), selection_rect=Rect(10, 10, 40, 40)))


def test_mask_that_covers_everything():
    with pytest.raises(NoBackdropError, match="outside of the mask"):
        run(flattened(raster(ramp(30, 30, 3, "u1"), Layout.RGB), np.full((30, 30), 255, np.uint8)))


def test_transparent_backdrop():
    request = over_backdrop(
        raster(opaque(30, 30), Layout.RGBA),
        backdrop=raster(transparent(90, 110), Layout.RGBA),
        backdrop_rect=Rect(0, 0, 110, 90),
    )
    with pytest.raises(NoBackdropError):
        run(request)


def test_layer_off_the_canvas():
    with pytest.raises(NoBackdropError, match="outside"):
        run(place(opaque(30, 30), 1000, 1000))


def test_flattened_picture_without_selection():
    with pytest.raises(NoBackdropError):
        run(HarmonizeRequest("t", raster(opaque(30, 30), Layout.RGBA), Rect(0, 0, 30, 30)))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["f2", "f4"])
def test_numbers_that_are_none(value, dtype):
    layer = opaque(30, 30, dtype)
    layer[3, 4, 1] = value
    with pytest.raises(NonFinitePixelsError):
        run(place(layer, 10, 10))


def test_mask_of_another_size():
    picture = raster(ramp(30, 30, 3, "u1"), Layout.RGB)
    mask = raster(round_alpha(20, 30, "u1")[..., None], Layout.MASK)
    with pytest.raises(SizeMismatchError):
        run(HarmonizeRequest("t", picture, Rect(0, 0, 30, 30), selection=mask, selection_rect=Rect(0, 0, 30, 30)))
