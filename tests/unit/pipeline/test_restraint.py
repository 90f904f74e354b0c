"""Small changes are held back, clear ones pass."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pipeline_helpers import over_backdrop, ramp, raster, round_alpha, run, samples, warm
from torch import Tensor

from samelight.harmonizers import DEFAULT
from samelight.restraint import HALF_AT, OF_NETWORKS, half_at_of, share_kept
from samelight_wire.formats import Layout


def flat(value: float) -> np.ndarray:
    return np.full((8, 8, 3), value / 255, np.float32)


@pytest.mark.parametrize("opacity", [1.0, 0.5, 0.1])
def test_half_is_kept_of_the_change_that_is_named_however_much_of_it_shows(opacity: float) -> None:
    mask = np.zeros((8, 8), np.float32)
    mask[2:6, 2:6] = opacity
    changed = flat(100 + np.sqrt(HALF_AT)) * mask[..., None] + flat(100) * (1 - mask[..., None])
    assert share_kept(flat(100), changed, mask) == pytest.approx(0.5, abs=1e-3)
    assert share_kept(flat(100), changed, mask, half_at=0.0) == 1.0


@pytest.mark.parametrize(("step", "least", "most"), [(0, 1, 1), (3, 0, 0.01), (40, 0.98, 1), (120, 0.999, 1)])
def test_clear_changes_pass_and_slight_ones_do_not(step: float, least: float, most: float) -> None:
    assert least <= share_kept(flat(50), flat(50 + step), np.ones((8, 8), np.float32)) <= most


def test_a_network_that_is_wrong_by_more_is_held_back_more() -> None:
    """The request names the network; the one that is used without a name is not among those."""
    request = over_backdrop(raster(np.dstack([ramp(64, 96, 3, "u1"), round_alpha(64, 96, "u1")]), Layout.RGBA))
    kept = []
    for model in ("hdnet-lite", "frih-lite"):
        named = replace(request, options=replace(request.options, model=model))
        kept.append(run(named, distinctly, half_at=None).reasons["kept_share"])
    assert kept[0] == pytest.approx(0.5, abs=0.1)
    assert kept[1] < kept[0] - 0.1
    assert half_at_of(DEFAULT) == HALF_AT < OF_NETWORKS["frih-lite"]


def test_without_a_foreground_there_is_nothing_to_hold_back() -> None:
    assert share_kept(flat(50), flat(90), np.zeros((8, 8), np.float32)) == 1.0


def distinctly(picture: Tensor, mask: Tensor) -> Tensor:
    """A network that changes every value by the root of `HALF_AT`."""
    return picture + HALF_AT**0.5 / 255 * mask


def slightly(picture: Tensor, mask: Tensor) -> Tensor:
    """A network that is unsure: one code value and a half."""
    return picture + 1.5 / 255 * mask


def test_a_layer_that_fits_comes_back_as_it_was_and_the_reasons_say_so() -> None:
    picture = np.dstack([ramp(64, 96, 3, "u1"), round_alpha(64, 96, "u1")])
    request = over_backdrop(raster(picture, Layout.RGBA))
    outcome = run(request, slightly, half_at=HALF_AT)
    assert np.array_equal(samples(outcome), picture)
    assert outcome.reasons["kept_share"] < 0.01
    assert "fits" in outcome.reasons["summary"]
    clear = run(request, warm, half_at=HALF_AT).reasons
    assert clear["kept_share"] > 0.5
    assert "fits" not in clear["summary"]
    assert not np.array_equal(samples(run(request, slightly)), picture)
