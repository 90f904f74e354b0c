"""The stage between compose and harmonize: when it runs, what the network gets, what is computed once."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from pipeline_helpers import flattened, ramp, raster, round_alpha, run

from samelight.harmonizers import registry
from samelight.instances import Instances
from samelight.lifting import Blend
from samelight.pipeline import Pipeline
from samelight.segmentation import Choice, InstanceFinder
from samelight.segmentation.regions import RegionSegmenter
from samelight_wire.errors import CancelledError, InvalidOptionError
from samelight_wire.formats import Depth, Layout, Rect
from samelight_wire.messages import HarmonizeRequest, Options


class Watched(RegionSegmenter):
    """Counts, and keeps the last picture."""

    def __init__(self):
        self.segmented = 0

    def segment(self, picture, known, on_part):
        self.segmented += 1
        self.picture, self.known = picture, known
        return super().segment(picture, known, on_part)


class Network:
    """Changes nothing and keeps what it was given."""

    def __call__(self, picture, mask, instances=None):
        self.picture, self.mask, self.instances = picture, mask, instances
        return picture


@pytest.fixture
def segmenter():
    return Watched()


@pytest.fixture
def network():
    return Network()


@pytest.fixture
def pipeline(segmenter, network):
    finder = InstanceFinder(lambda: Choice("regions", lambda: segmenter))
    return Pipeline(lambda name: network, threads=2, finder=finder)


@pytest.fixture
def needy(monkeypatch):
    """The name of a network that needs instances."""
    entry = dataclasses.replace(registry.describe("hdnet-lite"), name="needy", needs_instances=True)
    monkeypatch.setitem(registry._REGISTRY, "needy", entry)
    return "needy"


def halves(width=256, height=256, channels=3):
    """A backdrop: left smooth and dark, right with fine texture and light."""
    picture = np.full((height, width, channels), 80, np.uint8)
    noise = np.random.default_rng(1).integers(-50, 50, (height, width // 2, 1))
    picture[:, width // 2 :] = np.clip(170 + noise, 0, 255)
    if channels == 4:
        picture[..., 3] = 255
    return picture


def pasted(model, x, y, side=40, backdrop=None, **options):
    backdrop = halves() if backdrop is None else backdrop
    layer = np.full((side, side, 4), 255, np.uint8)
    layer[..., :3] = np.random.default_rng(2).integers(20, 230, (side, side, 3))
    layout = Layout.RGBA if backdrop.shape[2] == 4 else Layout.RGB
    return HarmonizeRequest(
        "test",
        raster(layer, Layout.RGBA),
        Rect(x, y, side, side),
        raster(backdrop, layout),
        Rect(0, 0, backdrop.shape[1], backdrop.shape[0]),
        options=Options(model=model, **options),
    )


def test_it_runs_only_for_networks_that_need_it(pipeline, segmenter, network, needy):
    outcome = pipeline.run(pasted("hdnet-lite", 30, 30))
    assert segmenter.segmented == 0
    assert network.instances is None
    assert "segment" not in outcome.seconds
    assert "segmenter" not in outcome.reasons
    stages = []
    outcome = pipeline.run(pasted(needy, 30, 30), lambda stage, fraction: stages.append((stage, fraction)))
    assert isinstance(network.instances, Instances)
    assert list(outcome.seconds) == ["decode", "compose", "segment", "harmonize", "lift", "encode"]
    assert [fraction for _, fraction in stages] == sorted(fraction for _, fraction in stages)
    assert outcome.reasons["segmenter"] == "regions"
    assert outcome.reasons["instances"] == network.instances.count


def test_without_a_finder_the_network_gets_none(network, needy):
    Pipeline(lambda name: network).run(pasted(needy, 30, 30))
    assert network.instances is None


def test_a_second_layer_and_another_strength_segment_nothing(pipeline, segmenter, network, needy):
    first = pipeline.run(pasted(needy, 20, 30))
    second = pipeline.run(pasted(needy, 180, 150, side=60, strength=0.5))
    pipeline.reblend(second, Blend(0.2))
    assert segmenter.segmented == 1
    assert [each.reasons["segmentation_cached"] for each in (first, second)] == [False, True]
    pipeline.run(pasted(needy, 20, 30, backdrop=halves()[:, ::-1].copy()))
    assert segmenter.segmented == 2


def test_another_selection_on_a_flattened_picture_segments_nothing(pipeline, segmenter, needy):
    picture = raster(halves(), Layout.RGB)
    for x in (40, 150):
        mask = np.zeros((256, 256), np.uint8)
        mask[60:120, x : x + 60] = 255
        pipeline.run(flattened(picture, mask, options=Options(model=needy)))
    assert segmenter.segmented == 1


@pytest.mark.parametrize("place", [(10, 20), (150, 180), (-20, 100), (236, 236)])
def test_labels_lie_where_the_network_sees_the_instances(pipeline, network, needy, place):
    """Dark pixels of the working picture have the left instance's label, light ones the right one's."""
    pipeline.run(pasted(needy, *place))
    labels = network.instances.labels
    assert labels.shape == network.mask.shape[:1] + network.mask.shape[2:]
    backdrop = network.mask[0, 0] == 0
    dark = network.picture[0].mean(0) < 0.4
    smooth = torch.nn.functional.avg_pool2d(dark[None, None].float(), 17, 1, 8)[0, 0]
    for side in (smooth == 1, smooth == 0):
        own = labels[0][backdrop & side]
        if len(own) > 50:
            assert (own == own.mode().values).float().mean() > 0.9
    both = [
        labels[0][backdrop & side].mode().values.item()
        for side in (smooth == 1, smooth == 0)
        if (backdrop & side).any()
    ]
    assert len(set(both)) == len(both)


def test_a_textured_layer_looks_like_the_textured_half(pipeline, network, needy):
    pipeline.run(pasted(needy, 108, 108))
    left, right = (int(network.instances.labels[0, 60, x]) for x in (10, network.mask.shape[3] - 10))
    similarity = network.instances.similarity[0]
    assert similarity[right - 1] > similarity[left - 1] + 0.3


def test_a_small_window_of_a_large_canvas_is_segmented_by_itself(pipeline, segmenter, needy):
    backdrop = np.tile(halves(), (4, 5, 1))
    pipeline.run(pasted(needy, 300, 300, side=20, backdrop=backdrop))
    assert max(segmenter.picture.shape[1:]) < 256
    pipeline.run(pasted(needy, 300, 300, side=400, backdrop=backdrop))
    height, width = segmenter.picture.shape[1:]
    assert width / height == pytest.approx(1280 / 1024, rel=0.05)


def test_transparent_backdrop_is_unknown_and_never_black(pipeline, segmenter, network, needy):
    backdrop = halves(channels=4)
    backdrop[:, 170:] = 0
    pipeline.run(pasted(needy, 100, 100, side=60, backdrop=backdrop))
    assert segmenter.picture.min() > 0.2
    assert (segmenter.known[:, 180:] == 0).all()
    x, _, width, _ = (100 - 64, 0, 60 + 128, 0)
    first_unknown = int((170 - x) / width * network.mask.shape[3]) + 4
    assert (network.instances.labels[..., first_unknown:] == 0).all()
    assert (network.instances.labels[..., :20] > 0).any()


def test_the_unselected_rest_of_a_layer_is_backdrop(pipeline, segmenter, needy):
    """With a selection the layer's rest is seen around the foreground: it belongs to what is segmented."""
    layer = halves(channels=4)[:, ::-1].copy()
    mask = np.zeros((256, 256), np.uint8)
    mask[100:160, 100:160] = 255
    rect = Rect(0, 0, 256, 256)
    request = HarmonizeRequest(
        "test", raster(layer, Layout.RGBA), rect, raster(halves(), Layout.RGB), rect,
        selection=raster(mask[..., None], Layout.MASK), selection_rect=rect, options=Options(model=needy),
    )  # fmt: skip
    pipeline.run(request)
    assert segmenter.picture[:, :, :100].mean() > segmenter.picture[:, :, 156:].mean() + 0.2


def test_a_wide_gamut_float_backdrop(pipeline, segmenter, needy):
    backdrop = (halves().astype(np.float32) / 128).astype("f4")
    pipeline.run(pasted(needy, 30, 30, backdrop=backdrop))
    assert 0 <= segmenter.picture.min() <= segmenter.picture.max() <= 1


@pytest.mark.parametrize("side", [32, 100, 1024])
def test_everything_selected_but_a_frame(pipeline, network, needy, side):
    mask = np.full((side, side), 255, np.uint8)
    mask[:3] = 0
    picture = raster(ramp(side, side, 3, "u1"), Layout.RGB)
    pipeline.run(flattened(picture, mask, options=Options(model=needy)))
    assert torch.isfinite(network.instances.similarity).all()
    assert network.instances.labels.max() == network.instances.count


def test_segmentation_can_be_cancelled(segmenter, network, needy):
    class Long(Watched):
        def segment(self, picture, known, on_part):
            on_part(0.5)
            raise AssertionError("it went on")

    pipeline = Pipeline(lambda name: network, finder=InstanceFinder(lambda: Choice("regions", Long)))
    seen = []

    def stop(stage, fraction):
        seen.append((stage, fraction))
        if len(seen) == 4:
            raise CancelledError

    with pytest.raises(CancelledError):
        pipeline.run(pasted(needy, 30, 30), stop)
    assert [stage for stage, _ in seen[-2:]] == ["segment", "segment"]
    assert seen[-2][1] < seen[-1][1]


def test_explanations_come_with_any_network(pipeline, segmenter, network):
    outcome = pipeline.run(pasted("hdnet-lite", 60, 60, explain=True))
    assert network.instances is None  # it did not ask for them
    assert segmenter.segmented == 1
    assert set(outcome.explanations) == {"instances", "submasks"}
    for picture in outcome.explanations.values():
        picture.validate()
        assert (picture.format.layout, picture.format.depth) == (Layout.RGB, Depth.U8)
    assert "explain" in outcome.seconds
    assert pipeline.reblend(outcome, Blend(0.5)).explanations == {}
    assert pipeline.run(pasted("hdnet-lite", 60, 60)).explanations == {}


def test_an_explanation_without_a_segmenter_says_so(network):
    pipeline = Pipeline(lambda name: network, finder=InstanceFinder(lambda: None))
    with pytest.raises(InvalidOptionError, match="segmenter"):
        pipeline.run(pasted("hdnet-lite", 60, 60, explain=True))


def test_masks_soft_everywhere_are_fine(pipeline, network, needy):
    mask = round_alpha(200, 300, "u1") // 2
    picture = raster(ramp(200, 300, 3, "u1"), Layout.RGB)
    pipeline.run(flattened(picture, mask, options=Options(model=needy)))
    assert network.instances.count >= 1


def test_helpers_networks_without_instances_still_run():
    assert run(pasted("hdnet-lite", 30, 30)).model == "hdnet-lite"
