"""Recolourings of training: the four transfers against literal float64 transcriptions, and what the others promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from samelight.training.colour import to_linear
from samelight.training.composites import FAMILIES, light
from samelight.training.composites.looks import METHODS, Look, draw_look, limited, recolour
from samelight.training.composites.streams import stream
from samelight.training.recolouring import Family
from samelight.training.transfers import Region

Pixels = NDArray[np.float64]
"""N x 3."""


def region(seed: int, low: float, high: float, side: int = 48) -> Region:
    """Two pictures of correlated colours, about half of each a region."""
    random = torch.Generator().manual_seed(seed)
    mixing = torch.eye(3) + 0.5 * torch.rand(3, 3, generator=random)
    colours = torch.rand(2, 3, side * side, generator=random)
    colours = (mixing / mixing.sum(dim=1, keepdim=True) @ colours).view(2, 3, side, side)
    weight = (torch.rand(2, 1, side, side, generator=random) > 0.4).float()
    return Region(low + (high - low) * colours, weight)


def pixels(part: Region, picture: int) -> Pixels:
    """The colours inside a region."""
    inside = part.weight[picture, 0].flatten() > 0
    return part.picture[picture].flatten(1).T[inside].double().numpy()


def look(name: str, **changed: float) -> Look:
    """A family's look in full strength, with random figures."""
    family = next(family for family in FAMILIES if family.name == name)
    drawn = dict(draw_look(stream(5), Family(name, {**family.parameters, **changed}), ends_held=0).drawn)
    return Look(name, {**drawn, **({"share": np.array(1.0)} if "share" in drawn else {})})


# ---- literal transcriptions ----

LMS = np.array([[0.3811, 0.5783, 0.0402], [0.1967, 0.7244, 0.0782], [0.0241, 0.1288, 0.8444]])
YCBCR = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])


def literal_reinhard(source: Pixels, reference: Pixels) -> Pixels:
    def to_lab(rgb: Pixels) -> Pixels:
        l, m, s = np.log(np.maximum(rgb, 1 / 255) @ LMS.T).T  # noqa: E741
        return np.stack([(l + m + s) / math.sqrt(3), (l + m - 2 * s) / math.sqrt(6), (l - m) / math.sqrt(2)], axis=1)

    def to_rgb(lab: Pixels) -> Pixels:
        a, b, c = lab[:, 0] / math.sqrt(3), lab[:, 1] / math.sqrt(6), lab[:, 2] / math.sqrt(2)
        return np.exp(np.stack([a + b + c, a + b - c, a - 2 * b], axis=1)) @ np.linalg.inv(LMS).T

    own, wanted = to_lab(source), to_lab(reference)
    gain = np.minimum(wanted.std(axis=0) / own.std(axis=0), 2)
    return to_rgb((own - own.mean(axis=0)) * gain + wanted.mean(axis=0))


def literal_xiao_ma(source: Pixels, reference: Pixels) -> Pixels:
    def axes(colours: Pixels) -> tuple[Pixels, Pixels]:
        centred = colours - colours.mean(axis=0)
        values, vectors = np.linalg.eigh(centred.T @ centred / len(colours))
        return np.sqrt(values), vectors

    (own, turn), (wanted, back) = axes(source), axes(reference)
    back = back * np.sign((turn * back).sum(axis=0))
    scaled = (source - source.mean(axis=0)) @ turn * np.minimum(wanted / own, 2)
    return scaled @ back.T + reference.mean(axis=0)


def matched(values: NDArray[np.float64], reference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each value's quantile among them, read off the reference's sorted values."""
    quantile = (np.argsort(np.argsort(values)) + 0.5) / len(values)
    return np.interp(quantile, (np.arange(len(reference)) + 0.5) / len(reference), np.sort(reference))


def literal_histogram(source: Pixels, reference: Pixels) -> Pixels:
    own, wanted = source @ YCBCR.T, reference @ YCBCR.T
    return np.stack([matched(own[:, c], wanted[:, c]) for c in range(3)], axis=1) @ np.linalg.inv(YCBCR).T


def literal_idt(source: Pixels, reference: Pixels, rotations: Pixels) -> Pixels:
    for rotation in rotations:
        own, wanted = source @ rotation.T, reference @ rotation.T
        source = np.stack([matched(own[:, c], wanted[:, c]) for c in range(3)], axis=1) @ rotation
    return source


@pytest.mark.parametrize(("name", "tolerance"), [("reinhard", 1e-4), ("xiao-ma", 1e-4), ("histogram", 2e-3)])
def test_transfers_are_those_of_their_papers(name: str, tolerance: float) -> None:
    source, reference = region(1, 0.25, 0.7), region(2, 0.35, 0.95, side=64)
    result = Region(recolour(source, reference, [look(name), look(name)]), source.weight)
    literal = {"reinhard": literal_reinhard, "xiao-ma": literal_xiao_ma, "histogram": literal_histogram}[name]
    for picture in range(2):
        expected = literal(pixels(source, picture), pixels(reference, picture)).clip(0, 1)
        difference = np.abs(pixels(result, picture) - expected)
        assert difference.mean() < tolerance, difference.max()
        assert np.abs(expected - pixels(source, picture)).mean() > 20 * tolerance


def test_the_iterative_transfer_is_pities() -> None:
    source, reference, chosen = region(1, 0.25, 0.7, side=96), region(2, 0.3, 0.9, side=64), look("idt")
    result = Region(recolour(source, reference, [chosen, chosen]), source.weight)
    for picture in range(2):
        wanted, got = pixels(reference, picture), pixels(result, picture)
        expected = literal_idt(pixels(source, picture), wanted, chosen.drawn["rotations"])
        assert np.abs(got - expected.clip(0, 1)).mean() < 0.012
        assert np.abs(expected - pixels(source, picture)).mean() > 0.06
        for direction in (*np.eye(3), np.ones(3) / math.sqrt(3)):
            levels = [np.quantile(colours @ direction, (0.1, 0.5, 0.9)) for colours in (got, wanted)]
            assert np.allclose(*levels, atol=0.02)


def test_the_share_of_a_transfer() -> None:
    source, reference, full = region(1, 0.2, 0.7), region(2, 0.3, 0.9), look("reinhard")
    half = Look("reinhard", {**full.drawn, "share": np.array(0.5)})
    result = recolour(source, reference, [full, half])
    both = recolour(source, reference, [full, full])
    assert torch.equal(result[0], both[0])
    assert torch.allclose(result[1], (source.picture[1] + both[1]) / 2, atol=1e-6)


@pytest.mark.parametrize("name", sorted(METHODS))
def test_each_picture_has_its_own_figures(name: str) -> None:
    source, reference = region(1, 0.2, 0.7), region(2, 0.3, 0.9)
    family = next(family for family in FAMILIES if family.name == name)
    looks = [draw_look(stream(number), family, ends_held=0.5) for number in (1, 2)]
    together = recolour(source, reference, looks)
    for picture in range(2):
        members = torch.tensor([picture])
        alone = recolour(source.select(members), reference.select(members), [looks[picture]])
        assert torch.equal(alone[0], together[picture])
    assert 0 <= float(together.min()) <= float(together.max()) <= 1


def test_changes_of_no_strength_are_none() -> None:
    source = region(1, 0.05, 0.95)
    for name, figures in {
        "camera": {"stops": 0, "balance": 0, "contrast": 0, "saturation": 0},
        "light-gradient": {"stops": 0, "balance": 0},
        "light-spot": {"stops": 0, "balance": 0},
        "soft-shadow": {"stops": 0, "balance": 0},
        "colour-map": {"lighter": 0, "tint": 0, "bend": 0},
    }.items():
        none = look(name, **figures)
        assert torch.allclose(recolour(source, source, [none, none]), source.picture, atol=2e-4), name


def ramp(values: Tensor) -> Region:
    """Gray values side by side, all of them foreground."""
    return Region(values.view(1, 1, 1, -1).expand(1, 3, 8, -1).contiguous(), torch.ones(1, 1, 8, len(values)))


def test_a_camera_rolls_highlights_off_instead_of_clipping_them() -> None:
    drawn = {**look("camera").drawn, "gains": np.full(3, 2.5), "gamma": np.array(1.0), "shape": np.array(0.0)}
    source = ramp(torch.linspace(0, 1, 200))
    bright = recolour(source, source, [Look("camera", drawn)])[0, 0, 0]
    assert float((bright[1:] - bright[:-1]).min()) >= 0
    assert int((bright > 0.995).sum()) < 30  # clipped at 1 / 2.5 of the light there would be 68
    assert float(bright[-1]) == pytest.approx(1, abs=1e-3)
    assert float(to_linear(bright[40:50]).mean() / to_linear(source.picture[0, 0, 0, 40:50]).mean()) == pytest.approx(
        2.5, rel=1e-3
    )


def test_black_and_white_can_be_held() -> None:
    source = ramp(torch.linspace(0, 1, 101))
    lifted = {"table": np.full((3, 5, 5, 5), 0.2)}
    free, held = (Look("colour-map", {**lifted, "ends": np.array(ends)}) for ends in (1.0, 0.0))
    change = [recolour(source, source, [one])[0, 0, 0] - source.picture[0, 0, 0] for one in (free, held)]
    assert float(change[0][0]) == pytest.approx(0.2, abs=1e-5)
    assert float(change[1][0]) == float(change[1][100]) == 0
    assert float(change[1][50]) == pytest.approx(0.2, abs=1e-5)
    assert float(change[1][10]) > 0.15


def test_colour_maps_are_smooth() -> None:
    source = ramp(torch.linspace(0, 1, 501))
    for seed in range(5):
        family = next(family for family in FAMILIES if family.name == "colour-map")
        one = draw_look(stream(seed), family, ends_held=0)
        curve = recolour(source, source, [one])[0, :, 0]
        inside = (curve[:, 1:-1] > 0.01) & (curve[:, 1:-1] < 0.99)
        bend = (curve[:, 2:] - 2 * curve[:, 1:-1] + curve[:, :-2]).abs()
        assert float(bend[inside].max()) < 0.004  # of a step of 0.002


def corner(height: int = 60, width: int = 80) -> Region:
    """Mid gray with a small foreground in a corner."""
    weight = torch.zeros(1, 1, height, width)
    weight[..., 5:25, 5:35] = 1
    return Region(torch.full((1, 3, height, width), 0.5), weight)


def test_a_gradient_of_light_lies_across_the_foreground() -> None:
    near, far = np.full(3, -1.0), np.full(3, 1.0)
    figures = {"near": near, "far": far, "place": np.array([0.0, 1.0, 2.0]), "ends": np.array(1.0)}
    lit = to_linear(recolour(corner(), corner(), [Look("light-gradient", figures)]))[0, 0]
    stops = (lit / to_linear(torch.tensor(0.5))).log2()
    row = stops[15, 5:35]
    assert float((row[1:] - row[:-1]).min()) > 0
    assert float(row[0]) < -0.8
    assert float(row[-1]) > 0.8
    assert float(row[:15].mean() + row[15:].mean()) == pytest.approx(0, abs=0.02)
    assert float(stops[5:25, 20].std()) < 1e-3  # nothing changes down the picture


def test_a_spot_of_light_is_round_and_fades() -> None:
    figures = {"near": np.zeros(3), "far": np.ones(3), "place": np.array([0.0, 0.0, 1.0]), "ends": np.array(1.0)}
    stops = (
        to_linear(recolour(corner(), corner(), [Look("light-spot", figures)])) / to_linear(torch.tensor(0.5))
    ).log2()
    assert float(stops[0, 0, 14:16, 19:21].mean()) == pytest.approx(1, abs=0.01)
    across, down = stops[0, 0, 14, 20:35], stops[0, 0, 15:25, 20]
    for line in (across, down):
        assert float((line[1:] - line[:-1]).max()) < 0
    assert float(stops[0, 0, 50:, 60:].max()) < 0.01


def test_a_soft_shadow_darkens_part_of_the_foreground() -> None:
    parameters = next(family for family in FAMILIES if family.name == "soft-shadow").parameters
    darkest, covered = [], []
    for seed in range(30):
        figures = {
            key: torch.from_numpy(value)[None].float()
            for key, value in light.draw_shadow(stream(seed), parameters).items()
        }
        lit = light.shadow(corner(), figures)
        change = (to_linear(lit) / to_linear(torch.tensor(0.5))).log2().mean(dim=1)[corner().weight[:, 0] > 0]
        darkest.append(float(change.min() - change.max()))
        covered.append(float((change < change.mean()).float().mean()))
    assert max(darkest) < 0
    assert np.median(darkest) < -0.5
    assert 0.2 < np.mean(covered) < 0.8


def test_strong_changes_are_scaled_down() -> None:
    source = region(1, 0.2, 0.6)
    recoloured = (source.picture + 0.3).clamp(0, 1)
    result = limited(source, recoloured, [900.0, 1e9])
    squared = 255**2 * (result - source.picture).square().mean(dim=1, keepdim=True)
    means = (squared * source.weight).sum((1, 2, 3)) / source.weight.sum((1, 2, 3))
    assert float(means[0]) == pytest.approx(900, rel=1e-4)
    assert torch.allclose(result[1], recoloured[1], atol=1e-6)
