"""What is segmented once: the cache, which segmenter works, and what is forgotten."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from samelight import weights
from samelight.segmentation import Choice, Foreground, InstanceFinder, choose_segmenter
from samelight.segmentation.cache import Cache
from samelight.segmentation.regions import RegionSegmenter
from samelight.segmentation.sam import SamSegmenter
from samelight.segmentation.similarity import cosine, instances_in_view
from samelight_wire.errors import InvalidOptionError, WeightsMissingError

from .segmentation_helpers import LENIENT, Calls, disc, quarters, small_sam, tensor

CPU = torch.device("cpu")


@dataclass
class Canvas:
    """A backdrop, as the finder sees one, that notes for which sizes it was asked."""

    key: str = "canvas"
    contains_foreground: bool = False
    content: np.ndarray = field(default_factory=quarters)
    asked: list = field(default_factory=list)

    def picture(self, side):
        self.asked.append(side)
        return self.content, np.ones(self.content.shape[:2], np.float32)

    def with_layer(self):
        return Canvas(self.key + " with layer", True, 1 - self.content, self.asked)


def foreground(y=0.5, x=0.5, contained=False):
    return Foreground(tensor(quarters()), torch.from_numpy(disc(256, 256, y, x)), contained=contained)


def sam_finder(**options):
    sam = small_sam(side=256)
    finder = InstanceFinder(
        lambda: Choice("small", lambda: SamSegmenter(sam, "small", points_per_side=4, wanted=LENIENT)), **options
    )
    return finder, Calls(sam)


def test_a_second_layer_on_the_same_backdrop_costs_no_pass():
    finder, calls = sam_finder()
    first = finder.find(Canvas(), foreground(0.3, 0.3))
    assert (calls.encoded, calls.points, calls.masks) == (1, 16, 1)
    canvas = Canvas()
    second = finder.find(canvas, foreground(0.7, 0.7))
    assert (calls.encoded, calls.points, calls.masks) == (1, 16, 2)
    assert canvas.asked == []
    assert (first.cached, second.cached) == (False, True)
    assert second.facts()["segmentation_cached"] is True
    assert not torch.equal(first.instances.similarity, second.instances.similarity)


def test_several_threads_share_one_pass():
    """As programs may that call `samelight.harmonize` from a pool of threads."""
    finder, calls = sam_finder()
    places = [foreground(0.2 + 0.1 * number, 0.4) for number in range(6)]
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda place: finder.find(Canvas(), place), places))
    assert (calls.encoded, calls.points, calls.masks) == (1, 16, 6)
    alone, _ = sam_finder()
    for place, each in zip(places, found, strict=True):
        torch.testing.assert_close(each.instances.similarity, alone.find(Canvas(), place).instances.similarity)


def test_another_backdrop_is_segmented():
    finder, calls = sam_finder()
    finder.find(Canvas("one"), foreground())
    finder.find(Canvas("other", content=1 - quarters()), foreground())
    assert calls.encoded == 2


def test_the_paper_meaning_costs_one_pass_for_each_layer():
    finder, calls = sam_finder(encode_foreground=True)
    finder.find(Canvas(), foreground())
    assert (calls.encoded, calls.points) == (2, 16)
    finder.find(Canvas(), foreground())
    assert (calls.encoded, calls.points) == (2, 16)
    finder.find(Canvas("flattened", contains_foreground=True), foreground(contained=True))
    assert (calls.encoded, calls.points) == (3, 32)


def test_the_cache_is_bounded_in_bytes():
    finder, calls = sam_finder(max_bytes=0)
    finder.find(Canvas(), foreground())
    assert finder.byte_length == 0
    assert not finder.find(Canvas(), foreground()).cached
    assert calls.encoded == 2


def test_the_least_recently_used_go_first():
    cache = Cache(10, len)
    for key, value in (("a", "aaaa"), ("b", "bbbb")):
        cache.put(key, value)
    assert cache.get("a") == "aaaa"
    cache.put("c", "cc")
    assert cache.byte_length == 10
    cache.put("d", "d")
    assert (cache.get("a"), cache.get("b"), cache.get("c"), cache.get("d")) == ("aaaa", None, "cc", "d")
    cache.put("e", "e" * 11)
    assert cache.get("e") is None
    assert len(cache) == 3
    cache.put("a", "a")
    assert cache.byte_length == 4
    cache.clear()
    assert len(cache) == cache.byte_length == 0


def test_what_was_idle_for_long_is_forgotten():
    import time

    finder, calls = sam_finder(idle_seconds=1000)
    assert not finder.unload_idle(time.monotonic() + 10_000)
    finder.find(Canvas(), foreground())
    assert finder.loaded == "small"
    assert not finder.unload_idle(time.monotonic() + 500)
    assert finder.unload_idle(time.monotonic() + 1000)
    assert finder.loaded is None
    assert finder.byte_length == 0
    finder.find(Canvas(), foreground())
    assert calls.encoded == 2


def test_another_segmenter_takes_over_as_soon_as_it_is_there():
    choices = [Choice("regions", RegionSegmenter), Choice("regions", RegionSegmenter)]
    sam = SamSegmenter(small_sam(side=256), "small", points_per_side=2, wanted=LENIENT)
    choices.append(Choice("small", lambda: sam))
    finder = InstanceFinder(lambda: choices.pop(0))
    found = [finder.find(Canvas(), foreground()) for _ in range(3)]
    assert [each.segmenter for each in found] == ["regions", "regions", "small"]
    assert [each.cached for each in found] == [False, True, False]


def test_no_segmenter_finds_nothing():
    assert InstanceFinder(lambda: choose_segmenter("none", CPU)).find(Canvas(), foreground()) is None


def test_the_choice_of_segmenter(monkeypatch, tmp_path):
    monkeypatch.setenv("SAMELIGHT_WEIGHTS", str(tmp_path))
    assert choose_segmenter("auto", CPU).name == choose_segmenter("regions", CPU).name == "regions"
    assert isinstance(choose_segmenter("auto", CPU).open(), RegionSegmenter)
    with pytest.raises(WeightsMissingError, match="SAM") as caught:
        choose_segmenter("sam", CPU)
    assert "samelight weights install" in caught.value.hint
    with pytest.raises(InvalidOptionError, match="nonsense"):
        choose_segmenter("nonsense", CPU)
    there = weights.InstalledCheckpoint("sam-vit-l", "vit_l", tmp_path / "file")
    monkeypatch.setattr(weights, "sam_checkpoint", lambda: there)
    assert choose_segmenter("auto", CPU).name == choose_segmenter("sam", CPU).name == "sam-vit-l"
    assert choose_segmenter("regions", CPU).name == "regions"


def test_what_the_foreground_hides_is_no_instance():
    from samelight.segmentation import Segmentation

    labels = torch.arange(1, 5).repeat_interleave(8).repeat(8, 1)  # four stripes of 8 columns
    segmentation = Segmentation(labels, torch.eye(4), torch.zeros(1))
    mask = torch.zeros(8, 32)
    mask[:, 8:22] = 1  # hides the second stripe and three quarters of the third
    similarity = torch.tensor([0.1, 0.2, 0.3, 0.4])
    pasted = instances_in_view(segmentation, similarity, Foreground(torch.zeros(3, 8, 32), mask, contained=False))
    assert pasted.similarity.tolist() == [[pytest.approx(0.1), pytest.approx(0.3), pytest.approx(0.4)]]
    assert pasted.labels[0, 0].tolist() == [1] * 8 + [0] * 8 + [2] * 8 + [3] * 8
    flattened = instances_in_view(segmentation, similarity, Foreground(torch.zeros(3, 8, 32), mask))
    assert flattened.similarity.tolist() == [[pytest.approx(0.1), pytest.approx(0.4)]]


def test_cosine():
    embeddings = torch.tensor([[2.0, 0.0], [0.0, 3.0], [-1.0, 0.0], [0.0, 0.0], [1.0, 1.0]])
    expected = torch.tensor([1.0, 0.0, -1.0, 0.0, 0.5**0.5])
    torch.testing.assert_close(cosine(embeddings, torch.tensor([5.0, 0.0])), expected)
