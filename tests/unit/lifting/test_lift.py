"""The fit and its application by themselves: what is carried, what is not, and that tiles leave no trace."""

from __future__ import annotations

import numpy as np
import pytest
from pipeline_helpers import ramp, round_alpha
from scipy.ndimage import gaussian_filter

from samelight.lifting import Blend, apply_change, fit_change
from samelight.lifting.gamut import clip_keeping_hue
from samelight_wire.formats import Alpha, Depth, Layout, RasterFormat, Rect

SMALL = (128, 160)


def small_picture():
    """A small picture with structure at all scales."""
    y, x = np.mgrid[: SMALL[0], : SMALL[1]]
    noise = gaussian_filter(np.random.default_rng(2).normal(0, 1, (*SMALL, 3)), (3, 3, 0))
    return np.clip(0.5 + 0.2 * np.sin(x / 17 + y / 29)[..., None] + 0.6 * noise, 0.02, 0.98).astype(np.float32)


def shaded(picture):
    """A change that varies over the picture."""
    light = np.linspace(0.7, 1.1, picture.shape[1])[None, :, None]
    return (picture * light * np.array([1.0, 0.95, 0.8]) + 0.02).astype(np.float32)


def form(pixels, layout=Layout.RGB, alpha=Alpha.NONE):
    depth = {"u1": Depth.U8, "u2": Depth.U16, "f2": Depth.F16, "f4": Depth.F32}[pixels.dtype.str[1:]]
    return RasterFormat(pixels.shape[1], pixels.shape[0], layout, depth, alpha=alpha)


def fitted(after=None, weight=None, window=None):
    before = small_picture()
    weight = np.ones(SMALL, np.float32) if weight is None else weight
    return fit_change(before, shaded(before) if after is None else after, weight, window or Rect(0, 0, 1600, 1280))


def by_definition(change, pixels, origin=(0, 0)):
    """The change at every pixel in float64: curves, bilinear coefficients, affine map."""
    height, width, channels = pixels.shape
    rows = change.row_positions(origin[1], height)
    columns = change.column_positions(origin[0], width)

    def spread(nodes):
        nodes = nodes.astype(np.float64)
        down = nodes[rows[0]] + (nodes[rows[1]] - nodes[rows[0]]) * rows[2].reshape(-1, *[1] * (nodes.ndim - 1))
        share = columns[2].reshape(1, -1, *[1] * (nodes.ndim - 2))
        return down[:, columns[0]] + (down[:, columns[1]] - down[:, columns[0]]) * share

    curved = np.stack([change.curves(pixels[..., c], c) for c in range(channels)], axis=-1).astype(np.float64)
    return curved + (spread(change.matrix) @ curved[..., None])[..., 0] + spread(change.offset)


@pytest.mark.parametrize("tile_pixels", [1, 700, 5000, 10**9])
@pytest.mark.parametrize(
    ("dtype", "alpha", "linear"),
    [
        ("u1", Alpha.NONE, False),
        ("u2", Alpha.STRAIGHT, True),
        ("f2", Alpha.PREMULTIPLIED, False),
        ("f4", Alpha.NONE, False),
    ],
)
def test_tile_size_changes_no_value(tile_pixels, dtype, alpha, linear):
    layout = Layout.RGB if alpha is Alpha.NONE else Layout.RGBA
    pixels = ramp(211, 157, 3 if alpha is Alpha.NONE else 4, dtype)
    change = fitted(window=Rect(-20, 10, 150, 170))
    arguments = {"origin": (3, 5), "blend": Blend(0.8, 0.3), "linear": linear}
    whole = apply_change(change, pixels, form(pixels, layout, alpha), **arguments)
    tiled = apply_change(change, pixels, form(pixels, layout, alpha), tile_pixels=tile_pixels, threads=3, **arguments)
    assert whole.tobytes() == tiled.tobytes()


def test_part_of_a_layer_gets_what_the_whole_gets():
    pixels = ramp(200, 160, 3, "f4")
    change = fitted(window=Rect(0, 0, 160, 200))
    whole = apply_change(change, pixels, form(pixels), origin=(0, 0))
    part = np.ascontiguousarray(pixels[61:, 33:])
    assert np.array_equal(apply_change(change, part, form(part), origin=(33, 61)), whole[61:, 33:])


def test_result_is_the_fitted_change_alone():
    pixels = ramp(300, 400, 3, "f4")
    change = fitted(window=Rect(50, 0, 300, 300))
    result = apply_change(change, pixels, form(pixels), origin=(0, 0))
    np.testing.assert_allclose(result, by_definition(change, pixels), atol=2e-6)


def test_texture_of_a_large_layer_is_kept():
    """4,000 x 3,000 pixels with texture at every pixel: gradients within 2 % of those of the fitted change alone."""
    rng = np.random.default_rng(3)
    tile = (110 + 40 * np.sin(np.arange(500) / 40)[None, :, None] + rng.normal(0, 25, (500, 500, 3))).clip(0, 255)
    pixels = np.tile(tile.astype(np.uint8), (6, 8, 1))
    change = fitted(window=Rect(0, 0, 4000, 3000))
    result = apply_change(change, pixels, form(pixels), origin=(0, 0), threads=2)
    for rows, columns in ((0, 0), (1250, 1750), (2600, 3600)):
        cut = np.s_[rows : rows + 400, columns : columns + 400]
        true = by_definition(change, pixels[cut].astype(np.float32) / 255, (columns, rows)) * 255
        inside = ((true > 1) & (true < 254)).all(axis=2)[:-1, :-1]
        one, other = (
            np.hypot(np.diff(p[..., 1], axis=0)[:, :-1], np.diff(p[..., 1], axis=1)[:-1])[inside].mean()
            for p in (result[cut].astype(float), true)
        )
        assert one == pytest.approx(other, rel=0.02)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_checkerboard_of_the_network_is_not_carried(size):
    before = small_picture()
    y, x = np.mgrid[: SMALL[0], : SMALL[1]]
    board = (((x // size + y // size) % 2) * 2 - 1)[..., None].astype(np.float32)
    clean, dirty = fitted(), fitted(after=shaded(before) + 0.03 * board)
    pixels = np.full((640, 800, 3), 128, np.uint8)
    results = [apply_change(change, pixels, form(pixels), origin=(400, 300)).astype(float) for change in (clean, dirty)]
    assert np.abs(results[0] - results[1]).max() < 0.1 * 0.03 * 255 + 1


def test_blur_and_noise_of_the_network_are_not_carried():
    before = small_picture()
    noise = np.random.default_rng(4).normal(0, 0.02, before.shape)
    soft = gaussian_filter(shaded(before), (0.7, 0.7, 0)) + noise
    change = fitted(after=soft.astype(np.float32))
    pixels = ramp(640, 800, 3, "f4")
    result = apply_change(change, pixels, form(pixels), origin=(400, 300))
    true = apply_change(fitted(), pixels, form(pixels), origin=(400, 300))

    def texture(picture):
        return np.abs(np.diff(picture, axis=1)).mean()

    assert texture(result) == pytest.approx(texture(true), rel=0.05)
    assert np.sqrt(np.square(result - true).mean()) < 0.012


def test_smooth_sky_stays_smooth():
    """In a plain gradient, the change of the noisy pair is as smooth as the gradient itself."""
    y = np.linspace(0.4, 0.8, SMALL[0], dtype=np.float32)[:, None, None]
    sky = np.broadcast_to(y * np.array([0.7, 0.85, 1.1], np.float32), (*SMALL, 3)).copy()
    after = sky * np.float32(0.8) + np.random.default_rng(5).normal(0, 0.02, sky.shape).astype(np.float32)
    change = fit_change(sky, after, np.ones(SMALL, np.float32), Rect(0, 0, SMALL[1] * 8, SMALL[0] * 8))
    large = np.ascontiguousarray(sky.repeat(8, axis=0).repeat(8, axis=1))
    result = apply_change(change, large, form(large), origin=(0, 0))
    ripple = result / large - 0.8
    assert np.abs(ripple).max() < 0.03
    assert np.abs(np.diff(ripple, axis=1)).max() < 0.001


def test_nothing_outside_of_the_mask_counts():
    before = small_picture()
    weight = round_alpha(*SMALL, "f4")
    wild = np.where(weight[..., None] > 0, shaded(before), 1 - before).astype(np.float32)
    one, other = fitted(weight=weight), fitted(after=wild, weight=weight)
    assert np.array_equal(one.matrix, other.matrix)
    assert np.array_equal(one.offset, other.offset)


def test_change_goes_on_smoothly_beyond_the_mask():
    weight = np.zeros(SMALL, np.float32)
    weight[40:80, 50:100] = 1
    before = small_picture()
    change = fitted(after=(before * np.float32(0.7)).astype(np.float32), weight=weight)
    pixels = np.full((1280, 1600, 3), 0.5, np.float32)
    result = apply_change(change, pixels, form(pixels), origin=(0, 0))
    np.testing.assert_allclose(result, 0.35, atol=0.01)


def test_gain_is_bounded():
    before = small_picture() * np.float32(0.02) + np.float32(0.4)
    after = ((before - 0.4) * 40 + 0.4).astype(np.float32)
    change = fitted(after=after)
    pixels = np.full((100, 100, 3), 0.4, np.float32)
    pixels[::2] += np.float32(0.001)
    result = apply_change(change, pixels, form(pixels), origin=(500, 500))
    before_step, after_step = (np.abs(np.diff(picture, axis=0)).max() for picture in (pixels, result))
    assert after_step <= before_step * 3 * 2.5 * 1.05


def test_very_few_pairs_are_enough():
    before = np.full((8, 8, 3), 0.5, np.float32)
    weight = np.zeros((8, 8), np.float32)
    weight[3, 4] = 1e-3
    change = fit_change(before, before * np.float32(0.8), weight, Rect(0, 0, 8, 8))
    pixels = np.full((8, 8, 3), 128, np.uint8)
    result = apply_change(change, pixels, form(pixels), origin=(0, 0))
    assert np.abs(result.astype(int) - 102).max() <= 4


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_half_strength_is_half_way_even_where_colours_clip(dtype):
    before = small_picture()
    change = fitted(after=(before * np.array([1.8, 1.4, 0.9])).astype(np.float32))
    pixels = ramp(160, 200, 3, dtype)
    full, half = (
        apply_change(change, pixels, form(pixels), origin=(400, 300), blend=Blend(strength)).astype(float)
        for strength in (1.0, 0.5)
    )
    assert (full == np.iinfo(dtype).max).mean() > 0.05
    assert np.abs(half - (full + pixels) / 2).max() <= 1


LUMA = np.array([0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize(("layout", "order"), [(Layout.RGBA, [0, 1, 2]), (Layout.BGRA, [2, 1, 0])])
def test_without_colour_every_pixel_only_gets_lighter_or_darker(layout, order):
    softer = 0.5 + 0.6 * (small_picture() - 0.5)  # dark colours lighter, light ones darker
    change = fitted(after=(softer * [1.1, 1.0, 0.9]).astype(np.float32))
    pixels = np.clip(ramp(160, 200, 4, "f4"), 0.01, 1).astype(np.float32)
    raster_format = form(pixels, layout, Alpha.STRAIGHT)
    plain, (full, none, part) = (
        pixels[..., order].astype(float),
        [
            apply_change(change, pixels, raster_format, origin=(0, 0), blend=blend)[..., order].astype(float)
            for blend in (Blend(), Blend(colour=0.0), Blend(colour=0.3))
        ],
    )
    was, becomes = (plain @ LUMA)[..., None], (full @ LUMA)[..., None]
    darker = (becomes < was)[..., 0]
    assert 0.2 < darker.mean() < 0.8
    assert np.ptp(full - plain, axis=-1).max() > 0.05, "the change shifts colours"
    assert np.abs(none - plain * becomes / was)[darker].max() < 1e-5, "darker in proportion"
    assert np.abs(none - plain - (becomes - was))[~darker].max() < 1e-5, "lighter by as much in each channel"
    assert np.abs(part - (none + 0.3 * (full - none))).max() < 1e-5


def test_a_light_that_fades_shifts_no_colour():
    """Half as much of red, green and blue alike is half as much at any share of colour: nothing glows in the dark."""
    before = small_picture()
    change = fitted(after=before * np.float32(0.5))
    pixels = ramp(160, 200, 3, "u2")
    whole, none = (
        apply_change(change, pixels, form(pixels), origin=(0, 0), blend=Blend(colour=share)).astype(int)
        for share in (1.0, 0.0)
    )
    assert np.abs(whole - none).max() < 0.01 * 65535


def test_black_and_negative_colours_stay_finite_without_colour():
    change = fitted()
    pixels = np.array([[[0, 0, 0], [-0.1, 0, 0.02], [-0.2, -0.2, -0.2], [1e-30, 0, 0]]], np.float32)
    with np.errstate(all="raise", under="ignore"):
        result = apply_change(change, pixels, form(pixels), origin=(0, 0), blend=Blend(colour=0.0))
    assert np.isfinite(result).all()
    assert np.abs(result).max() < 0.5


@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_gray_layers_have_no_colour_to_lessen(dtype):
    change = fitted(after=np.repeat(shaded(small_picture())[..., :1], 3, axis=2))
    pixels = ramp(50, 60, 2, dtype)
    raster_format = form(pixels, Layout.GRAYA, Alpha.STRAIGHT)
    whole = apply_change(change, pixels, raster_format, origin=(0, 0))
    assert not np.array_equal(whole, pixels)
    assert np.array_equal(apply_change(change, pixels, raster_format, origin=(0, 0), blend=Blend(colour=0.0)), whole)


def test_colours_of_an_integer_depth_stay_in_range_without_colour():
    before = small_picture()
    change = fitted(after=(before * np.array([1.9, 1.2, 0.3])).astype(np.float32))
    pixels = ramp(160, 200, 3, "u1")
    part = apply_change(change, pixels, form(pixels), origin=(0, 0), blend=Blend(colour=0.2)).astype(int)
    exact = (pixels / 255).astype(np.float32)
    exact = 255 * apply_change(change, exact, form(exact), origin=(0, 0), blend=Blend(colour=0.2))
    inside = ((exact >= 0) & (exact <= 255)).all(axis=-1)
    assert 0.5 < inside.mean() < 0.99, "some colours leave the range"
    assert np.abs(part - exact)[inside].max() <= 1
    clipped = np.sort(exact[~inside], axis=-1).clip(0, 255)[:, [0, 2]]
    assert np.abs(np.sort(part[~inside], axis=-1)[:, [0, 2]] - clipped).max() <= 1


@pytest.mark.parametrize("linear", [False, True])
@pytest.mark.parametrize("blend", [Blend(), Blend(colour=0.7), Blend(0.6, 0.3)])
@pytest.mark.parametrize("dtype", ["f2", "f4"])
def test_a_float_layer_is_negative_only_where_it_was(dtype, blend, linear):
    before = small_picture()
    change = fitted(after=(before * np.array([0.9, 0.6, 0.4]) - 0.2).astype(np.float32))
    pixels = ramp(160, 200, 3, dtype)
    pixels[40:60, 50:90] = 0  # a black spot
    arguments = {"origin": (0, 0), "linear": linear, "blend": blend}
    result = apply_change(change, pixels, form(pixels), **arguments)
    assert (by_definition(change, pixels.astype(np.float32)) < -0.05).mean() > 0.05, "the change alone goes below 0"
    assert result.min() >= 0
    wide = pixels.copy()
    wide[::3, ::2, 1] = -0.05
    result = apply_change(change, wide, form(wide), **arguments)
    assert (result >= np.minimum(wide, 0)).all()
    assert (result < 0).any()
    assert np.array_equal(apply_change(change, wide, form(wide), tile_pixels=70, **arguments), result)


def test_colours_of_a_float_layer_go_to_black_as_those_of_an_integer_depth():
    before = small_picture()
    change = fitted(after=(before * np.array([0.9, 0.6, 0.4]) - 0.2).astype(np.float32))
    deep = ramp(160, 200, 3, "u2")
    exact = (deep / 65535).astype(np.float32)
    results = [apply_change(change, pixels, form(pixels), origin=(0, 0)) for pixels in (deep, exact)]
    below = (by_definition(change, exact) < 0).any(axis=-1)
    assert below.mean() > 0.2
    assert np.abs(results[0] - results[1] * 65535.0).max() <= 1


@pytest.mark.parametrize("linear", [False, True])
def test_values_above_white_stay_in_a_float_layer(linear):
    change = fitted(after=small_picture() * np.float32(0.9))
    pixels = np.full((4, 5, 3), 7.0, np.float32)
    assert apply_change(change, pixels, form(pixels), origin=(0, 0), linear=linear).min() > 2


@pytest.mark.parametrize("blend", [Blend(), Blend(0.5, 0.7)])
@pytest.mark.parametrize("dtype", ["u1", "u2", "f2", "f4"])
def test_colour_without_alpha_stays_in_a_premultiplied_layer(dtype, blend):
    """Compositors add light that covers nothing so: flames, glows."""
    pixels = ramp(160, 200, 4, dtype)
    pixels[20:40, 30:60, 3] = 0
    glow = pixels[20:40, 30:60].copy()
    if dtype == "f4":
        pixels[50, 60:70, 3] = 1e-40
    result = apply_change(fitted(), pixels, form(pixels, Layout.RGBA, Alpha.PREMULTIPLIED), origin=(0, 0), blend=blend)
    assert glow[..., :3].any()
    assert np.array_equal(result[20:40, 30:60], glow)
    assert np.isfinite(result.astype(np.float32)).all()
    assert not np.array_equal(result, pixels)


def test_a_blend_of_pictures_is_that_of_layers():
    before, after = small_picture(), np.clip(small_picture() * np.array([1.5, 1.1, 0.7]), 0, 1).astype(np.float32)
    blended = Blend(0.5, 0.25).between(before, after)
    assert np.array_equal(blended, blended.clip(0, 1))
    planes = np.moveaxis(after, -1, 0).copy()
    Blend(colour=0.25).lessen_colour(planes, np.moveaxis(before, -1, 0), (0, 1, 2))
    clip_keeping_hue(planes, 1.0)
    assert np.abs(blended - (before + np.moveaxis(planes, 0, -1)) / 2).max() < 1e-6
    assert Blend().between(before, after) is after


def test_hue_survives_clipping():
    planes = np.array([1.3, 0.9, 0.7], np.float32).reshape(3, 1, 1)
    clip_keeping_hue(planes, 1.0)
    np.testing.assert_allclose(planes[:, 0, 0], [1.0, 0.8, 0.7], atol=1e-6)
    inside = np.array([1.0, 0.5, 0.0], np.float32).reshape(3, 1, 1)
    clip_keeping_hue(inside, 1.0)
    assert inside[:, 0, 0].tolist() == [1.0, 0.5, 0.0]
    beyond = np.array([-0.5, 2.0, 1.5], np.float32).reshape(3, 1, 1)
    clip_keeping_hue(beyond, 1.0)
    np.testing.assert_allclose(beyond[:, 0, 0], [0.0, 1.0, 0.8], atol=1e-6)
