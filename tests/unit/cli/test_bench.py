"""`samelight bench`: that it measures the real parts, and counts what it says; never how fast they are."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import torch
from cli_helpers import Run

from samelight import harmonizers
from samelight.cli import measuring_parts
from samelight.cli.measuring_parts import measure_clustering, measure_segmenter, measured_segmenters
from samelight.harmonizers import registry

CPU = torch.device("cpu")


FEW = ("hdnet-lite", "srin-lite", "frih-lite")
"""One with weights, one that reads instances, one whose work depends on the picture."""


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a few small networks, so that this takes no minute."""
    monkeypatch.setattr(registry, "_REGISTRY", {name: registry._REGISTRY[name] for name in FEW})


def test_every_network_clustering_and_segmentation(run: Run, few: None) -> None:
    figures = json.loads(run("bench", "--only", "parts", "--rounds", 1, "--json").stdout)
    assert set(figures) == {"parts_device", "networks", "clustering", "segmentation"}
    assert list(figures["networks"]) == harmonizers.names() == list(FEW)
    for name, measured in figures["networks"].items():
        assert measured["p50_seconds"] > 0
        assert measured["rounds"] == 1
        assert measured["weights"] == "trained"
        assert measured["parameters"] == sum(each.numel() for each in harmonizers.create(name).parameters())
        assert measured["multiply_adds"] > 1e8
        assert measured["depends_on_picture"] == (name == "frih-lite")
    assert list(figures["segmentation"]) == ["regions"]
    assert figures["segmentation"]["regions"]["instances"] > 1


def test_in_words(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_REGISTRY", {FEW[0]: registry._REGISTRY[FEW[0]]})
    lines = run("bench", "--only", "parts", "--rounds", 1).stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith(FEW[0] + " ") and line.rstrip().endswith("trained") for line in lines)
    assert any("clustering of 65,536 pixels" in line for line in lines)
    assert any("segmentation by regions" in line for line in lines)


def test_what_cannot_be_measured(run: Run) -> None:
    result = run("bench", "--only", "nonsense")
    assert result.exit_code == 2
    assert "parts" in result.stderr


def test_clustering_is_that_of_the_whole_picture() -> None:
    measured = measure_clustering(2, CPU)
    assert measured["pixels"] == 256 * 256
    assert 1 <= measured["submasks"] <= 10
    assert measured["rounds"] == 2


def test_regions_alone_are_measured_where_no_sam_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMELIGHT_WEIGHTS", str(tmp_path))
    (regions,) = measured_segmenters(CPU)
    measured = measure_segmenter(regions, 1, CPU)
    assert measured["segment"]["p50_seconds"] > 0
    assert measured["embed"]["rounds"] == 1


def test_a_median_of_the_rounds_that_count(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 50.0, 100.0, 103.0, 200.0, 201.0, 300.0, 302.0])  # the first run takes 50, then 3, 1, 2
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(measuring_parts, "PATIENCE", 1e9)
    assert measuring_parts._timed(lambda: None, 3) == {"p50_seconds": 2.0, "rounds": 3}


def test_what_takes_long_is_measured_fewer_times(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter(range(100))
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(seconds)))  # every run takes 1
    assert measuring_parts._timed(lambda: None, 50)["rounds"] == int(measuring_parts.PATIENCE) - 1
