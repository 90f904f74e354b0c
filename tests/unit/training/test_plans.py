"""What is decided of composites before a pixel is touched: windows, foregrounds, references, edges, layers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from samelight.training.composites import HARMONIOUS, PASTED, Variety
from samelight.training.composites.edges import HARD, NARROW
from samelight.training.composites.looks import TRANSFERS
from samelight.training.composites.photographs import Photographs
from samelight.training.composites.plan import BorrowedShape, OwnShape, Plan, Planner, Stack
from samelight.training.composites.shapes import DrawnShape, WandShape
from samelight.training.composites.streams import stream
from samelight.training.photos import PhotoCollection
from samelight.training.recipes import Augmentation

SIZE = (64, 96)


@pytest.fixture
def photographs(photos: PhotoCollection) -> Photographs:
    """On the CPU."""
    return Photographs(photos, torch.device("cpu"))


def plans(photographs: Photographs, variety: Variety, count: int = 200, least: float = 0.5) -> list[Plan]:
    """The first plans of a seed."""
    planner, augmentation = Planner(photographs, variety), Augmentation(flip=True, least_crop=least)
    return [planner.plan(stream(1, number), SIZE, augmentation) for number in range(count)]


def test_windows_lie_in_the_photograph_and_have_the_composites_proportions(photographs: Photographs) -> None:
    made = plans(photographs, Variety())
    for plan in made:
        height, width = photographs[plan.view.photo].size
        assert 0 <= plan.view.window.top <= height - plan.view.window.height
        assert 0 <= plan.view.window.left <= width - plan.view.window.width
        assert plan.view.window.width / plan.view.window.height == pytest.approx(1.5, rel=0.05)
        largest = min(height / SIZE[0], width / SIZE[1])
        assert 0.49 <= plan.view.window.height / SIZE[0] / largest <= 1.01
    assert 60 < sum(plan.view.flip for plan in made) < 140
    assert {plan.view.photo for plan in made} == set(range(6))


def test_own_regions_are_those_of_the_photograph(photographs: Photographs) -> None:
    for plan in plans(photographs, Variety(own=1, several=1, differently=0)):
        labels = [shape.label for layer in plan.layers for shape in layer.shapes if isinstance(shape, OwnShape)]
        assert len(set(labels)) == len(labels)
        assert set(labels) <= {1, 2}
        assert bool(labels) <= (plan.view.photo in photographs.with_regions)
        shares = photographs[plan.view.photo].shares(plan.view.window)
        assert all(0.01 <= shares[label] <= 0.6 for label in labels)
    assert not any(
        isinstance(shape, OwnShape)
        for plan in plans(photographs, Variety(own=0))
        for layer in plan.layers
        for shape in layer.shapes
    )


def test_other_foregrounds_are_selected_borrowed_or_drawn(photographs: Photographs) -> None:
    variety = Variety(own=0, several=0, selected=0.4, borrowed=0.5)
    kinds = [type(plan.layers[0].shapes[0]) for plan in plans(photographs, variety, 400)]
    for kind, share in ((WandShape, 0.4), (BorrowedShape, 0.3), (DrawnShape, 0.3)):
        assert kinds.count(kind) / 400 == pytest.approx(share, abs=0.08)


def test_some_foregrounds_are_pasted_upon_another_view(photographs: Photographs) -> None:
    variety = Variety(pasted=0.4, own=1, several=0.5, harmonious=0.25)
    made = plans(photographs, variety, 400)
    pasted = [plan for plan in made if plan.backdrop is not None]
    assert all(isinstance(shape, OwnShape) for plan in pasted for layer in plan.layers for shape in layer.shapes)
    assert all(plan.backdrop.photo != plan.view.photo for plan in pasted if plan.backdrop)
    whole = [plan for plan in made if isinstance(plan.layers[0].shapes[0], OwnShape)]
    assert len(pasted) / len(whole) == pytest.approx(0.4, abs=0.07)
    assert {plan.family for plan in pasted} == {PASTED}
    assert not any(layer.looks for plan in pasted for layer in plan.layers)
    assert [plan.family for plan in made].count(HARMONIOUS) / (400 - len(pasted)) == pytest.approx(0.25, abs=0.07)
    for view in (plan.backdrop for plan in pasted):
        assert view is not None
        height, width = photographs[view.photo].size
        assert 0 <= view.window.top <= height - view.window.height
        assert 0 <= view.window.left <= width - view.window.width
        assert view.window.width / view.window.height == pytest.approx(1.5, rel=0.05)
    assert not any(plan.backdrop for plan in plans(photographs, Variety()))


def test_references_of_similar_brightness(photographs: Photographs) -> None:
    def distance(variety: Variety) -> float:
        found = []
        for plan in plans(photographs, variety, 300):
            layer, photo = plan.layers[0], photographs[plan.view.photo]
            assert (layer.reference is not None) == (layer.looks[0].family in TRANSFERS)
            if layer.reference is not None:
                reference = photographs[layer.reference.photo]
                label = layer.shapes[0].label if isinstance(layer.shapes[0], OwnShape) else None
                own = photo.brightness(plan.view.window, label)
                found.append(abs(reference.brightness(layer.reference.window, layer.reference.label) - own))
        return float(np.mean(found))

    transfers = tuple(family for family in Variety().families if family.name in TRANSFERS)
    plain = Variety(families=transfers, harmonious=0, several=0, kin=0)
    assert distance(replace(plain, kin=1)) < 0.85 * distance(plain)


def test_brightness_is_that_of_the_region(photographs: Photographs) -> None:
    photo = photographs[0]
    inside = photo.pixels[:, 10:40, 10:50].float().mean()
    assert photo.brightness(photo.whole, 1) == pytest.approx(float(inside), abs=3)
    assert photo.brightness(photo.whole, None) == pytest.approx(float(photo.pixels.float().mean()), abs=1)
    assert (photo.box(1).top, photo.box(1).left, photo.box(1).height, photo.box(1).width) == (10, 10, 30, 40)
    assert photo.shares(photo.whole)[1] == pytest.approx(30 * 40 / (72 * 96), abs=0.02)


def test_edges_are_hard_narrow_or_wide(photographs: Photographs) -> None:
    variety = Variety(hard_edges=0.2, wide_edges=0.3, narrow_radius=(0.5, 2.0), wide_radius=0.2)
    radii = [plan.edge for plan in plans(photographs, variety, 400)]
    wide = [radius for radius in radii if radius >= NARROW]
    assert radii.count(HARD) / 400 == pytest.approx(0.2, abs=0.06)
    assert len(wide) / 400 == pytest.approx(0.3, abs=0.07)
    assert max(wide) <= 0.2 * SIZE[0]
    assert all(0.5 <= radius <= 2 for radius in radii if HARD < radius < NARROW)


def test_layers_are_counted_through(photographs: Photographs) -> None:
    made = plans(photographs, Variety(harmonious=0, several=0.7, differently=0.7), 30)
    stack = Stack(made)
    assert [layer for plan in made for layer in plan.layers] == stack.layers
    assert [stack.owners[number] for number in stack.heights[0]] == list(range(30))
    assert sorted(number for height in stack.heights for number in height) == list(range(len(stack.layers)))
    for height, numbers in enumerate(stack.heights):
        assert all(stack.layers[number] is made[stack.owners[number]].layers[height] for number in numbers)
    half = stack.union(torch.full((len(stack.layers), 1, 2, 2), 0.5))
    assert half[:, 0, 0, 0].tolist() == [1 - 0.5 ** len(plan.layers) for plan in made]
