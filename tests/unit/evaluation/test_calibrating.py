"""Gains are found on composites, and what is expected of them is what comes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from samelight.calibration import Calibration, Squares, calibrated
from samelight.evaluation import calibrating
from samelight.evaluation.benchmark import BenchmarkSample
from samelight.evaluation.calibrating import Seen, calibrate, expected_of, look
from samelight.evaluation.methods import Finder, Method
from samelight.evaluation.sizes import Size
from samelight_wire.errors import EmptyMaskError, InvalidOptionError

ShyOrBold = Callable[[Tensor], Tensor]


class MadeUp:
    """Composites whose foregrounds are too dark and too red, by a different amount each."""

    title = "made up"

    def __init__(self, count: int, unreadable: int = 0) -> None:
        self.names = [f"picture {number}" for number in range(count)]
        self._unreadable = unreadable

    def read(self, index: int) -> BenchmarkSample:
        if index < self._unreadable:
            raise EmptyMaskError("Nothing is selected.")
        random = torch.Generator().manual_seed(index)
        real = torch.rand(3, 40, 48, generator=random) * 0.3 + 0.4
        mask = torch.zeros(1, 40, 48)
        mask[:, 8:30, 10:40] = 1
        shift = torch.tensor([-0.1, -0.2, -0.2]) * torch.rand(1, generator=random)
        return BenchmarkSample(self.names[index], "", real + shift[:, None, None] * mask, mask, real)

    def identity(self) -> str:
        return self.title

    def chosen(self, limit: int | None) -> list[int]:
        return list(range(len(self.names)))


@dataclass(frozen=True)
class Network:
    """One that knows what is right, and does a share of it, and adds noise to everything."""

    share: float
    noise: float = 0.0
    device: str = "cpu"

    def open(self, size: Size, finder: Finder) -> Method:
        pictures = MadeUp(60)
        reals = {name: size.apply(pictures.read(index)).real for index, name in enumerate(pictures.names)}

        def harmonize(sample: BenchmarkSample) -> Tensor:
            random = torch.Generator().manual_seed(len(sample.name))
            noise = self.noise * torch.randn(sample.real.shape, generator=random)
            wanted = self.share * (reals[sample.name] - sample.composite) + noise
            return sample.composite + wanted * sample.mask

        return harmonize


def seen_with(network: Network, count: int = 40, unreadable: int = 0) -> list[Seen]:
    return look(MadeUp(count, unreadable), network, count, "none", lambda name: None)  # type: ignore[arg-type]


def test_a_network_that_does_half_is_asked_for_twice_as_much() -> None:
    found = calibrate(seen_with(Network(0.5)), harmless=1000, colour_gain=9)
    assert found.brightness == pytest.approx(2, abs=0.05)
    assert found.colour == pytest.approx(2, abs=0.05)


def test_colour_is_asked_for_no_more_than_it_may() -> None:
    seen = seen_with(Network(0.5, noise=0.02))
    free, held = (calibrate(seen, harmless=1000, colour_gain=most) for most in (9.0, 1.3))
    assert free.colour > 1.9
    assert held.colour == 1.3
    assert held.brightness == pytest.approx(free.brightness, abs=0.05), "it is at right angles to colour"
    plain = replace(held, half_at=0, light_half_at=0, colour_limit=0)
    for name in ("brightness", "shading", "tinting", "proportion"):
        least = expected_of(seen, plain).fmse_ratio
        for change in (-0.1, 0.1):
            gain = max(0.0, getattr(plain, name) + change)
            assert expected_of(seen, replace(plain, **{name: gain})).fmse_ratio >= least - 1e-5, name
    with pytest.raises(InvalidOptionError, match="at most"):
        calibrate(seen, colour_gain=float("nan"))


def test_noise_from_place_to_place_is_left_out() -> None:
    found = calibrate(seen_with(Network(1.0, noise=0.05)), harmless=1000)
    assert abs(found.shading) < 0.2
    assert abs(found.tinting) < 0.2
    assert found.brightness == pytest.approx(1, abs=0.1)


def test_what_is_expected_is_what_comes() -> None:
    """The quadratic form and the pipeline's own arithmetic, picture by picture."""
    network, calibration = Network(0.7, noise=0.02), Calibration(1.2, 0.8, 0.5, 0.3, 0.4, 120, 160, 20)
    pictures, size = MadeUp(40), calibrating.parse_size("256")
    method = network.open(size, None)  # type: ignore[arg-type]
    before, after = [], []
    for index in range(40):
        sample = size.apply(pictures.read(index))
        composite, real, answer = (
            each.permute(1, 2, 0).numpy() for each in (sample.composite, sample.real, method(sample).clamp(0, 1))
        )
        mask = sample.mask[0].numpy()
        result = calibrated(composite, answer, mask, calibration).picture
        for picture, errors in ((composite, before), (result, after)):
            errors.append((np.square(255 * (picture - real)).mean(axis=2) * mask).sum() / mask.sum())
    expected = expected_of(seen_with(network), calibration)
    assert expected.fmse_ratio == pytest.approx(sum(after) / sum(before), rel=1e-3)
    assert expected.better == np.mean(np.array(after) < before)


def test_pictures_that_need_nothing_limit_how_little_is_held_back() -> None:
    seen = seen_with(Network(1.0, noise=0.1))
    careless, careful = (calibrate(seen, harmless=limit) for limit in (1000, 20))
    found = expected_of(seen, careful)
    assert found.harmonious_fmse <= 20
    assert careful.half_at * careful.light_half_at >= careless.half_at * careless.light_half_at


def test_a_network_that_nothing_can_hold_back_is_refused() -> None:
    seen = seen_with(Network(1.0))
    huge = {"squares": Squares(1e6, 1e6, 0.0), "with_target": np.zeros(5)}
    rowdy = [replace(each, real=replace(each.composite, **huge)) for each in seen]
    with pytest.raises(InvalidOptionError, match="held back"):
        calibrate(rowdy, harmless=0.0)


def test_what_cannot_be_read_is_left_out_and_too_few_are_refused() -> None:
    assert len(seen_with(Network(1.0), 30, unreadable=4)) == 26
    with pytest.raises(InvalidOptionError, match="19 pictures"):
        seen_with(Network(1.0), 19)


def test_the_same_pictures_are_drawn_every_time(tmp_path: Path) -> None:
    names: list[list[str]] = [[], []]
    for drawn in names:
        look(MadeUp(60), Network(1.0), 25, "none", drawn.append)  # type: ignore[arg-type]
    assert names[0] == names[1]
    assert len(names[0]) == 25
    assert names[0] != MadeUp(60).names[:25]
