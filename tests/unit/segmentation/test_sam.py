"""The Segment Anything Model: the same masks as its own generator, embeddings, prompts, and what is computed once."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from samelight.segmentation.base import Foreground, Place
from samelight.segmentation.everything import decode, find_masks, grid
from samelight.segmentation.sam import SamSegmenter, load_sam
from samelight.segmentation.similarity import cosine, instances_in_view
from samelight_wire.errors import WeightsCorruptError

from .segmentation_helpers import LENIENT, Calls, disc, generator_of_the_package, quarters, small_sam, tensor

GRID = 8


@pytest.fixture(scope="module")
def sam():
    return small_sam()


@pytest.fixture(scope="module")
def segmenter(sam):
    return SamSegmenter(sam, points_per_side=GRID, wanted=LENIENT)


@pytest.fixture(scope="module")
def segmentation(segmenter):
    return segmenter.segment(tensor(quarters()), torch.ones(256, 256))


def ignore(part):
    pass


def find(sam, segmenter, picture, wanted):
    """What our pass finds in a picture of 256 columns."""
    size = (4 * len(picture), 1024)
    return find_masks(sam, segmenter.encode(tensor(picture)), size, GRID, 16, wanted, ignore)


@pytest.mark.parametrize(("height", "least"), [(256, 30), (160, 20)])
def test_the_same_masks_as_the_packages_generator(sam, segmenter, height, least):
    codes = np.rint(quarters()[:height] * 255).astype(np.uint8)
    theirs = generator_of_the_package(sam, GRID, LENIENT).generate(codes)
    assert len(theirs) >= least
    found = find(sam, segmenter, codes.astype(np.float32) / 255, LENIENT)
    expected = torch.from_numpy(np.stack([each["segmentation"] for each in theirs])).flatten(1).float()
    ours = found.masks.flatten(1).float()
    common = expected @ ours.T
    overlap = common / (expected.sum(1)[:, None] + ours.sum(1)[None] - common)
    for best in (overlap.amax(1), overlap.amax(0)):  # all of theirs are ours, and all of ours theirs
        assert (best >= 0.95).float().mean() >= 0.95
    assert len(ours) == pytest.approx(len(theirs), rel=0.05)
    assert found.quality[0].item() == pytest.approx(max(each["predicted_iou"] for each in theirs), abs=0.02)


def test_each_filter_has_work_to_do(sam, segmenter):
    """Else the same masks as the package's would say nothing about it."""
    left = len(find(sam, segmenter, quarters(), LENIENT).masks)
    for without in ({"quality": -9.0}, {"stability": 0.0}, {"overlap": 1.0}):
        more = len(find(sam, segmenter, quarters(), dataclasses.replace(LENIENT, **without)).masks)
        assert more > 1.1 * left


def test_the_grids_points_are_the_packages():
    from segment_anything.utils.amg import build_point_grid

    points = grid(GRID, 300, 500, torch.device("cpu"))
    assert_close(points, torch.from_numpy(build_point_grid(GRID) * [500, 300]).float())


@torch.inference_mode()
def test_embeddings_are_what_the_masks_are_made_of(sam, segmenter):
    """Equations 8 and 9: the embedding times the enlarged picture embedding is the mask."""
    enlarged = []
    handle = sam.mask_decoder.output_upscaling.register_forward_hook(lambda *call: enlarged.append(call[2]))
    points = grid(2, 1024, 1024, torch.device("cpu"))[:, None]
    sparse, dense = sam.prompt_encoder(points=(points, torch.ones(4, 1)), boxes=None, masks=None)
    logits, quality, embeddings = decode(sam, segmenter.encode(tensor(quarters())), sparse, dense, several=True)
    handle.remove()
    assert embeddings.shape == (4, 3, enlarged[0].shape[1])
    assert quality.shape == (4, 3)
    assert_close(torch.einsum("pjd,pdhw->pjhw", embeddings, enlarged[0]), logits, rtol=1e-3, atol=1e-2)
    assert not any(mlp._forward_hooks for mlp in sam.mask_decoder.output_hypernetworks_mlps)


def test_the_label_map(segmentation):
    count = segmentation.count
    assert count >= 10
    assert segmentation.labels.shape == (256, 256)
    assert torch.equal(segmentation.labels.unique()[-count:], torch.arange(1, count + 1))
    assert segmentation.embeddings.shape[0] == count
    assert segmentation.byte_length > segmentation.features.numel() * 4


def test_small_masks_lie_over_large_ones(sam, segmenter, segmentation):
    found = find_masks(sam, segmentation.features, (1024, 1024), GRID, 16, LENIENT, ignore)
    smallest = found.masks.flatten(1).sum(1).argmin()
    label = segmentation.labels[found.masks[smallest]].unique()
    assert len(label) == 1
    assert_close(segmentation.embeddings[label.item() - 1], found.embeddings[smallest])


@pytest.mark.parametrize(("height", "width"), [(192, 256), (256, 100), (32, 33), (1, 1), (40, 1024)])
def test_any_size(height, width):
    segmenter = SamSegmenter(small_sam(side=256), points_per_side=4, wanted=LENIENT)
    picture = tensor(quarters(1024)[:height, :width])
    segmentation = segmenter.segment(picture, torch.ones(height, width))
    longest = max(height, width)
    assert segmentation.labels.shape == (max(1, round(height * 64 / longest)), max(1, round(width * 64 / longest)))
    foreground = Foreground(picture, torch.from_numpy(disc(height, width)))
    similarity = cosine(*segmenter.embed(segmentation, foreground))
    instances = instances_in_view(segmentation, similarity, foreground)
    assert instances.labels.shape == (1, height, width)
    assert instances.labels.max() <= instances.count
    assert torch.isfinite(instances.similarity).all()


def test_nothing_is_found_where_nothing_is_known(segmenter):
    known = torch.ones(256, 256)
    known[:, 100:] = 0
    labels = segmenter.segment(tensor(quarters()), known).labels
    assert (labels[:, 101:] == 0).all()
    assert (labels[:, :99] > 0).any()


def test_nothing_is_found_when_no_mask_is_good_enough(sam):
    from samelight.segmentation.everything import Filter

    segmentation = SamSegmenter(sam, points_per_side=2, wanted=Filter(quality=99)).segment(
        tensor(quarters()), torch.ones(256, 256)
    )
    assert segmentation.count == 0
    assert (segmentation.labels == 0).all()


def test_a_second_layer_costs_one_mask_prompt(segmenter, sam, segmentation):
    calls = Calls(sam)
    picture = tensor(quarters())
    answers = []
    for y, x in ((0.3, 0.3), (0.7, 0.6)):
        foreground = Foreground(picture, torch.from_numpy(disc(256, 256, y, x)), contained=False)
        answers.append(cosine(*segmenter.embed(segmentation, foreground)))
    assert (calls.encoded, calls.points, calls.masks) == (0, 0, 2)
    assert not torch.allclose(answers[0], answers[1])
    assert all((each.abs() <= 1).all() for each in answers)


def test_the_prompt_lies_where_the_foreground_does(sam):
    """The composite shows a quarter of the picture: its mask goes into that quarter, the padding stays outside."""
    prompts = []
    handle = sam.prompt_encoder.register_forward_hook(
        lambda module, positional, named, answer: prompts.append(named["masks"]), with_kwargs=True
    )
    segmenter = SamSegmenter(sam, points_per_side=1, wanted=LENIENT)
    segmentation = segmenter.segment(tensor(quarters()[:128]), torch.ones(128, 256))
    foreground = Foreground(torch.zeros(3, 32, 64), torch.ones(32, 64), Place(0.5, 0.25, 0.75, 0.5), contained=False)
    segmenter.embed(segmentation, foreground)
    handle.remove()
    prompt = prompts[-1][0, 0]
    inside = torch.zeros(256, 256, dtype=torch.bool)
    inside[64:96, 64:128] = True
    assert torch.equal(prompt > 0, inside)
    assert prompt.unique().tolist() == [-10.0, 10.0]


def test_an_encoded_composite_changes_the_answer(segmenter, segmentation):
    picture = tensor(quarters())
    foreground = Foreground(picture, torch.from_numpy(disc(256, 256)), contained=False)
    composite = picture.clone()
    composite[:, 80:180, 80:180] = 1.0
    behind = segmenter.embed(segmentation, foreground)[1]
    itself = segmenter.embed(segmentation, foreground, segmenter.encode(composite))[1]
    assert not torch.allclose(behind, itself)
    assert_close(segmenter.embed(segmentation, foreground, segmenter.encode(picture))[1], behind)


def test_the_pass_tells_how_far_it_is_and_can_be_stopped(segmenter):
    parts = []
    segmenter.segment(tensor(quarters()), torch.ones(256, 256), parts.append)
    assert parts == [0.25, 0.5, 0.75, 1.0]

    def stop(part):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        segmenter.segment(tensor(quarters()), torch.ones(256, 256), stop)


@pytest.mark.slow
def test_a_checkpoint_of_the_published_size_is_recognized_and_loaded(tmp_path):
    from segment_anything import sam_model_registry

    state = {name: torch.zeros_like(value) for name, value in sam_model_registry["vit_b"]().state_dict().items()}
    state["prompt_encoder.no_mask_embed.weight"] += 7
    torch.save(state, tmp_path / "any name")
    loaded = load_sam(tmp_path / "any name", torch.device("cpu"))
    assert (loaded.prompt_encoder.no_mask_embed.weight == 7).all()
    assert not loaded.training
    assert SamSegmenter(loaded, "sam-vit-b").side == 768


class Malicious:
    def __reduce__(self):
        return (warnings.warn, ("run while unpickling",))


@pytest.mark.parametrize("content", [b"", b"no pickle", {"image_encoder": 1}, {"x": Malicious()}], ids=range(4))
def test_what_is_no_checkpoint_is_refused_and_never_run(tmp_path, content):
    path = tmp_path / "sam.pth"
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    with pytest.raises(WeightsCorruptError, match=r"sam\.pth"):
        load_sam(path, torch.device("cpu"))
