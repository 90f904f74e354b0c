"""The recolourings of the frozen benchmark do what their papers say."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from samelight.evaluation.benchmark import VERSION_1
from samelight.training import camera, transfers
from samelight.training.colour import (
    from_lalphabeta,
    from_ycbcr,
    mix_channels,
    multiplied,
    sum_channels,
    sum_products,
    to_lalphabeta,
    to_linear,
    to_srgb,
    to_ycbcr,
)
from samelight.training.recolouring import METHODS, Family, recolour
from samelight.training.transfers import Region


def region(seed: int, low: float, high: float) -> Region:
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.eye(3) + 0.4 * torch.rand(3, 3, generator=generator)
    colours = torch.rand(2, 3, 40 * 40, generator=generator)
    colours = (mixing / mixing.sum(dim=1, keepdim=True) @ colours).view(2, 3, 40, 40)
    weight = (torch.rand(2, 1, 40, 40, generator=generator) > 0.4).float()
    return Region(low + (high - low) * colours, weight)


def moments(values: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    mean = (values * weight).sum((2, 3)) / weight.sum((2, 3))
    spread = ((values - mean[..., None, None]) ** 2 * weight).sum((2, 3)) / weight.sum((2, 3))
    return mean, spread.sqrt()


@pytest.mark.parametrize(
    ("there", "back"), [(to_lalphabeta, from_lalphabeta), (to_ycbcr, from_ycbcr), (to_linear, to_srgb)]
)
def test_colour_spaces_come_back(there, back) -> None:  # type: ignore[no-untyped-def]
    picture = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 0.98 + 0.01
    assert torch.allclose(back(there(picture)), picture, atol=2e-4)


def test_channels_are_mixed_the_same_by_sums() -> None:
    picture = region(1, 0.2, 0.6).picture
    matrices = torch.rand(2, 3, 3, generator=torch.Generator().manual_seed(0))
    for matrix in (matrices, matrices[0]):
        assert torch.allclose(sum_channels(picture, matrix), mix_channels(picture, matrix), atol=1e-6)
    expected = sum(float(matrices[1, 2, c]) * float(picture[1, c, 5, 7]) for c in range(3))
    assert float(mix_channels(picture, matrices)[1, 2, 5, 7]) == pytest.approx(expected, rel=1e-5)


def test_a_cards_product_is_the_usual_one() -> None:
    generator = torch.Generator().manual_seed(0)
    one, other = torch.rand(2, 3, 50, generator=generator), torch.rand(2, 50, 4, generator=generator)
    assert torch.allclose(sum_products(one, other), multiplied(one, other), rtol=1e-5)


def test_a_region_of_one_colour_has_a_spread_that_can_be_divided_by() -> None:
    flat = Region(torch.full((1, 3, 8, 8), 0.7), torch.ones(1, 1, 8, 8))
    assert bool(transfers.xiao_ma(flat, region(2, 0.3, 0.7).select(torch.tensor([0]))).isfinite().all())


def test_reinhard_matches_mean_and_deviation() -> None:
    source, reference = region(1, 0.2, 0.6), region(2, 0.3, 0.7)
    result = transfers.reinhard(source, reference)
    mean, spread = moments(to_lalphabeta(result), source.weight)
    wanted_mean, wanted_spread = moments(to_lalphabeta(reference.picture), reference.weight)
    assert torch.allclose(mean, wanted_mean, atol=1e-3)
    assert torch.allclose(spread, wanted_spread, atol=1e-2)


def test_xiao_ma_matches_mean_and_covariance() -> None:
    source, reference = region(1, 0.2, 0.6), region(2, 0.3, 0.7)

    def covariance(values: Tensor, weight: Tensor) -> Tensor:
        mean, _ = moments(values, weight)
        centred = (values - mean[..., None, None]).flatten(2)
        return (centred * weight.flatten(2)) @ centred.mT / weight.sum((2, 3))[..., None]

    result = transfers.xiao_ma(source, reference)
    assert torch.allclose(moments(result, source.weight)[0], moments(reference.picture, reference.weight)[0], atol=1e-4)
    expected = covariance(reference.picture, reference.weight)
    assert torch.allclose(covariance(result, source.weight), expected, atol=2e-5)


@pytest.mark.parametrize("method", ["histogram", "idt"])
def test_distributions_are_matched(method: str) -> None:
    source, reference = region(1, 0.1, 0.5), region(2, 0.3, 0.9)
    turns = torch.linalg.qr(torch.randn(20, 3, 3, generator=torch.Generator().manual_seed(3))).Q
    if method == "idt":
        result = transfers.iterative_distribution_transfer(source, reference, turns)
        wanted, got = reference.picture, result
    else:
        wanted, got = to_ycbcr(reference.picture), to_ycbcr(transfers.histogram_matching(source, reference))
    levels = torch.tensor([0.1, 0.3, 0.5, 0.7, 0.9])
    for picture in range(2):
        for channel in range(3):
            own = got[picture, channel][source.weight[picture, 0] > 0]
            other = wanted[picture, channel][reference.weight[picture, 0] > 0]
            assert torch.allclose(own.quantile(levels), other.quantile(levels), atol=0.02)


def test_a_transfer_from_itself_changes_little() -> None:
    source = region(1, 0.2, 0.8)
    for result in (
        transfers.reinhard(source, source),
        transfers.xiao_ma(source, source),
        transfers.histogram_matching(source, source),
    ):
        assert float((result - source.picture).abs().max()) < 0.01


def test_camera_change_of_no_strength_is_none() -> None:
    picture, generator = region(1, 0.1, 0.9).picture, torch.Generator().manual_seed(0)
    same = camera.camera_change(picture, generator, stops=0, balance=0, contrast=0, saturation=0)
    assert torch.allclose(same, picture, atol=1e-4)
    assert torch.allclose(camera.local_light(picture, generator, stops=0, balance=0), picture, atol=1e-4)
    assert torch.allclose(camera.colour_map(picture, generator, shift=0, bend=0), picture, atol=1e-6)


def test_local_light_differs_across_the_picture() -> None:
    flat = torch.full((1, 3, 32, 32), 0.4)
    lit = camera.local_light(flat, torch.Generator().manual_seed(5), stops=1.0, balance=0.3)
    assert float(lit.std()) > 0.02
    steps = (lit[..., 1:] - lit[..., :-1]).abs().max()
    assert float(steps) < 0.03


def test_every_family_changes_the_foreground_within_the_limit() -> None:
    source, reference = region(1, 0.2, 0.6), region(2, 0.4, 0.9)
    for family in VERSION_1.families:
        generator = torch.Generator().manual_seed(9)
        result = recolour(source, reference, [family, family], generator, limit=900.0)
        assert 0 <= float(result.min()) <= float(result.max()) <= 1
        error = ((result - source.picture) ** 2).mean(1, keepdim=True) * 255**2
        fmse = (error * source.weight).sum((1, 2, 3)) / source.weight.sum((1, 2, 3))
        assert float(fmse.max()) <= 901
        assert float(fmse.max()) > 1, family.name


def test_each_picture_of_a_batch_has_its_own_family() -> None:
    source, reference = region(1, 0.2, 0.6), region(2, 0.4, 0.9)
    still = Family("camera", {"stops": 0, "balance": 0, "contrast": 0, "saturation": 0})
    families = [still, Family("reinhard", {"least_share": 1.0})]
    result = recolour(source, reference, families, torch.Generator().manual_seed(0), limit=1e9)
    assert torch.allclose(result[0], source.picture[0], atol=1e-4)
    assert torch.allclose(result[1], transfers.reinhard(source, reference).clamp(0, 1)[1], atol=1e-5)
    assert set(METHODS) == {family.name for family in VERSION_1.families}
