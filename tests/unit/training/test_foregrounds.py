"""Foregrounds: drawn shapes cover what they should, edges are as wide as asked for, windows and places fit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from samelight.training.composites.cutting import Window, cut, place
from samelight.training.composites.edges import HARD, soften
from samelight.training.composites.shapes import FIELDS, DrawnShape, WandShape, draw, draw_shape, select, wand_shape
from samelight.training.composites.streams import between_logarithms, bounded_normal, stream

CPU = torch.device("cpu")


@pytest.mark.parametrize("size", [(64, 64), (96, 40), (17, 33)])
def test_drawn_shapes_cover_their_share(size: tuple[int, int]) -> None:
    shapes = [draw_shape(stream(number)) for number in range(40)]
    assert {shape.kind for shape in shapes} == set(FIELDS)
    masks = draw(shapes, size, CPU)
    assert set(masks.unique().tolist()) == {0.0, 1.0}
    for shape, mask in zip(shapes, masks, strict=True):
        assert float(mask.mean()) == pytest.approx(shape.share, abs=0.03), shape.kind


def test_shapes_of_a_batch_are_those_drawn_alone() -> None:
    shapes = [draw_shape(stream(number)) for number in range(12)]
    together = draw(shapes, (40, 56), CPU)
    for shape, mask in zip(shapes, together, strict=True):
        assert torch.equal(draw([shape], (40, 56), CPU)[0], mask)


def test_an_ellipse_is_where_its_figures_say() -> None:
    figures = np.array([0.5, -0.5, 0.0, 1.0, 1.0], np.float32)
    mask = draw([DrawnShape("ellipse", figures, 0.05)], (80, 80), CPU)[0, 0]
    rows, columns = torch.nonzero(mask, as_tuple=True)
    assert float(rows.float().mean()) == pytest.approx(59.25, abs=1)
    assert float(columns.float().mean()) == pytest.approx(19.75, abs=1)


def test_a_wand_selects_what_has_the_colour_of_a_place() -> None:
    rows, columns = torch.meshgrid(torch.arange(80), torch.arange(96), indexing="ij")
    disc = (rows - 30).square() + (columns - 60).square() < 18**2
    pictures = torch.where(disc, torch.tensor([0.8, 0.3, 0.2]).view(3, 1, 1), torch.tensor(0.4)).expand(2, 3, 80, 96)
    pictures = pictures + 0.1 * torch.rand(2, 3, 80, 96, generator=torch.Generator().manual_seed(0))
    share = float(disc.float().mean())
    inside, outside = WandShape((0.4, 0.6), 0.05, share), WandShape((0.9, 0.1), 0.05, 0.4)
    masks = select([inside, outside], pictures)
    wrong = (masks[0, 0] > 0) != disc
    assert float(wrong.float().mean()) < 0.25 * share
    assert float((masks[1, 0] > 0)[disc].float().mean()) < 0.05
    assert float(masks[1].mean()) == pytest.approx(0.4, abs=0.02)
    assert torch.equal(select([outside], pictures[1:])[0], masks[1])
    assert 0.02 <= wand_shape(stream(1), 0.2).share <= 0.2


def width_of_edge(line: torch.Tensor) -> float:
    """Pixels from a tenth to nine tenths of a falling edge."""
    values = line.double().numpy()
    places = np.arange(len(values))
    return float(np.interp(-0.1, -values, places) - np.interp(-0.9, -values, places))


@pytest.mark.parametrize("radius", [0.7, 1.5, 3.0, 3.5, 6.0, 12.0])
def test_edges_are_as_wide_as_asked_for(radius: float) -> None:
    masks = torch.zeros(1, 1, 128, 128)
    masks[..., :64] = 1
    edge = soften(masks, [radius])[0, 0, 64]
    assert width_of_edge(edge) == pytest.approx(2.563 * radius, rel=0.12, abs=0.5)
    assert float((edge[1:] - edge[:-1]).max()) < 1.01 / 255
    assert float(edge[63:65].mean()) == pytest.approx(0.5, abs=0.02)
    assert float((edge[1:] - edge[:-1]).abs().max()) < 0.5 / radius + 1 / 255


def test_each_mask_has_its_own_edge() -> None:
    masks = draw([draw_shape(stream(number)) for number in range(4)], (64, 64), CPU)
    radii = [HARD, 1.0, 5.0, 1.0]
    soft = soften(masks, radii)
    assert torch.equal(soft[0], masks[0])
    for index, radius in enumerate(radii):
        assert torch.equal(soften(masks[index : index + 1], [radius])[0], soft[index])
    assert torch.equal((soft * 255).round() / 255, soft)
    assert soften(masks[:0], []).shape == (0, 1, 64, 64)


def test_a_window_is_cut_out_mirrored_and_averaged() -> None:
    picture = torch.arange(48, dtype=torch.uint8).view(1, 6, 8)
    assert torch.equal(cut(picture, Window(1, 2, 3, 4), (3, 4), flip=False), picture[:, 1:4, 2:6].float())
    assert torch.equal(cut(picture, Window(1, 2, 3, 4), (3, 4), flip=True), picture[:, 1:4, 2:6].float().flip(2))
    stripes = (torch.arange(64) % 2).expand(1, 64, 64) * 255
    assert float(cut(stripes, Window(0, 0, 64, 64), (8, 8), flip=False)[:, :, 1:-1].std()) < 1  # no aliasing


def test_a_part_may_be_placed_partly_outside() -> None:
    canvas, part = torch.zeros(4, 5), torch.arange(1.0, 10).view(3, 3)
    place(part, Window(-1, 3, 3, 3), canvas)
    assert canvas.tolist() == [[0, 0, 0, 4, 5], [0, 0, 0, 7, 8], [0] * 5, [0] * 5]
    place(part, Window(7, 0, 3, 3), canvas)
    assert float(canvas.sum()) == 24


def test_streams_are_told_apart_by_each_of_their_numbers() -> None:
    numbers = [(7, 0, 0), (7, 0, 1), (7, 1, 0), (8, 0, 0), (7, 0), (-7, 0, 0)]
    drawn = [float(stream(*each).random()) for each in numbers]
    assert len(set(drawn)) == len(drawn)
    assert drawn == [float(stream(*each).random()) for each in numbers]
    values = [between_logarithms(stream(1, index), 0.5, 8) for index in range(500)]
    assert 0.5 <= min(values) < max(values) <= 8
    assert np.median(values) == pytest.approx(2, rel=0.2)
    assert np.abs(bounded_normal(stream(3), 0.5, 1000)).max() == 1.0
