"""Depths and colour: the document's own space comes back, finer than 8 bits, wider than sRGB; the rest is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from daemon_harness import RunningDaemon
from krita_checks import as_array, check_circle, check_nothing_changed, request_of, same_picture
from krita_harness import Scenario
from numpy.typing import NDArray

from samelight_wire.client import Client

pytestmark = pytest.mark.editor

CASES = (
    "u16", "f16_linear", "f32_linear", "f32_gamma", "u8_wide", "u16_wide", "f32_wide", "f32_above_one", "gray",
    "layer_unlike_its_document",
)  # fmt: skip


@pytest.fixture(scope="module")
def depths(play: Callable[..., Scenario]) -> Scenario:
    return play("depths")


@pytest.fixture(scope="module")
def client(user_daemon: RunningDaemon) -> Iterator[Client]:
    with Client.connect(user_daemon.connection_file) as connected:
        yield connected


def new_pixels(depths: Scenario, case: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """The layer's samples before and after, in the part that both have."""
    (message,) = depths.messages(case, "harmonize")
    request = request_of(depths, message)
    before = as_array(request.layer)
    (new,) = depths[case]["new"].values()
    x, y, width, height = new["rect"]
    left, top = x - request.layer_rect.x, y - request.layer_rect.y
    after = np.frombuffer(depths.octets(new["file"]), before.dtype).reshape(height, width, -1)
    return before[top : top + height, left : left + width], after


@pytest.mark.parametrize("case", CASES)
def test_each_space_comes_back_as_it_was(depths: Scenario, client: Client, case: str) -> None:
    facts = check_circle(depths, case, client)
    assert same_picture(depths, facts["after"]["picture"], facts["control"])


@pytest.mark.parametrize("case", ["u16", "u16_wide", "layer_unlike_its_document"])
def test_sixteen_bits_stay_sixteen_bits(depths: Scenario, case: str) -> None:
    before, after = new_pixels(depths, case)
    visible = after[..., 3] == 65535
    # Steps of 8 bits would leave at most 256 values; the noise of the picture has thousands, and so has the result.
    assert len(np.unique(before[visible][:, 1])) > 5000
    assert len(np.unique(after[visible][:, 1])) > 4000


@pytest.mark.parametrize("case", ["u8_wide", "u16_wide", "f32_wide"])
def test_a_wide_gamut_travels_with_its_profile(depths: Scenario, case: str) -> None:
    (message,) = depths.messages(case, "harmonize")
    assert message["layer"]["encoding"] == "icc"
    assert bytes.fromhex(message["layer"]["icc"])[36:40] == b"acsp"
    assert message["backdrop"]["encoding"] == "icc"


@pytest.mark.parametrize("case", ["u16", "f32_gamma", "u16_wide"])
def test_nothing_is_clipped_or_banded(depths: Scenario, case: str) -> None:
    before, after = new_pixels(depths, case)
    full = 65535.0 if before.dtype == np.uint16 else 1.0
    visible = before[..., 3] == before[..., 3].max()
    was, now = before[visible][:, :3] / full, after[visible][:, :3] / full
    at_the_end = ((now <= 0) | (now >= 1)).mean() - ((was <= 0) | (was >= 1)).mean()
    assert at_the_end < 0.02


def test_values_above_one_stay_above_one(depths: Scenario) -> None:
    before, after = new_pixels(depths, "f32_above_one")
    assert before[..., :3].max() > 2
    assert after[..., :3].max() > 1.2
    assert np.isfinite(after).all()


@pytest.mark.parametrize("case", ["cmyk", "lab"])
def test_other_colour_models_are_refused_with_a_sentence(depths: Scenario, case: str) -> None:
    check_nothing_changed(depths[case])
    assert "RGB" in depths[case]["hint"]
