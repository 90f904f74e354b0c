"""What must stay bit for bit: alpha, everything outside of the effect, and the whole layer where nothing changes."""

from __future__ import annotations

import numpy as np
import pytest
from pipeline_helpers import flattened, identity, over_backdrop, ramp, raster, round_alpha, run, samples, warm

from samelight.lifting import Blend
from samelight.pipeline import Pipeline
from samelight_wire.formats import Alpha, Encoding, Layout, Raster, Rect
from samelight_wire.messages import Options

HEIGHT, WIDTH = 90, 120

FORMATS = [
    (layout, dtype, alpha, encoding)
    for layout in (Layout.RGBA, Layout.BGRA, Layout.GRAYA, Layout.RGB)
    for dtype in ("u1", "u2", "f2", "f4")
    for alpha in ((Alpha.STRAIGHT, Alpha.PREMULTIPLIED) if layout.has_alpha else (Alpha.NONE,))
    for encoding in (Encoding.SRGB, Encoding.LINEAR_SRGB)
]


def layer_of(layout: Layout, dtype: str, alpha: Alpha = Alpha.STRAIGHT, encoding: Encoding = Encoding.SRGB) -> Raster:
    pixels = ramp(HEIGHT, WIDTH, layout.channels, dtype)
    if layout.has_alpha:
        pixels[..., -1] = round_alpha(HEIGHT, WIDTH, dtype)
    if alpha is Alpha.PREMULTIPLIED:
        share = round_alpha(HEIGHT, WIDTH, "f4")[..., None]
        pixels[..., :-1] = (pixels[..., :-1] * share).astype(pixels.dtype)
    return raster(pixels, layout, encoding, alpha)


def request_for(layer: Raster) -> object:
    if layer.format.layout.has_alpha:
        return over_backdrop(layer)
    return flattened(layer, round_alpha(HEIGHT, WIDTH, "u1"))


@pytest.mark.parametrize(("layout", "dtype", "alpha", "encoding"), FORMATS)
def test_network_that_changes_nothing_gives_the_original_bytes(layout, dtype, alpha, encoding):
    layer = layer_of(layout, dtype, alpha, encoding)
    outcome = run(request_for(layer), identity)
    assert bytes(outcome.layer.data) == layer.data
    assert outcome.layer.format == layer.format


@pytest.mark.parametrize(("layout", "dtype", "alpha", "encoding"), FORMATS)
def test_change_reaches_the_colours_and_leaves_alpha(layout, dtype, alpha, encoding):
    layer = layer_of(layout, dtype, alpha, encoding)
    outcome = run(request_for(layer))
    before, after = np.frombuffer(layer.data, samples(outcome).dtype).reshape(HEIGHT, WIDTH, -1), samples(outcome)
    colours = slice(0, -1 if layout.has_alpha else None)
    assert not np.array_equal(before[40:50, 50:70, colours], after[40:50, 50:70, colours])
    if layout.has_alpha:
        assert before[..., -1].tobytes() == after[..., -1].tobytes()
    if alpha is Alpha.PREMULTIPLIED and dtype in ("u1", "u2"):
        assert (after[..., :-1] <= after[..., -1:]).all()


@pytest.mark.parametrize("dtype", ["u1", "u2", "f2", "f4"])
def test_strength_zero_gives_the_original_bytes(dtype):
    layer = layer_of(Layout.RGBA, dtype)
    outcome = run(over_backdrop(layer))
    assert bytes(Pipeline(lambda name: warm).reblend(outcome, Blend(0.0)).layer.data) == layer.data


@pytest.mark.parametrize("dtype", ["u1", "u2", "f2", "f4"])
@pytest.mark.parametrize("encoding", [Encoding.SRGB, Encoding.LINEAR_SRGB])
def test_nothing_changes_outside_of_the_mask(dtype, encoding):
    picture = ramp(HEIGHT, WIDTH, 4, dtype)
    if dtype[0] == "f":
        picture[:10, :10] = -0.0  # a zero with a sign is a bit pattern of its own
    mask = round_alpha(HEIGHT, WIDTH, "u1")
    after = samples(run(flattened(raster(picture, Layout.RGBA, encoding), mask)))
    assert after[mask == 0].tobytes() == picture[mask == 0].tobytes()
    assert (after != picture)[mask == 255].any()


def test_soft_mask_scales_the_change():
    picture = np.full((HEIGHT, WIDTH, 3), 0.5, np.float32)
    mask = round_alpha(HEIGHT, WIDTH, "f4")
    change = samples(run(flattened(raster(picture, Layout.RGB), mask))) - picture
    half = (mask > 0.4) & (mask < 0.6)
    full = change[mask == 1].mean(axis=0)
    np.testing.assert_allclose(change[half] / mask[half][:, None], np.broadcast_to(full, (half.sum(), 3)), atol=0.01)


def test_selection_limits_a_layer_only_if_wanted():
    layer = layer_of(Layout.RGBA, "u1")
    selected = np.zeros((HEIGHT, WIDTH, 1), np.uint8)
    selected[:, : WIDTH // 2] = 255
    limited, unlimited = (
        samples(
            run(
                over_backdrop(
                    layer,
                    selection=raster(selected, Layout.MASK),
                    selection_rect=Rect(40, 30, WIDTH, HEIGHT),
                    options=Options(limit_to_selection=limit),
                )
            )
        )
        for limit in (True, False)
    )
    before = np.frombuffer(layer.data, np.uint8).reshape(HEIGHT, WIDTH, 4)
    right = np.s_[:, WIDTH // 2 :]
    assert np.array_equal(limited[right], before[right])
    assert not np.array_equal(limited[40:50, 40:59], before[40:50, 40:59])
    assert not np.array_equal(unlimited[40:50, 61:80], before[40:50, 61:80])


def test_same_request_twice_gives_the_same_bytes():
    request = over_backdrop(layer_of(Layout.BGRA, "u2"))
    assert bytes(run(request).layer.data) == bytes(run(request).layer.data)


def test_new_layer_replaces_the_original_under_multiply_and_half_opacity():
    """The flattened picture differs from the original's only by the layer's colours."""
    layer = layer_of(Layout.RGBA, "f4")
    before = np.frombuffer(layer.data, np.float32).reshape(HEIGHT, WIDTH, 4).astype(np.float64)
    after = samples(run(over_backdrop(layer))).astype(np.float64)
    backdrop = ramp(HEIGHT, WIDTH, 4, "f4", seed=9).astype(np.float64)

    def flatten(top):
        share = top[..., 3:] * 0.5
        total = share + backdrop[..., 3:] * (1 - share)
        mixed = (1 - backdrop[..., 3:]) * top[..., :3] + backdrop[..., 3:] * top[..., :3] * backdrop[..., :3]
        rest = (1 - share) * backdrop[..., 3:] * backdrop[..., :3]
        return np.concatenate([(share * mixed + rest) / total, total], axis=-1)

    one, other = flatten(before), flatten(after)
    assert np.array_equal(one[..., 3], other[..., 3])
    share = before[..., 3:] * 0.5 / one[..., 3:]
    factor = (1 - backdrop[..., 3:]) + backdrop[..., 3:] * backdrop[..., :3]
    np.testing.assert_allclose(other[..., :3] - one[..., :3], share * factor * (after - before)[..., :3], atol=1e-12)
    assert np.abs(other - one).max() > 0.01
