"""samelight.harmonize: arrays in, an array out."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from pipeline_helpers import ramp, round_alpha

import samelight
from samelight_wire.errors import InvalidOptionError, SizeMismatchError, UnknownModelError, UnsupportedFormatError


@pytest.fixture(autouse=True)
def random_weights(weights_folder, monkeypatch):
    monkeypatch.setenv("SAMELIGHT_WEIGHTS", str(weights_folder))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32", "float64"])
@pytest.mark.parametrize("channels", [3, 4])
def test_same_shape_type_and_surroundings(dtype, channels):
    picture = ramp(60, 70, channels, np.dtype(dtype).str[1:])
    mask = round_alpha(60, 70, "u1")
    after = samelight.harmonize(picture, mask)
    assert (after.shape, after.dtype) == (picture.shape, picture.dtype)
    assert np.array_equal(after[mask == 0], picture[mask == 0])
    assert not np.array_equal(after[mask == 255], picture[mask == 255])
    if channels == 4:
        assert np.array_equal(after[..., 3], picture[..., 3])


def test_masks_of_all_types_agree():
    picture = ramp(50, 60, 3, "u1")
    disc = round_alpha(50, 60, "f4") > 0.5
    integers, floats = (np.uint8, np.uint16), (np.float16, np.float32, np.float64)
    masks = [disc, *(disc * kind(np.iinfo(kind).max) for kind in integers), *(disc.astype(kind) for kind in floats)]
    results = [samelight.harmonize(picture, mask) for mask in masks]
    assert all(np.array_equal(results[0], other) for other in results[1:])


def test_picture_need_not_be_contiguous():
    picture = ramp(100, 120, 3, "u1")[::2, ::2]
    mask = round_alpha(50, 60, "u1")
    expected = samelight.harmonize(np.ascontiguousarray(picture), mask)
    assert np.array_equal(samelight.harmonize(picture, mask), expected)


def test_byte_order_is_the_callers_own():
    picture, mask = ramp(50, 60, 3, "u2"), round_alpha(50, 60, "u1")
    swapped = samelight.harmonize(picture.astype(">u2"), mask)
    assert swapped.dtype == np.dtype(">u2")
    assert np.array_equal(swapped, samelight.harmonize(picture, mask))


def test_strength_and_backdrop():
    layer = ramp(50, 60, 4, "u1")
    layer[..., 3] = round_alpha(50, 60, "u1")
    everywhere = np.ones((50, 60), bool)
    backdrop = ramp(50, 60, 3, "u1", seed=8)
    assert np.array_equal(samelight.harmonize(layer, everywhere, backdrop=backdrop, strength=0.0), layer)
    assert not np.array_equal(samelight.harmonize(layer, everywhere, backdrop=backdrop), layer)


def test_without_colour_it_only_gets_lighter_or_darker():
    picture, mask = np.maximum(ramp(60, 50, 3, "f4"), np.float32(0.05)), round_alpha(60, 50, "u1") > 0
    whole, none = (samelight.harmonize(picture, mask, colour=share) for share in (1.0, 0.0))

    def strays(result):
        """How far channels are from moving alike: in proportion where it gets darker, else by the same amount."""
        return np.minimum(np.ptp(result / picture, axis=-1), np.ptp(result - picture, axis=-1)).max()

    assert strays(whole) > 1e-3
    assert strays(none) < 1e-5


def test_the_usual_share_of_colour_is_what_one_gets():
    picture, mask = ramp(60, 50, 3, "u1"), round_alpha(60, 50, "u1")
    usual, said, whole = (
        samelight.harmonize(picture, mask, **choice) for choice in ({}, {"colour": 0.7}, {"colour": 1})
    )
    assert np.array_equal(usual, said)
    assert not np.array_equal(usual, whole)


def test_wrong_input():
    picture, mask = ramp(20, 30, 3, "u1"), round_alpha(20, 30, "u1")
    with pytest.raises(SizeMismatchError):
        samelight.harmonize(picture, mask[:10])
    with pytest.raises(UnsupportedFormatError):
        samelight.harmonize(picture[..., 0], mask)
    with pytest.raises(UnsupportedFormatError):
        samelight.harmonize(picture.astype(np.int64), mask)
    with pytest.raises(InvalidOptionError):
        samelight.harmonize(picture, mask, strength=1.5)
    with pytest.raises(InvalidOptionError, match="colour"):
        samelight.harmonize(picture, mask, colour=float("nan"))
    with pytest.raises(UnknownModelError):
        samelight.harmonize(picture, mask, model="no such model")


@pytest.mark.parametrize("name", ["composite", "mask", "backdrop"])
@pytest.mark.parametrize("convert", [list, torch.from_numpy, lambda array: None])
def test_what_is_no_array_is_refused_in_a_sentence(name, convert):
    arrays = {"composite": ramp(20, 30, 4, "u1"), "mask": round_alpha(20, 30, "u1"), "backdrop": ramp(20, 30, 3, "u1")}
    converted = {**arrays, name: convert(arrays[name])}
    if converted["backdrop"] is None:
        return
    with pytest.raises(UnsupportedFormatError, match=f"The {name} is of the type .*numpy array"):
        samelight.harmonize(**converted)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floats_of_0_to_255_are_refused(dtype):
    picture, mask = ramp(20, 30, 3, "u1"), round_alpha(20, 30, "u1")
    picture[:15] = 0  # what is black says nothing
    with pytest.raises(UnsupportedFormatError, match="The composite holds floats up to 2"):
        samelight.harmonize(picture.astype(dtype), mask)
    with pytest.raises(UnsupportedFormatError, match="The mask holds floats up to 255"):
        samelight.harmonize(picture, mask.astype(dtype))


def test_single_lights_may_be_brighter_than_white():
    picture, mask = ramp(20, 30, 3, "f4"), round_alpha(20, 30, "u1")
    picture[2:6, 2:8] = 40.0
    assert np.array_equal(samelight.harmonize(picture, mask)[mask == 0], picture[mask == 0])


def test_float64_changes_as_float32_does_and_keeps_the_rest():
    picture, mask = ramp(50, 60, 4, "f8"), round_alpha(50, 60, "u1")
    after, single = (samelight.harmonize(picture.astype(kind), mask) for kind in ("f8", "f4"))
    assert after.dtype == np.float64
    assert np.array_equal(after[mask == 0], picture[mask == 0])
    assert np.array_equal(after[..., 3], picture[..., 3])
    assert np.array_equal(after.astype("f4"), single)


def test_a_gray_mask_is_warned_of():
    picture, mask = ramp(20, 30, 3, "u1"), round_alpha(20, 30, "u1")
    for gray in (mask // 2, mask / 510):
        with pytest.warns(UserWarning, match="at most 50 % of the effect"):
            samelight.harmonize(picture, gray)


def test_import_does_not_load_torch():
    code = "import sys, samelight; assert 'torch' not in sys.modules; assert callable(samelight.harmonize)"
    done = subprocess.run([sys.executable, "-c", code], check=False, env={"PYTHONPATH": ":".join(sys.path)})
    assert done.returncode == 0
