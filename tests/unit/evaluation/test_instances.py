"""Networks that read instances are shown those of every composite they are measured on."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from typer.testing import CliRunner

from samelight import harmonizers
from samelight.cli.main import app
from samelight.evaluation.benchmark import samples
from samelight.evaluation.methods import network_method
from samelight.evaluation.metrics import compare
from samelight.evaluation.runner import evaluate
from samelight.evaluation.sizes import resized
from samelight.instances import Instances
from samelight.segmentation import find_in_batch
from samelight.segmentation.regions import RegionSegmenter
from samelight.training.choosing import segment_for
from samelight.training.photos import PhotoCollection
from samelight.weights import WeightsEntry, write_entry
from samelight.weights.manifest import sha256_of


@pytest.mark.parametrize("name", ["srin-lite", "srih-lite"])
def test_a_network_that_reads_instances_is_shown_those_of_the_composite(name: str, photos: PhotoCollection) -> None:
    torch.manual_seed(0)
    network, sample = harmonizers.create(name).eval(), resized(next(samples(photos)), (96, 96))
    composite, mask = sample.composite[None], sample.mask[None]
    instances = find_in_batch(RegionSegmenter(), composite, mask)
    assert instances.count > 1
    with torch.inference_mode():
        shown, blind = network(composite * 2 - 1, mask, instances), network(composite * 2 - 1, mask)
    assert not torch.equal(shown, blind)
    assert torch.equal(network_method(network, segment_for(name))(sample), (shown[0] + 1) / 2)
    assert torch.equal(network_method(network)(sample), (blind[0] + 1) / 2)


@pytest.mark.parametrize("name", harmonizers.names())
def test_a_segmenter_for_those_that_read_instances_alone(name: str) -> None:
    assert (segment_for(name) is not None) == harmonizers.describe(name).needs_instances


def test_the_benchmark_asks_for_every_composites_instances(photos: PhotoCollection) -> None:
    asked = []

    def segment(pictures: Tensor, masks: Tensor) -> Instances:
        asked.append(tuple(pictures.shape))
        return find_in_batch(RegionSegmenter(), pictures, masks)

    torch.manual_seed(0)
    segmenters = {"srin-lite": segment, "hdnet-lite": None}
    methods = {name: network_method(harmonizers.create(name).eval(), each) for name, each in segmenters.items()}
    scores = evaluate(methods, (resized(sample, (64, 64)) for sample in samples(photos)))
    assert asked == [(1, 3, 64, 64)] * len(photos)
    assert set(scores.figures) == {"composite", "srin-lite", "hdnet-lite"}


@pytest.mark.slow
def test_the_command_shows_them_too(photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `samelight evaluate` says of srin-lite is what comes out where its instances are found by hand."""
    torch.manual_seed(0)
    network, path = harmonizers.create("srin-lite").eval(), tmp_path / "srin-lite.safetensors"
    save_file(network.state_dict(), path)
    entry = WeightsEntry(path.name, path.stat().st_size, sha256_of(path), "none.md", "random")
    write_entry(tmp_path, "srin-lite", entry)
    monkeypatch.setenv("SAMELIGHT_WEIGHTS", str(tmp_path))
    done = CliRunner().invoke(
        app,
        [
            "evaluate",
            "--on-photos",
            str(photo_folder),
            "--model",
            "srin-lite",
            "--limit",
            "1",
            "--no-baselines",
            "--json",
        ],
    )
    assert done.exit_code == 0, done.output
    sample = resized(next(samples(PhotoCollection(photo_folder))), (256, 256))
    by_hand = network_method(network, partial(find_in_batch, RegionSegmenter()))(sample)
    figures = json.loads(done.stdout)["sizes"][0]["methods"]["srin-lite"]["overall"]
    assert figures["fmse"] == pytest.approx(compare(by_hand, sample.real, sample.mask).fmse, rel=1e-4)
