"""One pass of SAM serves every layer over a backdrop and every network: whole requests, with real networks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pipeline_helpers import flattened, raster, round_alpha

from samelight import harmonizers
from samelight.pipeline import Pipeline
from samelight.segmentation import Choice, InstanceFinder
from samelight.segmentation.sam import SamSegmenter
from samelight_wire.formats import Layout, Rect
from samelight_wire.messages import HarmonizeRequest, Options

from .segmentation_helpers import LENIENT, Calls, quarters, small_sam

NETWORKS = ("srin-lite", "srih-lite")


@pytest.fixture(scope="module")
def networks():
    """With random weights."""
    torch.manual_seed(5)
    return {name: harmonizers.create(name).eval().requires_grad_(False) for name in NETWORKS}


@pytest.fixture
def pipeline(networks):
    def source(name):
        def harmonizer(picture, mask, instances):
            assert instances.count >= 4
            return (networks[name](picture * 2 - 1, mask, instances) + 1) / 2

        return harmonizer

    sam = small_sam(side=256)
    made = Pipeline(
        source,
        finder=InstanceFinder(
            lambda: Choice("small", lambda: SamSegmenter(sam, "small", points_per_side=6, wanted=LENIENT))
        ),
    )
    return made, Calls(sam)


def backdrop():
    return np.rint(quarters() * 255).astype(np.uint8)


def layer(x, model, below):
    pixels = np.dstack([below[60:120, x : x + 60] // 2, round_alpha(60, 60, "u1")])
    back = raster(below, Layout.RGB)
    layered = raster(pixels, Layout.RGBA), Rect(x, 60, 60, 60), back, Rect(0, 0, 256, 256)
    return HarmonizeRequest("test", *layered, options=Options(model=model))


def test_two_layers_and_two_networks_cost_one_pass(pipeline):
    run, calls = pipeline
    outcomes = [run.run(layer(x, model, backdrop())) for x in (30, 160) for model in NETWORKS]
    assert (calls.encoded, calls.points, calls.masks) == (1, 36, 4)
    assert [each.reasons["segmentation_cached"] for each in outcomes] == [False, True, True, True]
    changed = backdrop()
    changed[255, 255] ^= 1
    run.run(layer(30, "srih-lite", changed))
    assert calls.encoded == 2


def test_two_selections_and_two_networks_cost_one_pass(pipeline):
    run, calls = pipeline
    for radius in (1, 2):
        mask = np.roll(round_alpha(256, 256, "u1") // radius, 20 * radius, axis=1)
        for model in NETWORKS:
            run.run(flattened(raster(backdrop(), Layout.RGB), mask, options=Options(model=model)))
    assert (calls.encoded, calls.points, calls.masks) == (1, 36, 4)
