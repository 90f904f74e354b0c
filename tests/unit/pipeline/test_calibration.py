"""A network's change is taken apart, and each part goes as far as its gain says."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pipeline_helpers import over_backdrop, ramp, raster, round_alpha, run, samples, warm
from torch import Tensor

from samelight import weights
from samelight.calibration import GAINS, Calibration, apart, calibrated
from samelight.weights import store
from samelight_wire.errors import WeightsCorruptError
from samelight_wire.formats import Layout
from samelight_wire.messages import Options

FREE = Calibration(half_at=0.0)
"""The network's own answer."""


@pytest.fixture
def picture() -> NDArray[np.float32]:
    return np.random.default_rng(3).uniform(0.3, 0.6, (12, 10, 3)).astype(np.float32)


@pytest.fixture
def mask() -> NDArray[np.float32]:
    mask = np.zeros((12, 10), np.float32)
    mask[3:9, 2:8] = 1
    mask[3, 2:8] = 0.5
    return mask


@pytest.fixture
def answer(picture: NDArray[np.float32], mask: NDArray[np.float32]) -> NDArray[np.float32]:
    change = np.random.default_rng(4).uniform([-0.1, -0.05, 0], [0.2, 0.1, 0.1], picture.shape).astype(np.float32)
    return picture + change * mask[..., None]


def mean_over(values: NDArray[np.float32], mask: NDArray[np.float32]) -> NDArray[np.float32]:
    """By channel, of what shows under the mask."""
    return values.sum((0, 1)) / mask.sum()


def test_the_parts_add_up_to_the_change_and_are_at_right_angles(
    picture: NDArray[np.float32], answer: NDArray[np.float32], mask: NDArray[np.float32]
) -> None:
    hard = (mask == 1).astype(np.float32)
    answer = picture + (answer - picture) * hard[..., None]
    parts = apart(picture, answer, hard)
    terms = np.stack([parts.scaled(gain) for gain in np.eye(5)])
    assert np.allclose(terms[:4].sum(axis=0), answer - picture, atol=1e-6)
    products = np.einsum("ihwc,jhwc->ij", terms[:4], terms[:4])
    assert np.allclose(products, np.diag(np.diag(products)), atol=1e-4)
    assert np.all(np.diag(products) > 0.001)


def test_without_figures_the_answer_is_the_networks_own(
    picture: NDArray[np.float32], answer: NDArray[np.float32], mask: NDArray[np.float32]
) -> None:
    kept = calibrated(picture, answer, mask, FREE)
    assert np.allclose(kept.picture, answer, atol=1e-6)
    assert (kept.share, kept.colour) == (1, 1)


def test_brightness_goes_further_and_nothing_else_does(
    picture: NDArray[np.float32], answer: NDArray[np.float32], mask: NDArray[np.float32]
) -> None:
    before = mean_over(answer - picture, mask)
    kept = calibrated(picture, answer, mask, replace(FREE, brightness=1.5))
    after = mean_over(kept.picture - picture, mask)
    assert after.mean() == pytest.approx(1.5 * before.mean(), rel=1e-3)
    assert np.allclose(after - after.mean(), before - before.mean(), atol=1e-6)
    added = kept.picture - answer
    assert np.allclose(added[mask == 1], added[5, 5], atol=1e-6)
    assert not added[mask == 0].any()


def test_colour_stays_where_its_gain_is_zero(
    picture: NDArray[np.float32], answer: NDArray[np.float32], mask: NDArray[np.float32]
) -> None:
    before = mean_over(answer - picture, mask)
    after = mean_over(calibrated(picture, answer, mask, replace(FREE, colour=0.0)).picture - picture, mask)
    assert after.mean() == pytest.approx(before.mean(), abs=1e-5)
    assert np.allclose(after, after.mean(), atol=1e-5)
    assert np.ptp(before) > 0.001


def test_what_differs_from_place_to_place_goes_without_shading_and_tinting(
    picture: NDArray[np.float32], answer: NDArray[np.float32], mask: NDArray[np.float32]
) -> None:
    kept = calibrated(picture, answer, mask, replace(FREE, shading=0.0, tinting=0.0))
    change = (kept.picture - picture)[mask == 1]
    assert np.allclose(change, change[0], atol=1e-6)
    kept = calibrated(picture, answer, mask, replace(FREE, tinting=0.0))
    change = (kept.picture - picture)[mask == 1]
    assert np.allclose(change - change.mean(axis=1, keepdims=True), change[0] - change[0].mean(), atol=1e-6)
    assert np.ptp(change.mean(axis=1)) > 0.01


def test_light_laid_on_in_proportion_leaves_black_black() -> None:
    picture = np.zeros((8, 8, 3), np.float32)
    picture[4:] = 0.4
    mask = np.ones((8, 8), np.float32)
    kept = calibrated(picture, picture + 0.1, mask, replace(FREE, proportion=1.0))
    assert np.allclose(kept.picture[:4], 0, atol=1e-6)
    assert np.allclose(kept.picture[4:], 0.6, atol=1e-5)
    assert kept.picture.mean() == pytest.approx((picture + 0.1).mean(), abs=1e-5)


def test_nothing_leaves_the_range_of_values() -> None:
    picture, mask = np.full((4, 4, 3), 0.9, np.float32), np.ones((4, 4), np.float32)
    assert calibrated(picture, picture + 0.1, mask, replace(FREE, brightness=3.0)).picture.max() == 1.0


def test_brightness_is_held_back_by_a_size_of_its_own(picture: NDArray[np.float32]) -> None:
    mask = np.ones(picture.shape[:2], np.float32)
    answer = picture + np.array([0.08, 0.04, 0.0], np.float32)  # 10.2 code values lighter, and a shift of colour
    kept = calibrated(picture, answer, mask, replace(FREE, light_half_at=10.2**2))
    change = (kept.picture - picture).mean((0, 1))
    assert change.mean() == pytest.approx(0.02, rel=1e-3)
    assert change[0] - change[2] == pytest.approx(0.08, rel=1e-3)
    assert 0.5 < kept.share < 1


@pytest.mark.parametrize(("shift", "kept"), [(4, 0.99), (30, 0.707), (300, 0.1)])
def test_colour_shifts_no_further_than_its_limit(shift: float, kept: float) -> None:
    """At the limit itself seven tenths are kept; brightness goes as far as it goes."""
    picture, mask = np.full((6, 6, 3), 0.5, np.float32), np.ones((6, 6), np.float32)
    direction = np.array([1, 0, -1], np.float32) / np.sqrt(2)
    answer = picture + 0.05 + shift / 255 * direction
    found = calibrated(picture, answer, mask, replace(FREE, colour_limit=30.0))
    assert np.allclose(found.picture - picture, 0.05 + kept * shift / 255 * direction, atol=2e-3)
    assert found.share == 1.0
    assert found.colour == pytest.approx(kept, abs=0.01)
    assert apart(picture, found.picture, mask).squares().colour < 30**2


def test_the_reasons_say_that_a_far_shift_of_colour_was_limited() -> None:
    request = over_backdrop(raster(np.dstack([ramp(64, 96, 3, "u1"), round_alpha(64, 96, "u1")]), Layout.RGBA))
    limited = run(request, reddening, calibration=replace(FREE, colour_limit=10.0)).reasons
    assert limited["kept_colour"] < 0.4
    assert "limited" in limited["summary"]
    free = run(request, reddening).reasons
    assert free["kept_colour"] == 1.0
    assert "limited" not in free["summary"]
    for own_choice in (Options(colour=0.0), Options(strength=0.0)):
        chosen = run(
            replace(request, options=own_choice), reddening, calibration=replace(FREE, colour_limit=10.0)
        ).reasons
        assert (chosen["strength"], chosen["colour"]) == (own_choice.strength, own_choice.colour)
        assert "limited" not in chosen["summary"], "an artist who wants no colour misses none"


def reddening(picture: Tensor, mask: Tensor) -> Tensor:
    """A network that shifts colour by 30 code values."""
    return picture + torch.tensor([0.1, 0, -0.07]).view(1, 3, 1, 1) * mask


def test_without_a_foreground_nothing_is_scaled(picture: NDArray[np.float32]) -> None:
    kept = calibrated(picture, picture, np.zeros(picture.shape[:2], np.float32), Calibration(brightness=2.0))
    assert np.array_equal(kept.picture, picture)
    assert kept.share == 1.0


def test_the_pipeline_takes_the_figures_of_the_weights_that_it_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of a person's own weights, where there are any."""
    request = over_backdrop(raster(np.dstack([ramp(64, 96, 3, "u1"), round_alpha(64, 96, "u1")]), Layout.RGBA))
    named = replace(request, options=replace(request.options, model="hdnet-lite"))
    folder, entry = weights.entry("hdnet-lite")
    assert folder == Path(store.__file__).parent
    shipped = run(named, warm, calibration=None)
    assert np.array_equal(samples(shipped), samples(run(named, warm, calibration=entry.calibration)))
    monkeypatch.setenv(store.WEIGHTS_VARIABLE, str(tmp_path))
    weights.write_entry(tmp_path, "hdnet-lite", replace(entry, calibration=Calibration(0, 0, 0, 0, 0)))
    assert np.array_equal(samples(run(named, warm, calibration=None)), samples(run(named, lambda each, _: each)))
    assert not np.array_equal(samples(shipped), samples(run(named, lambda each, _: each)))


def test_a_file_of_weights_has_the_figures_of_the_manifest_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "mine.safetensors"
    file.write_bytes(b"weights")
    assert weights.calibration_of(file) == Calibration()
    entry = replace(
        weights.entry("hdnet-lite")[1],
        file=file.name,
        sha256=weights.manifest.sha256_of(file),
        calibration=Calibration(brightness=1.25),
    )
    weights.write_entry(tmp_path, "hdnet-lite", entry)
    assert weights.calibration_of(file).brightness == 1.25
    file.write_bytes(b"others")
    assert weights.calibration_of(file) == Calibration()


def brightness_in_words(fields: dict[str, object]) -> None:
    fields["calibration"] = {"brightness": "much"}


def unknown_gain(fields: dict[str, object]) -> None:
    fields["calibration"] = {"sharpness": 1.0}


def no_number(fields: dict[str, object]) -> None:
    fields["calibration"] = {"colour": float("nan")}


def below_nothing(fields: dict[str, object]) -> None:
    fields["calibration"] = {"half_at": -1.0}


def no_table(fields: dict[str, object]) -> None:
    fields["calibration"] = 5


@pytest.mark.parametrize("spoil", [brightness_in_words, unknown_gain, no_number, below_nothing, no_table])
def test_figures_that_make_no_sense_are_a_damaged_manifest(
    tmp_path: Path, spoil: Callable[[dict[str, object]], None]
) -> None:
    weights.write_entry(tmp_path, "hdnet-lite", weights.entry("hdnet-lite")[1])
    manifest = tmp_path / weights.MANIFEST
    entries = json.loads(manifest.read_text())
    spoil(entries["hdnet-lite"])
    manifest.write_text(json.dumps(entries))
    with pytest.raises(WeightsCorruptError, match=r"manifest\.json"):
        weights.read_manifest(tmp_path)


def test_a_manifest_of_before_has_no_figures(tmp_path: Path) -> None:
    weights.write_entry(tmp_path, "hdnet-lite", weights.entry("hdnet-lite")[1])
    manifest = tmp_path / weights.MANIFEST
    entries = json.loads(manifest.read_text())
    del entries["hdnet-lite"]["calibration"]
    manifest.write_text(json.dumps(entries))
    assert weights.read_manifest(tmp_path)["hdnet-lite"].calibration == Calibration()


@pytest.mark.parametrize("model", ["hdnet-lite", "srin-lite", "srih-lite", "frih-lite", "rcl-lite"])
def test_every_shipped_network_is_calibrated(model: str) -> None:
    calibration = weights.calibration(model)
    assert all(0 <= getattr(calibration, name) <= 2.5 for name in GAINS)
    assert calibration.brightness > 1
    assert calibration.half_at >= 80
    assert calibration.light_half_at >= 80
