"""Small changes are held back, clear ones pass."""

from __future__ import annotations

import numpy as np
import pytest
from pipeline_helpers import over_backdrop, ramp, raster, round_alpha, run, samples, warm
from torch import Tensor

from samelight.calibration import Calibration
from samelight.restraint import share_kept, squared_change
from samelight_wire.formats import Layout

HALF_AT = 200.0


def flat(value: float) -> np.ndarray:
    return np.full((8, 8, 3), value / 255, np.float32)


@pytest.mark.parametrize("opacity", [1.0, 0.5, 0.1])
def test_half_is_kept_of_the_change_that_is_named_however_much_of_it_shows(opacity: float) -> None:
    mask = np.zeros((8, 8), np.float32)
    mask[2:6, 2:6] = opacity
    changed = flat(100 + np.sqrt(HALF_AT)) * mask[..., None] + flat(100) * (1 - mask[..., None])
    squared = squared_change(flat(100), changed, mask)
    assert squared == pytest.approx(HALF_AT, rel=1e-2)
    assert share_kept(squared, HALF_AT) == pytest.approx(0.5, abs=1e-2)
    assert share_kept(squared, 0.0) == 1.0


@pytest.mark.parametrize(("step", "least", "most"), [(0, 1, 1), (3, 0, 0.01), (40, 0.98, 1), (120, 0.999, 1)])
def test_clear_changes_pass_and_slight_ones_do_not(step: float, least: float, most: float) -> None:
    squared = squared_change(flat(50), flat(50 + step), np.ones((8, 8), np.float32))
    assert least <= share_kept(squared, HALF_AT) <= most


def test_without_a_foreground_there_is_nothing_to_hold_back() -> None:
    assert squared_change(flat(50), flat(90), np.zeros((8, 8), np.float32)) == 0.0


def slightly(picture: Tensor, mask: Tensor) -> Tensor:
    """A network that is unsure: one code value and a half."""
    return picture + 1.5 / 255 * mask


def test_a_layer_that_fits_comes_back_as_it_was_and_the_reasons_say_so() -> None:
    picture = np.dstack([ramp(64, 96, 3, "u1"), round_alpha(64, 96, "u1")])
    request = over_backdrop(raster(picture, Layout.RGBA))
    restrained = Calibration(half_at=HALF_AT)
    outcome = run(request, slightly, calibration=restrained)
    assert np.array_equal(samples(outcome), picture)
    assert outcome.reasons["kept_share"] < 0.01
    assert "fits" in outcome.reasons["summary"]
    clear = run(request, warm, calibration=restrained).reasons
    assert clear["kept_share"] > 0.5
    assert "fits" not in clear["summary"]
    assert not np.array_equal(samples(run(request, slightly)), picture)
