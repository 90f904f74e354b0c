"""Means, groups, the bootstrap, and the tables made of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from samelight.evaluation.benchmark import BenchmarkSample
from samelight.evaluation.cases import choose_cases, difference_map
from samelight.evaluation.evaluation import Measurement, MethodFacts
from samelight.evaluation.metrics import PictureFigures, compare
from samelight.evaluation.report import as_json, as_markdown, in_manifest
from samelight.evaluation.runner import evaluate
from samelight.evaluation.scores import COMPOSITE, Scores, foreground_range
from samelight.evaluation.tables import tables_of


def sample(name: str, family: str, error: float, share: float, subset: str = "") -> BenchmarkSample:
    real = torch.full((3, 10, 10), 0.2)
    mask = torch.zeros(1, 10, 10)
    mask.view(-1)[: round(100 * share)] = 1
    return BenchmarkSample(name, family, real + mask * error / 255, mask, real, subset)


HALF = {"half": lambda s: torch.lerp(s.composite, s.real, 0.5), "nothing": lambda s: s.composite}
SAMPLES = [
    sample("a", "camera", 10, 0.04, "HCOCO"),
    sample("b", "camera", 20, 0.5, "HCOCO"),
    sample("c", "idt", 30, 0.5, "HFlickr"),
]


def scores_of(errors: list[float], composites: list[float]) -> Scores:
    """Scores with these fMSE of a method named mine."""

    def figures(values: list[float]) -> list[PictureFigures]:
        return [PictureFigures(value / 4, value, 30.0, 10 * math.log10(255**2 / max(value, 1e-5))) for value in values]

    count = len(errors)
    return Scores(
        names=[f"p{number}" for number in range(count)],
        families=[""] * count,
        shares=[0.1] * count,
        subsets=[""] * count,
        figures={COMPOSITE: figures(composites), "mine": figures(errors)},
    )


def test_scores_are_ratios_of_means_by_group() -> None:
    scores = evaluate(HALF, SAMPLES)
    row = scores.row("half")
    assert scores.row(COMPOSITE).fmse == pytest.approx((100 + 400 + 900) / 3)
    assert row.fmse_ratio == pytest.approx(0.25, abs=1e-6)
    assert row.better == 1
    assert scores.row("nothing").better == 0
    assert scores.by_family("half")["camera"].fmse == pytest.approx((25 + 100) / 2)
    assert {name: row.pictures for name, row in scores.by_foreground("half").items()} == {"0%-5%": 1, "15%-100%": 2}
    assert {name: row.fmse for name, row in scores.by_subset("half").items()} == pytest.approx(
        {"HCOCO": (25 + 100) / 2, "HFlickr": 225}
    )


def test_psnr_is_a_mean_of_pictures_not_of_a_mean() -> None:
    """Errors of 10 and 20 over the whole picture: the mean of 28.13 and 22.11 dB."""
    scores = evaluate({}, [sample("a", "", 10, 1.0), sample("b", "", 20, 1.0)])
    by_hand = sum(20 * math.log10(255 / error) for error in (10, 20)) / 2
    assert scores.row(COMPOSITE).psnr == pytest.approx(by_hand, abs=1e-6)


@pytest.mark.parametrize(
    ("share", "name"),
    [(0.001, "0%-5%"), (0.05, "0%-5%"), (0.0501, "5%-15%"), (0.15, "5%-15%"), (0.151, "15%-100%"), (1.0, "15%-100%")],
)
def test_ranges_of_the_foreground_as_the_papers_have_them(share: float, name: str) -> None:
    assert foreground_range(share) == name


def test_groups_that_tell_nothing_apart_are_left_out() -> None:
    assert set(scores_of([1.0], [2.0]).groups()) == {"foreground"}
    assert set(evaluate({}, SAMPLES).groups()) == {"subset", "foreground", "family"}


def test_more_than_3_db_worse() -> None:
    """Twice the error is 3.01 dB worse."""
    row = scores_of([199.0, 201.0, 50.0], [100.0, 100.0, 100.0]).row("mine")
    assert row.worse_by_3_db == 1
    assert row.better == pytest.approx(1 / 3)


def test_the_interval_holds_the_ratio_and_narrows() -> None:
    generator = np.random.default_rng(1)
    wide, narrow = [], []
    for count, intervals in ((20, wide), (2000, narrow)):
        composites = generator.uniform(100, 1000, count)
        scores = scores_of(list(composites * generator.uniform(0.2, 0.6, count)), list(composites))
        low, high = scores.ratio_interval("mine")
        assert low < scores.row("mine").fmse_ratio < high
        assert (low, high) == scores.ratio_interval("mine")
        intervals.append(high - low)
    assert wide[0] > 4 * narrow[0]


def test_the_interval_of_a_constant_ratio_has_no_width() -> None:
    low, high = scores_of([25.0, 100.0, 225.0], [100.0, 400.0, 900.0]).ratio_interval("mine")
    assert (low, high) == pytest.approx((0.25, 0.25), abs=1e-12)


def test_a_mean_over_pictures_of_which_one_is_unknown_is_unknown() -> None:
    scores = scores_of([1.0, 1.0], [2.0, 2.0])
    figures = scores.figures["mine"]
    figures[0] = PictureFigures(1, 1, 30, 30, ssim=0.5, fssim=0.4)
    assert scores.row("mine").ssim is None
    figures[1] = PictureFigures(1, 1, 30, 30, ssim=0.7, fssim=0.6)
    assert (scores.row("mine").ssim, scores.row("mine").fssim) == pytest.approx((0.6, 0.5))


def test_cases_are_the_best_the_middle_and_the_worst() -> None:
    ratios = [0.9, 0.1, 0.5, 2.0, 0.3, 0.6, 0.7, 0.2, 1.5]
    cases = choose_cases(scores_of([100 * ratio for ratio in ratios], [100.0] * 9), "mine", each=2)
    assert [(case.kind, case.index) for case in cases] == [
        ("best", 1),
        ("best", 7),
        ("median", 2),
        ("median", 5),
        ("worst", 3),
        ("worst", 8),
    ]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_few_pictures_are_cases_once(count: int) -> None:
    cases = choose_cases(scores_of([float(number) for number in range(1, count + 1)], [10.0] * count), "mine")
    assert len({case.index for case in cases}) == len(cases) == min(count, 3)
    assert cases[0].index == 0


def test_difference_maps_square_to_the_error() -> None:
    generator = np.random.default_rng(0)
    picture, real = (generator.integers(0, 256, (8, 9, 3), dtype=np.uint8) for _ in range(2))
    mask = generator.random((8, 9)) > 0.5
    tensors = (torch.from_numpy(each).permute(2, 0, 1) / 255 for each in (picture, real))
    figures = compare(*tensors, torch.from_numpy(mask)[None].float())
    assert np.square(difference_map(picture, real))[mask].mean() == pytest.approx(figures.fmse, rel=1e-5)


def test_reports_hold_every_method() -> None:
    scores = evaluate({"real": lambda s: s.real}, [sample("a", "camera", 10, 0.3)])
    assert as_json(scores)["real"]["overall"]["fmse"] == 0
    assert "| real | 1 | 0.0 | 0.0 | 0.000 | 100.00 | 100.00 | 100% | 0 |" in as_markdown(scores)
    manifest = in_manifest(scores.row("real"), 256)
    assert manifest["fmse"] == 0
    assert "lpips" not in manifest


def test_tables_have_the_papers_columns() -> None:
    """HDNet's table 1 (subsets: MSE, PSNR), RCL's table III (fMSE, fSSIM) and table 2 (ranges: MSE, fMSE)."""
    scores = evaluate(HALF, SAMPLES)
    facts = {name: MethodFacts("baseline", name) for name in HALF}
    tables = {table.title: table for table in tables_of(Measurement("256", "", scores, lambda _: None), facts)}
    assert tables["By subset"].headings == (
        "method",
        *("HCOCO MSE↓", "HCOCO PSNR↑", "HFlickr MSE↓", "HFlickr PSNR↑", "All MSE↓", "All PSNR↑"),
    )
    half = next(row for row in tables["By subset"].rows if row[0] == "half")
    assert half[1] == f"{(25 * 0.04 + 100 * 0.5) / 2:.2f}"
    assert "HFlickr fSSIM↑" in tables["Foregrounds by subset"].headings
    assert "15%-100% fMSE↓" in tables["By foreground ratio"].headings
    assert all(len(row) == len(table.headings) for table in tables.values() for row in table.rows)
