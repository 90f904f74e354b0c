"""Regions: the same for every run, any size, sensible about likeness, and never of unknown places."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from samelight.segmentation import Foreground, Place, find_in_batch
from samelight.segmentation.merging import merge
from samelight.segmentation.regions import RegionSegmenter
from samelight.segmentation.similarity import cosine

from .segmentation_helpers import disc, quarters, tensor, texture

SEGMENTER = RegionSegmenter()


def compare(picture, mask):
    """Labels and similarity of a flattened picture."""
    return find_in_batch(SEGMENTER, tensor(picture)[None], torch.from_numpy(mask)[None, None])


def similarity_at(instances, y, x):
    label = int(instances.labels[0, y, x])
    return None if label == 0 else float(instances.similarity[0, label - 1])


def test_each_quarter_is_a_region():
    labels = SEGMENTER.segment(tensor(quarters()), torch.ones(256, 256)).labels
    for y, x in ((64, 64), (64, 192), (192, 64), (192, 192)):
        own = labels[y - 40 : y + 40, x - 40 : x + 40]
        assert (own == own.mode().values.mode().values).float().mean() > 0.9
    middles = [int(labels[y, x]) for y in (64, 192) for x in (64, 192)]
    assert len(set(middles)) == 4


@pytest.mark.parametrize(("kind", "place"), [("fine", (40, 40)), ("stripes", (216, 40)), ("flat", (216, 216))])
@pytest.mark.parametrize("light", [(1.0, 1.0, 1.0), (1.5, 0.9, 0.6), (0.5, 0.6, 0.8)])
def test_the_region_of_the_same_making_is_most_alike_whatever_the_light(kind, place, light):
    """A disc in the middle touches all four quarters and is made as one of them, in another light."""
    picture, mask = quarters(), disc(256, 256)
    surface = 0.5 + texture(kind, 256, 256, seed=9)
    object_ = np.clip(surface[..., None] * np.array(light, np.float32) * [0.8, 0.7, 0.9], 0, 1).astype(np.float32)
    composite = picture * (1 - mask[..., None]) + object_ * mask[..., None]
    instances = compare(composite, mask)
    values = {at: similarity_at(instances, *at) for at in ((40, 40), (40, 216), (216, 40), (216, 216))}
    assert max(values, key=lambda at: values[at]) == place


def test_it_is_deterministic():
    one, other = (SEGMENTER.segment(tensor(quarters()), torch.ones(256, 256)) for _ in range(2))
    assert torch.equal(one.labels, other.labels)
    assert torch.equal(one.embeddings, other.embeddings)


def test_embeddings_have_length_one():
    segmentation = SEGMENTER.segment(tensor(quarters()), torch.ones(256, 256))
    assert_close(segmentation.embeddings.norm(dim=1), torch.ones(segmentation.count))


@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (1, 40), (8, 8), (32, 32), (33, 71), (200, 317), (256, 256), (640, 1024), (1024, 32)]
)
def test_any_size(height, width):
    picture = np.ascontiguousarray(quarters(1024)[1024 - height :, :width])
    instances = compare(picture, disc(height, width))
    assert instances.labels.shape == (1, height, width)
    assert instances.similarity.shape == instances.present.shape == (1, instances.count)
    assert int(instances.labels.max()) == instances.count
    assert torch.isfinite(instances.similarity).all()
    assert (instances.similarity.abs() <= 1).all()


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_picture_of_one_colour_is_one_instance(value):
    instances = compare(np.full((96, 128, 3), value, np.float32), disc(96, 128))
    assert instances.count == 1
    assert torch.isfinite(instances.similarity).all()


def test_everything_is_foreground():
    instances = compare(quarters(), np.ones((256, 256), np.float32))
    assert instances.count == 0
    assert (instances.labels == 0).all()


def test_nothing_is_found_where_nothing_is_known():
    known = torch.ones(256, 256)
    known[:, 150:] = 0
    segmentation = SEGMENTER.segment(tensor(quarters()), known)
    assert (segmentation.labels[:, 151:] == 0).all()
    assert (segmentation.labels[:, :149] > 0).all()
    nothing = SEGMENTER.segment(tensor(quarters()), torch.zeros(256, 256))
    assert nothing.count == 0
    embeddings, query = SEGMENTER.embed(nothing, Foreground(tensor(quarters()), torch.ones(256, 256)))
    assert cosine(embeddings, query).shape == (0,)


def test_a_pasted_layer_is_described_by_itself_and_not_by_what_lies_behind():
    """The same composite, once flattened and once as a layer over the backdrop, which another layer shares."""
    backdrop, mask = quarters(), disc(256, 256, 0.25, 0.25, 0.15)
    striped = np.clip(0.5 + texture("stripes", 256, 256, seed=5), 0, 1)[..., None].repeat(3, axis=2)
    composite = tensor((backdrop * (1 - mask[..., None]) + striped * mask[..., None]).astype(np.float32))
    segmentation = SEGMENTER.segment(tensor(backdrop), torch.ones(256, 256))
    foreground = Foreground(composite, torch.from_numpy(mask), contained=False)
    similarity = cosine(*SEGMENTER.embed(segmentation, foreground))
    behind, stripes = (int(segmentation.labels[y, x]) - 1 for y, x in ((64, 64), (192, 64)))
    assert similarity[stripes] > similarity[behind] + 0.1


def test_a_composite_that_shows_a_part_is_described_at_the_backdrops_scale():
    """The network's window shows a quarter of the backdrop, at twice the scale: the description stays the same."""
    backdrop = quarters(512)
    mask = disc(512, 512, 0.25, 0.25, 0.1)
    segmentation = SEGMENTER.segment(tensor(backdrop), torch.ones(512, 512))
    whole = Foreground(tensor(backdrop), torch.from_numpy(mask), contained=False)
    part = Foreground(
        tensor(backdrop[:256, :256]), torch.from_numpy(mask[:256, :256]), Place(0, 0, 0.5, 0.5), contained=False
    )
    assert_close(SEGMENTER.embed(segmentation, part)[1], SEGMENTER.embed(segmentation, whole)[1], atol=0.05, rtol=0.05)


def test_a_batch_has_unused_columns():
    pictures = torch.stack([tensor(quarters()), torch.full((3, 256, 256), 0.5)])
    masks = torch.from_numpy(disc(256, 256))[None, None].repeat(2, 1, 1, 1)
    instances = find_in_batch(SEGMENTER, pictures, masks)
    assert instances.count > 1
    assert instances.present[0].all()
    assert instances.present[1].tolist() == [True] + [False] * (instances.count - 1)
    assert (instances.labels[1] <= 1).all()


def test_merging_follows_the_definition():
    """Against a slow, literal search for the pair of neighbours whose union costs least."""
    random = np.random.default_rng(4)
    labels = np.arange(24).reshape(4, 6).repeat(5, axis=0).repeat(5, axis=1)
    values = random.random((2, 20, 30)).astype(np.float32) + (labels % 5 == 0)
    merged = merge(labels, values, cost=0.004, most=30, least_part=0.0)
    literal = labels.copy()
    while (pair := cheapest_pair(literal, values)) is not None and pair[0] <= 0.004:
        literal[literal == pair[2]] = pair[1]
    assert 1 < len(np.unique(literal)) < 24
    together = [
        labels.ravel()[:, None] * 0 + (each.ravel()[:, None] == each.ravel()[None]) for each in (merged, literal)
    ]
    assert np.array_equal(*together)


def cheapest_pair(labels, values):
    height, width = labels.shape
    touching = {
        tuple(sorted((labels[y, x], labels[y + dy, x + dx])))
        for y in range(height)
        for x in range(width)
        for dy, dx in ((0, 1), (1, 0))
        if y + dy < height and x + dx < width
    }
    pairs = [(union_cost(labels, values, *pair), *pair) for pair in touching if pair[0] != pair[1]]
    return min(pairs, default=None)


def union_cost(labels, values, one, other):
    """The mean squared error of the union less those of the two."""

    def error(*members):
        own = values[:, np.isin(labels, members)].astype(np.float64)
        return np.square(own - own.mean(1, keepdims=True)).sum() / labels.size

    return error(one, other) - error(one) - error(other)


def test_regions_are_never_too_many_or_too_small():
    noise = np.random.default_rng(0).random((256, 256, 3)).astype(np.float32)
    noise[::16] = 0
    labels = SEGMENTER.segment(tensor(noise), torch.ones(256, 256)).labels
    sizes = torch.bincount(labels.flatten())[1:]
    assert len(sizes) <= 32
    assert (sizes > 0.0029 * 256 * 256).all()
