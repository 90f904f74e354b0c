"""The drawings of --explain: more alike is lighter, the foreground keeps its colours, nothing is lost at the edges."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from samelight.instances import Instances
from samelight.segmentation import draw_parts, draw_similarity
from samelight.segmentation.canvas import PAPER
from samelight.segmentation.ramp import ramp

from .segmentation_helpers import disc, quarters


def halves(*similarity):
    """Left and right half, with these similarities."""
    labels = torch.ones(1, 64, 64, dtype=torch.int64)
    labels[:, :, 32:] = 2
    values = torch.tensor([similarity])
    return Instances(labels, values, torch.ones_like(values, dtype=torch.bool))


def lightness(pixels):
    return float((np.asarray(pixels, np.float64) @ [0.3, 0.59, 0.11]).mean())


def test_the_ramp_grows_lighter_in_even_steps():
    light = ramp(np.linspace(0, 1, 33, dtype=np.float32)).astype(float) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(light) > 0).all()
    assert light[0] < 60
    assert light[-1] > 200
    assert ramp(np.float32([-1, 2])).tolist() == ramp(np.float32([0, 1])).tolist()


def test_more_alike_is_lighter_and_the_foreground_is_itself():
    picture, mask = np.full((64, 64, 3), 0.5, np.float32), disc(64, 64)
    picture[...] = [0.7, 0.3, 0.2]
    drawn = draw_similarity(picture, mask, halves(0.1, 0.9))
    assert drawn.dtype == np.uint8
    assert drawn.shape[0] == 1024
    assert lightness(drawn[100:200, 600:900]) > lightness(drawn[100:200, 100:400]) + 60
    assert np.abs(drawn[512, 512] - np.array([0.7, 0.3, 0.2]) * 255).max() < 2
    outline = drawn[512, 700:760].min(axis=1)
    assert outline.max() > 250


def test_equal_similarities_share_a_colour():
    drawn = draw_similarity(np.full((64, 64, 3), 0.5, np.float32), np.zeros((64, 64), np.float32), halves(0.5, 0.505))
    assert abs(lightness(drawn[50:150, 100:400]) - lightness(drawn[50:150, 600:900])) < 12


@pytest.mark.parametrize("size", [(1, 1), (256, 256), (32, 300), (300, 32)])
@pytest.mark.parametrize("fill", [0.0, 1.0])
def test_without_instances_the_picture_stays_gray(size, fill):
    picture = quarters()[:1, :1].repeat(size[0], 0).repeat(size[1], 1)
    drawn = draw_similarity(picture, np.full(size, fill, np.float32), Instances.none_found(1, *size))
    height, width = (round(side * 1024 / max(size)) for side in size)
    inside = drawn[:height, :width]
    assert (inside.max(axis=2) - inside.min(axis=2) == 0).all() == (fill == 0)


def test_parts_have_colours_of_their_own():
    labels = np.zeros((64, 64), np.int64)
    labels[:, :20], labels[:, 20:40] = 1, 2
    mask = (labels > 0).astype(np.float32)
    drawn = draw_parts(np.full((64, 64, 3), 0.5, np.float32), mask, labels)
    left, middle, right = (drawn[900, x].astype(int) for x in (160, 480, 960))
    assert np.abs(left - middle).max() > 60
    assert right.max() - right.min() == 0


@pytest.mark.parametrize("count", [0, 1, 10])
def test_any_number_of_parts(count):
    labels = np.arange(100).reshape(1, 100).repeat(40, 0) % (count + 1)
    drawn = draw_parts(np.full((40, 100, 3), 0.5, np.float32), (labels > 0).astype(np.float32), labels)
    assert drawn.ndim == 3


def test_the_longest_line_beside_the_parts_fits():
    """Part 10 is nearly everything; the others are a pixel each, far less than a hundredth."""
    labels = np.full((64, 64), 10, np.int64)
    labels[0, :9] = np.arange(1, 10)
    drawn = draw_parts(np.full((64, 64, 3), 0.5, np.float32), np.ones((64, 64), np.float32), labels)
    assert (drawn[:, 1024 + 86 :] == 255).any()
    assert (drawn[:, -1] == PAPER).all()
