"""The folder of an evaluation's page: what is written, what is refused, and that no name does harm."""

from __future__ import annotations

import csv
import html
import itertools
import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from samelight.evaluation.cases import KeptPicture
from samelight.evaluation.evaluation import Evaluation, Measurement
from samelight.evaluation.pages import write_report
from samelight.evaluation.pages.cards import SCALE, SCALE_END, colour_differences
from samelight.evaluation.pages.outlines import outline
from samelight.evaluation.pages.plots import error_bars, ratio_bars, scatters
from samelight.evaluation.pages.tables import page_table
from samelight.evaluation.scores import COMPOSITE
from samelight.evaluation.tables import Table
from samelight.study.making import Wishes, make
from samelight.study.sources import from_report
from samelight_wire.errors import InputError, OutputError


class Elements(HTMLParser):
    """All elements of a page and their attributes; ends that fit no beginning are an error."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture
def page(evaluation: Evaluation, tmp_path: Path) -> Path:
    return write_report(evaluation, tmp_path / "report", cases=2)


def test_every_link_leads_to_a_file(page: Path) -> None:
    elements = Elements(page.read_text(encoding="utf-8"))
    places = {attributes["src"] for attributes in elements.of("img") if "src" in attributes}
    places |= {attributes["href"] for attributes in elements.of("a") if not str(attributes["href"]).startswith("#")}
    assert len(places) > 50
    for place in places:
        assert (page.parent / unquote(str(place))).is_file(), place
    written = {f"pictures/{path.name}" for path in (page.parent / "pictures").iterdir()}
    assert {place for place in written if not place.endswith("mask.png")} <= {unquote(str(place)) for place in places}


def test_names_are_text_and_nothing_else(page: Path) -> None:
    elements = Elements(page.read_text(encoding="utf-8"))
    assert len(elements.of("script")) == 1
    assert elements.of("i") == []
    assert [tag for tag, attributes in elements.found if any(name.startswith("on") for name in attributes)] == []
    assert all(re.fullmatch(r"[\w./-]+", str(each.get("src", "x"))) for each in elements.of("img"))
    headings = html.unescape(page.read_text(encoding="utf-8"))
    assert "<script>alert(1)</script>" in headings


def test_every_picture_says_what_it_is(page: Path) -> None:
    elements = Elements(page.read_text(encoding="utf-8"))
    for each in elements.of("img"):
        assert "alt" in each
        assert each["alt"] or "outline" in str(each.get("class")) or each.get("id")
    for each in elements.of("img"):
        if "src" in each:
            assert each["loading"] == "lazy"
            assert each["width"]


def test_headings_go_down_step_by_step(page: Path) -> None:
    levels = [int(tag[1]) for tag, _ in Elements(page.read_text(encoding="utf-8")).found if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_the_figures_stand_beside_it(page: Path, evaluation: Evaluation) -> None:
    with (page.parent / "figures.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 2 * 12 * 4
    report = json.loads((page.parent / "report.json").read_text())
    assert [size["at"] for size in report["sizes"]] == ["256", "native"]
    assert set(report["run"]) == {"command", "date", "machine", "software"}
    shown = report["sizes"][0]["pictures"]
    assert {picture["name"] for picture in shown} <= set(evaluation.measurements[0].scores.names)
    assert set(shown[0]["results"]) == set(evaluation.methods)


def test_a_picture_that_is_gone_is_left_out(page: Path) -> None:
    report = json.loads((page.parent / "report.json").read_text())
    first, second = ({picture["index"] for picture in size["pictures"]} for size in report["sizes"])
    assert 11 in first
    assert second == first - {11}


def test_pictures_are_stored_without_loss(page: Path, evaluation: Evaluation) -> None:
    report = json.loads((page.parent / "report.json").read_text())
    for picture in report["sizes"][0]["pictures"]:
        kept = evaluation.measurements[0].draw(picture["index"])
        for file, expected in ((picture["composite"], kept.composite), (picture["real"], kept.real)):
            assert np.array_equal(np.asarray(Image.open(page.parent / file).convert("RGB")), expected)
        assert np.array_equal(np.asarray(Image.open(page.parent / picture["mask"])), kept.mask)


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def test_large_pictures_are_reduced(
    evaluation: Evaluation, measure: Callable[[str, int], Measurement], tmp_path: Path
) -> None:
    def draw(index: int) -> KeptPicture:
        large = np.full((700, 1400, 3), 90 + index, np.uint8)
        mask = np.zeros((700, 1400), np.uint8)
        mask[100:300, 200:400] = 255
        return KeptPicture(index, large, mask, large, dict.fromkeys(evaluation.methods, large))

    page = write_report(
        replace(evaluation, measurements=[replace(measure("native", 3), draw=draw)]), tmp_path / "r", cases=1
    )
    report = json.loads((page.parent / "report.json").read_text())
    picture = report["sizes"][0]["pictures"][0]
    sizes = {size_of(page.parent / picture[what]) for what in ("composite", "real", "mask")}
    assert sizes == {(1024, 512)}
    assert picture["composite"].endswith(".jpg")
    assert "reduced to 1024 pixels" in page.read_text()


def test_a_second_report_replaces_the_first(evaluation: Evaluation, page: Path) -> None:
    (page.parent / "pictures" / "mine.txt").write_text("kept")
    before = {path.name for path in (page.parent / "pictures").iterdir()}
    write_report(replace(evaluation, measurements=evaluation.measurements[:1]), page.parent, cases=1)
    after = {path.name for path in (page.parent / "pictures").iterdir()}
    assert after < before
    assert "mine.txt" in after


def test_another_page_is_not_overwritten(evaluation: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("somebody's site")
    with pytest.raises(OutputError, match="no report"):
        write_report(evaluation, tmp_path)
    assert (tmp_path / "index.html").read_text() == "somebody's site"


def test_pictures_of_somebody_elses_stay(evaluation: Evaluation, tmp_path: Path) -> None:
    foreign = [tmp_path / "pictures" / name for name in ("20260101-1.jpg", "1.png", "0-000001-cat.jpg")]
    old = tmp_path / "pictures" / "7-000123-04-difference.webp"
    old.parent.mkdir()
    for path in (*foreign, old):
        path.write_text("a picture")
    write_report(evaluation, tmp_path)
    assert not old.exists()
    assert [path.read_text() for path in foreign] == ["a picture"] * 3


def test_a_folder_that_cannot_be_made(evaluation: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_report(evaluation, tmp_path / "file" / "report")


def test_each_shown_picture_is_heard_of(evaluation: Evaluation, tmp_path: Path) -> None:
    heard: list[str] = []
    write_report(evaluation, tmp_path / "r", cases=1, on_picture=heard.append)
    assert len(heard) == len(set(heard)) * 2
    assert set(heard) <= set(evaluation.measurements[0].scores.names)


def test_a_study_can_be_made_of_it(page: Path, tmp_path: Path) -> None:
    methods, items = from_report(page.parent, "256")
    assert methods == [COMPOSITE, "fine", "middling", "<img src=x onerror=alert(2)>"]
    made = make(methods, items, tmp_path / "study", Wishes(participants=2, pairs=5, repeats=1, seed=1))
    assert len(made.key.pictures) == len(items) > 3
    assert all(item.mask is not None for item in items)


def test_a_table_for_the_page() -> None:
    table = Table(
        "T",
        ("method", "0%-5% MSE↓", "0%-5% PSNR↑", "All MSE↓", "All PSNR↑"),
        [("a", "1,002.5", "30.1", "–", "9"), ("b", "90.0", "31.0", "–", "9"), ("c", "90.0", "–", "–", "8")],
    )
    found = page_table(table)
    assert list(found.groups) == [("0%-5%", 2), ("All", 1)]
    assert [(column.name, column.arrow) for column in found.columns] == [("MSE", "↓"), ("PSNR", "↑"), ("PSNR", "↑")]
    assert [[cell.best for cell in cells] for _, cells in found.rows] == [
        [False, False, True],
        [True, True, True],
        [True, False, False],
    ]
    assert [cells[0].value for _, cells in found.rows] == [1002.5, 90.0, 90.0]
    assert found.rows[2][1][1].value is None
    assert found.columns[0].sentence == "0%-5% MSE, less is better"


def test_headings_that_only_look_alike_make_no_groups() -> None:
    found = page_table(Table("T", ("method", "fMSE ratio↓", "95 % interval"), [("a", "0.5", "0.4–0.6")]))
    assert list(found.groups) == []
    assert [column.name for column in found.columns] == ["fMSE ratio", "95 % interval"]
    assert not found.rows[0][1][0].best  # the only one is not the best


def test_bars_are_as_long_as_their_figures(evaluation: Evaluation) -> None:
    scores = evaluation.measurements[0].scores
    panels = error_bars(scores, evaluation.methods)
    assert [panel.title for panel in panels] == ["0%-5%", "5%-15%", "15%-100%", "all pictures"]
    longest = max(bar.length for panel in panels for bar in panel.bars)
    assert longest == 1
    for panel in panels:
        assert [bar.kind for bar in panel.bars] == [COMPOSITE, "network", "baseline", "results"]
        assert [bar.best for bar in panel.bars] == [False, True, False, False]
    whole = panels[-1].bars
    assert whole[1].length / whole[0].length == pytest.approx(scores.row("fine").fmse / scores.row(COMPOSITE).fmse)


def test_the_line_of_the_composite(evaluation: Evaluation) -> None:
    for panel in ratio_bars(evaluation.measurements[0].scores, evaluation.methods):
        assert panel.reference == pytest.approx(panel.bars[0].length)


@pytest.fixture
def many(evaluation: Evaluation, measure: Callable[[str, int], Measurement]) -> Evaluation:
    return replace(evaluation, measurements=[measure("256", 2000)])


def test_scatter_plots_of_many_pictures(many: Evaluation) -> None:
    for panel in scatters(many.measurements[0].scores):
        points = re.findall(r"M(\S+) (\S+)h0", panel.better + panel.worse)
        assert len(points) == panel.shown == 1500
        assert panel.pictures == 2000
        assert all(0 <= float(x) <= 100 and 0 <= float(y) <= 100 for x, y in points)
        assert panel.improved in (0, 2000)


def test_a_page_of_thousands_of_pictures_is_small(many: Evaluation, tmp_path: Path) -> None:
    page = write_report(many, tmp_path / "r")
    assert page.stat().st_size < 1_000_000
    assert sum(1 for _ in (page.parent / "pictures").iterdir()) < 400


@pytest.mark.parametrize("errors", [[0.0, 0.0], [1e-9, 1e9], [7.0, 7.0]])
def test_scatter_plots_of_odd_figures(evaluation: Evaluation, errors: list[float]) -> None:
    scores = evaluation.measurements[0].scores
    made = {
        method: [replace(each, fmse=error) for each in found]
        for (method, found), error in zip(list(scores.figures.items())[:2], errors, strict=True)
    }
    panel = scatters(replace(scores, figures=made))[0]
    assert "nan" not in panel.better + panel.worse
    assert len(panel.ticks) >= 2


def test_colours_of_differences() -> None:
    image = colour_differences(np.array([[0, SCALE_END / 2, SCALE_END, 255]], np.float32)).convert("RGB")
    assert image.getpixel((0, 0)) == SCALE[0]
    assert image.getpixel((2, 0)) == image.getpixel((3, 0)) == SCALE[-1]
    brightness = [
        sum(colour_differences(np.full((1, 1), value, np.float32)).convert("RGB").getpixel((0, 0)))  # type: ignore[arg-type]
        for value in range(0, SCALE_END + 1, 4)
    ]
    assert brightness == sorted(brightness)


def test_an_outline_runs_along_the_edge() -> None:
    mask = np.zeros((40, 60), np.uint8)
    mask[10:30, 20:40] = 255
    lines = np.asarray(outline(mask))
    assert lines.shape == (40, 60, 4)
    assert tuple(lines[10, 30]) == (255, 255, 255, 255)
    assert lines[20, 30, 3] == 0
    assert lines[3, 3, 3] == 0
    assert not np.asarray(outline(np.zeros((5, 5), np.uint8)))[..., 3].any()


def test_an_object_that_leaves_the_picture_is_outlined_there_too() -> None:
    lines = np.asarray(outline(np.full((20, 20), 255, np.uint8)))
    assert (lines[0, :, 3] > 0).all()
    assert lines[10, 10, 3] == 0


def test_without_jinja2_it_says_what_to_install(
    evaluation: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(InputError, match="jinja2") as error:
        write_report(evaluation, tmp_path / "r", cases=1)
    assert "train" in error.value.hint


@pytest.mark.parametrize("methods", [0, 1])
def test_one_picture_and_hardly_a_method(
    evaluation: Evaluation, measure: Callable[[str, int], Measurement], tmp_path: Path, methods: int
) -> None:
    measurement = measure("256", 1)
    kept = [COMPOSITE, *list(evaluation.methods)[:methods]]
    scores = replace(
        measurement.scores,
        figures={name: measurement.scores.figures[name] for name in kept},
        subsets=[],
        families=[""],
        seconds={name: [0.1] for name in kept[1:]},
    )

    def draw(index: int) -> KeptPicture:
        whole = measurement.draw(index)
        return replace(whole, results={name: whole.results[name] for name in kept[1:]})

    small = replace(
        evaluation,
        measurements=[replace(measurement, scores=scores, draw=draw)],
        methods={name: evaluation.methods[name] for name in kept[1:]},
        failures=(),
    )
    page = write_report(small, tmp_path / "r").read_text(encoding="utf-8")
    assert page.count('class="card"') == methods
    assert "1 picture." in page
    assert ("Every picture" in page) == bool(methods)
