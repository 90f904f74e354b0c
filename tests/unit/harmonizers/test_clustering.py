"""FRIH's clustering against a slow transcription of its text that compares every pixel with every other one."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from samelight.harmonizers.blocks.clustering import CELLS, cluster_colours, colour_codes
from samelight.harmonizers.blocks.submasks import soft_submasks, submask_labels

Colour = tuple[int, int, int]


def distances(pixels: list[Colour]) -> Tensor:
    """Normalized distances d_ij in float64; equal ones are exactly equal, since they are roots of equal integers."""
    squared = [[sum((a - b) ** 2 for a, b in zip(p, q, strict=True)) for q in pixels] for p in pixels]
    return torch.tensor(squared, dtype=torch.float64).sqrt() / (31 * math.sqrt(3))


def direct(pixels: list[Colour]) -> list[int]:
    """Section "Submask Extraction", pixel by pixel. Ties: the denser, then the lower colour comes first."""
    distance, everyone = distances(pixels), range(len(pixels))
    rho = [sum(1 for j in everyone if distance[i, j] < 0.1) for i in everyone]  # equation 1
    denser = [[j for j in everyone if rho[j] > rho[i]] for i in everyone]
    delta = [min((float(distance[i, j]) for j in denser[i]), default=float(distance[i].max())) for i in everyone]

    seen: dict[Colour, int] = {}
    for i in sorted(everyone, key=lambda i: (-delta[i], -rho[i], pixels[i])):
        seen.setdefault(pixels[i], i)
    candidates = list(seen.values())[:10]
    centres = [i for i in candidates if rho[i] > 10] or candidates[:1]

    label = {pixels[i]: number for number, i in enumerate(centres, start=1)}
    for i in sorted(everyone, key=lambda i: -rho[i]):  # the densest first: whom a pixel follows is labelled already
        if pixels[i] not in label:
            near = sorted(denser[i] or centres, key=lambda j: (float(distance[i, j]), -rho[j], pixels[j]))
            if not denser[i]:  # one of more than ten that are densest together: the nearest centre, first of equals
                near = sorted(centres, key=lambda j: (float(distance[i, j]), centres.index(j)))
            label[pixels[i]] = label[pixels[near[0]]]
    return [label[pixel] for pixel in pixels]


def random_pixels(kind: str, count: int, seed: int) -> Tensor:
    """`count` x 3, integers in 0..31."""
    generator = torch.Generator().manual_seed(seed)
    if kind == "noise":
        return torch.randint(32, (count, 3), generator=generator)
    if kind == "few":
        return torch.randint(32, (14, 3), generator=generator)[torch.randint(14, (count,), generator=generator)]
    if kind == "even":  # every colour as often as every other one: densities tie everywhere
        return (torch.randint(4, (count // 13, 3), generator=generator) * 9).repeat(13, 1)
    if kind == "line":
        return (torch.arange(count) * 31 // count)[:, None].expand(count, 3)
    blobs = torch.rand(6, 3, generator=generator) * 31
    spread = torch.rand(6, 1, generator=generator) * 4
    which = torch.randint(6, (count,), generator=generator)
    drawn = blobs[which] + torch.randn(count, 3, generator=generator) * spread[which]
    return drawn.round().clamp(0, 31).long()


def picture_of(pixels: Tensor) -> Tensor:
    """N x 3 in 0..31 to 1 x 3 x 1 x N in -1..1."""
    return (pixels.T[None, :, None].float() / 31) * 2 - 1


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["blobs", "noise", "few", "even", "line"])
@pytest.mark.parametrize("count", [15, 60, 200])
def test_is_the_direct_method(kind: str, count: int, seed: int) -> None:
    pixels = random_pixels(kind, count, seed)
    labels = submask_labels(picture_of(pixels), torch.ones(1, 1, 1, len(pixels)))
    assert labels[0, 0].tolist() == direct([tuple(pixel) for pixel in pixels.tolist()])


def test_the_cutoff_is_strict_and_a_density_counts_the_pixel_itself() -> None:
    # (4, 4, 0) is 32 from black in squared steps, beyond 28.83 = 3 (31 * 0.1)^2; (5, 1, 1) is 27, within.
    apart = torch.tensor([[0, 0, 0]] * 11 + [[4, 4, 0]] * 10)
    labels = submask_labels(picture_of(apart), torch.ones(1, 1, 1, 21))[0, 0].tolist()
    assert labels == [1] * 21, "ten pixels are an outlier, whatever their distance"
    labels = submask_labels(picture_of(torch.cat([apart, apart[-1:]])), torch.ones(1, 1, 1, 22))[0, 0].tolist()
    assert labels == [1] * 11 + [2] * 11, "eleven are a cluster"
    near = torch.tensor([[0, 0, 0]] * 11 + [[5, 1, 1]])
    assert submask_labels(picture_of(near), torch.ones(1, 1, 1, 12)).amax() == 2, "the lone pixel has 12 neighbours"


def test_a_batch_is_its_pictures_one_by_one() -> None:
    generator = torch.Generator().manual_seed(5)
    pictures = [functional.interpolate(torch.rand(1, 3, s, s, generator=generator), (40, 30)) for s in (2, 3, 9, 40)]
    composite = torch.cat(pictures) * 2 - 1
    mask = (torch.rand(4, 1, 40, 30, generator=generator) * 3 - 1).clamp(0, 1)
    mask[2] = 0
    together = submask_labels(composite, mask)
    apart = torch.cat([submask_labels(composite[i : i + 1], mask[i : i + 1]) for i in range(4)])
    assert torch.equal(together, apart)


@pytest.mark.parametrize("portion", [1, 100, 1 << 24])
def test_portions_change_nothing(portion: int, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = picture_of(random_pixels("noise", 2000, 0))
    mask = torch.ones(1, 1, 1, 2000)
    whole = submask_labels(picture, mask)
    monkeypatch.setattr("samelight.harmonizers.blocks.clustering.PAIRS_AT_ONCE", {"cpu": portion, "other": 1})
    assert torch.equal(submask_labels(picture, mask), whole)


def test_more_equal_peaks_than_candidates() -> None:
    """A lattice of 27 colours, far apart and equally dense: ten become centres, the others join the nearest of them."""
    lattice = torch.cartesian_prod(*[torch.tensor([0, 15, 31])] * 3).repeat(11, 1)
    labels = submask_labels(picture_of(lattice), torch.ones(1, 1, 1, len(lattice)))[0, 0]
    assert labels.tolist() == direct([tuple(pixel) for pixel in lattice.tolist()])
    assert set(labels.tolist()) == set(range(1, 11))


def test_labels_are_1_to_k_where_the_mask_is_and_0_elsewhere() -> None:
    generator = torch.Generator().manual_seed(3)
    composite = torch.rand(2, 3, 31, 50, generator=generator) * 2 - 1
    mask = (torch.rand(2, 1, 31, 50, generator=generator) * 3 - 1).clamp(0, 1)
    labels = submask_labels(composite, mask)
    assert torch.equal(labels > 0, mask[:, 0] > 0)
    for picture in labels:
        used = sorted(set(picture.unique().tolist()) - {0})
        assert used == list(range(1, len(used) + 1))
        assert len(used) <= 10


def test_submasks_add_up_to_the_mask() -> None:
    generator = torch.Generator().manual_seed(4)
    mask = torch.rand(2, 1, 20, 20, generator=generator)
    submasks = soft_submasks(submask_labels(torch.rand(2, 3, 20, 20, generator=generator), mask), mask)
    assert submasks.shape == (2, 10, 20, 20)
    assert torch.equal(submasks.sum(dim=1, keepdim=True), mask)
    assert int((submasks > 0).sum(dim=1).amax()) == 1


def test_faint_pixels_follow_but_do_not_vote() -> None:
    """Two flat halves and an edge of thousand-fold other colours at little coverage: still two submasks."""
    composite = torch.full((1, 3, 20, 40), -1.0)
    composite[..., 20:] = 1.0
    mask = torch.ones(1, 1, 20, 40)
    solid = submask_labels(composite, mask)
    composite[..., :8, :] = torch.rand(1, 3, 8, 40, generator=torch.Generator().manual_seed(0)) * 2 - 1
    mask[..., :8, :] = 0.3
    labels = submask_labels(composite, mask)
    assert torch.equal(labels[:, 8:], solid[:, 8:])
    black, white = int(solid[0, 19, 0]), int(solid[0, 19, 39])
    dark = composite[0, :, :8].add(1).square().sum(0) < composite[0, :, :8].sub(1).square().sum(0) - 0.5
    assert set(labels[0, :8][dark].tolist()) == {black}
    assert set(labels[0, :8].unique().tolist()) == {black, white}


def test_a_wholly_faint_foreground_is_clustered_all_the_same() -> None:
    composite = torch.full((1, 3, 20, 40), -1.0)
    composite[..., 20:] = 1.0
    faint, solid = (submask_labels(composite, torch.full((1, 1, 20, 40), share)) for share in (0.2, 1.0))
    assert torch.equal(faint, solid)
    assert int(faint.amax()) == 2


@pytest.mark.parametrize("pixels", [0, 1, 5])
def test_tiny_foregrounds(pixels: int) -> None:
    composite = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(1)) * 2 - 1
    mask = torch.zeros(1, 1, 16, 16)
    mask.view(-1)[:pixels] = 1
    labels = submask_labels(composite, mask)
    assert labels.view(-1).tolist() == [1] * pixels + [0] * (256 - pixels)


def test_colours_outside_the_range_are_clamped() -> None:
    assert colour_codes(torch.tensor([-9.0, 9.0, 0.0]).view(1, 3, 1, 1)).tolist() == [[[31 * 32 + 16]]]


def test_densities_far_beyond_float32_stay_exact() -> None:
    counts = torch.zeros(1, CELLS, dtype=torch.int64)
    counts[0, 0], counts[0, 1], counts[0, -1] = 2**29 - 1, 1, 2**29 - 1
    # Black and its neighbour share the highest density; white has one pixel fewer, and its delta is that neighbour's.
    assert cluster_colours(counts)[0, [0, 1, -1]].tolist() == [1, 2, 3]
