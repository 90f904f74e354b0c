"""`samelight evaluate` as it is typed: tables, files, and what is told where something is wrong."""

from __future__ import annotations

import csv
import json
import math
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from samelight.calibration import Calibration
from samelight.cli.main import app
from samelight.evaluation.runner import Measurer
from samelight.weights import read_manifest, store, write_entry

runner = CliRunner()


@pytest.fixture(autouse=True)
def no_installed_weights(monkeypatch: pytest.MonkeyPatch, weights_folder: Path) -> None:
    """The only network that has weights is a small one with random ones."""
    monkeypatch.setenv("SAMELIGHT_WEIGHTS", str(weights_folder))
    monkeypatch.setattr(store, "folders", lambda: [weights_folder])


def evaluate(*arguments: object, code: int = 0) -> str:
    done = runner.invoke(app, ["evaluate", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return done.output


def as_json(*arguments: object, code: int = 0) -> dict:
    done = runner.invoke(app, ["evaluate", *map(str, arguments), "--json"])
    assert done.exit_code == code, done.output
    assert done.stdout.count("\n") == 1
    return json.loads(done.stdout)


def test_iharmony4_gives_the_papers_table(iharmony4: Path) -> None:
    """Two pictures a subset, a quarter of each 10 and 20 off: MSE 25 and 100, fMSE 100 and 400."""
    report = as_json("--iharmony4", iharmony4, "--no-baselines", "--at", "native")
    assert report["benchmark"] == "iHarmony4, test split of HCOCO, HAdobe5k, HFlickr, Hday2night, 8 pictures"
    composite = report["sizes"][0]["methods"]["composite"]
    assert composite["overall"]["pictures"] == 8
    for row in (composite["overall"], *composite["subsets"].values()):
        assert (row["mse"], row["fmse"]) == pytest.approx(((25 + 100) / 2, (100 + 400) / 2), abs=1e-6)
        by_hand = (20 * math.log10(255 / 5) + 20 * math.log10(255 / 10)) / 2
        assert row["psnr"] == pytest.approx(by_hand, abs=1e-6)
    assert list(composite["subsets"]) == ["HCOCO", "HAdobe5k", "HFlickr", "Hday2night"]
    table = evaluate("--iharmony4", iharmony4, "--subset", "HCOCO", "--subset", "hflickr", "--at", "native")
    assert "By subset" in table
    assert ("HFlickr" in table, "HAdobe5k" in table) == (True, False)


def test_tables_and_files(triples: Path, tmp_path: Path) -> None:
    markdown, lines = tmp_path / "table.md", tmp_path / "figures.csv"
    table = evaluate(
        "--triples", triples, "--at", "native", "--at", "16x16", "--harmonious", "--markdown", markdown, "--csv", lines
    )
    for expected in ("At native: the whole pipeline", "At 16x16", "hdnet-lite", "0.65 M", "LPIPS was not measured"):
        assert expected in table
    assert "…" not in table
    text = markdown.read_text("utf-8")
    assert "| poisson | " in text
    assert "### Against the composite" in text
    with lines.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 4 * 5  # sizes, pictures, methods with the composite
    found = next(row for row in rows if (row["at"], row["picture"], row["method"]) == ("native", "p3", "composite"))
    assert (float(found["fmse"]), float(found["foreground"])) == pytest.approx((900, 0.25))
    assert (found["lpips"], found["harmonious_fmse"]) == ("", "0.0")


def test_costs_and_weights_are_told(triples: Path) -> None:
    report = as_json("--triples", triples, "--no-baselines", "--limit", 2)
    facts = report["methods"]["hdnet-lite"]
    assert facts["parameters"] == 652_735
    assert facts["multiply_adds"] > 1e9
    assert len(facts["weights"]) == 64
    assert list(report["methods"]) == ["hdnet-lite"]
    assert report["sizes"][0]["methods"]["hdnet-lite"]["median_seconds"] > 0


def test_weights_of_a_file_beside_the_installed_ones(triples: Path, weights_folder: Path) -> None:
    file = weights_folder / "hdnet-lite.safetensors"
    arguments = ("--triples", triples, "--limit", 1, "--no-baselines", "--at", "native")
    both = as_json(*arguments, "--model", "hdnet-lite", "--weights", f"fresh={file}")
    methods = both["sizes"][0]["methods"]
    assert list(methods) == ["composite", "hdnet-lite", "fresh"]
    assert methods["fresh"]["overall"] == methods["hdnet-lite"]["overall"]
    alone = as_json(*arguments, "--weights", file)
    assert list(alone["sizes"][0]["methods"]) == ["composite", "hdnet-lite"]
    assert "named 'composite'" in evaluate(*arguments, "--weights", f"composite={file}", code=2)


def test_the_calibration_that_was_used_is_told(triples: Path, weights_folder: Path, tmp_path: Path) -> None:
    """The same bytes with their manifest and without it give other figures."""
    name = "hdnet-lite"
    listed = read_manifest(weights_folder)[name]
    write_entry(weights_folder, name, replace(listed, calibration=Calibration(brightness=1.75, half_at=0)))
    elsewhere = tmp_path / "elsewhere" / f"{name}.safetensors"
    elsewhere.parent.mkdir()
    shutil.copy(weights_folder / elsewhere.name, elsewhere)
    named = ("--weights", f"with={weights_folder / elsewhere.name}", "--weights", f"without={elsewhere}")
    arguments = ("--triples", triples, "--limit", 1, "--no-baselines", *named)
    native = (*arguments, "--at", "native")
    facts = as_json(*native)["methods"]
    assert [facts[each]["calibration"]["brightness"] for each in ("with", "without")] == [1.75, 1.0]
    assert facts["with"]["calibration_from"] == f"{weights_folder.name}/manifest.json"
    markdown = tmp_path / "table.md"
    for text in (evaluate(*native, "--markdown", markdown), markdown.read_text("utf-8")):
        assert "Calibration: what the pipeline keeps" in text
        assert "1.75" in text
        assert "none: not in elsewhere/manifest.json" in text
    assert "Calibration" not in evaluate(*arguments)


def test_fresh_weights_of_one_name_are_told_apart_by_their_folders(triples: Path, weights_folder: Path) -> None:
    file = weights_folder / "hdnet-lite.safetensors"
    other = weights_folder / "longer" / file.name
    other.parent.mkdir()
    shutil.copy(file, other)
    arguments = ("--triples", triples, "--limit", 1, "--no-baselines", "--at", "native")
    report = as_json(*arguments, "--weights", file, "--weights", other)
    assert list(report["methods"]) == ["hdnet-lite", "hdnet-lite of longer"]


def test_the_composites_as_a_programs_results_are_no_better_than_themselves(triples: Path) -> None:
    """They are resized and rounded alike: at half the size many values lie halfway, and either way would be better."""
    for path in (triples / "composite").iterdir():
        noise = np.random.default_rng(len(path.name)).integers(0, 90, (24, 32, 3), np.uint8)
        Image.fromarray(noise + 100).save(path)
    named = ("--results", f"nothing={triples / 'composite'}", "--no-baselines")
    (size,) = as_json("--triples", triples, "--at", "16x12", *named)["sizes"]
    composite, nothing = (size["methods"][name]["overall"] for name in ("composite", "nothing"))
    assert nothing == composite
    assert nothing["better"] == 0


def test_a_page_of_something_else_is_not_replaced(triples: Path, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("mine")
    assert "no report" in evaluate("--triples", triples, "--report", tmp_path, code=2)
    assert (tmp_path / "index.html").read_text() == "mine"


def test_a_model_without_weights_and_a_broken_picture_are_named_at_the_end(triples: Path) -> None:
    (triples / "composite" / "p1.png").write_bytes(b"broken")
    arguments = ("--triples", triples, "--model", "hdnet-lite", "--model", "rcl", "--at", "native")
    output = evaluate(*arguments, code=2)
    assert "2 could not be measured" in output
    assert "rcl: There are no weights" in output
    assert "p1: " in output
    assert "All 3 pictures" in output
    report = as_json(*arguments, code=2)
    assert [failure["name"] for failure in report["failures"]] == ["rcl", "p1"]
    assert set(report["sizes"][0]["methods"]) == {"composite", "reinhard", "histogram", "poisson", "hdnet-lite"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "named nowhere"),
        (("--triples", "T", "--on-photos", "T"), "named twice"),
        (("--triples", "T", "--subset", "HCOCO"), "Only iHarmony4 has subsets"),
        (("--triples", "T", "--model", "nonet"), "nonet"),
        (("--triples", "T", "--at", "huge"), "no measuring at 'huge'"),
        (("--triples", "T", "--results", "none=/nowhere"), "no folder"),
        (("--triples", "T", "--results", "reinhard=T"), "Two rows"),
        (("--triples", "T", "--results", "real=T"), "named 'real'"),
        (("--triples", "T", "--results", "../up=T"), "'../up' cannot name"),
        (("--triples", "T", "--segmenter", "sams"), "no segmenter 'sams'"),
        (("--triples", "T", "--csv", "T"), "is a folder"),
        (("--triples", "T", "--report", "T/mask/p1.png"), "is a file"),
        (("--triples", "T", "--save", "T/mask/p1.png"), "is a file"),
        (("--triples", "T", "--weights", "/nowhere.safetensors"), "no file"),
        (("--triples", "T", "--weights", "T/mask/p1.png"), "are measured by the pictures that they made"),
        (("--triples", "T", "--csv", "/nowhere/figures.csv"), "no folder"),
        (("--triples", "T", "--device", "cuda:77"), "cuda:77"),
        (("--triples", "/nowhere"), "no folder"),
        (("--iharmony4", "T"), "HCOCO"),
        (("--on-photos", "/nowhere"), "neither a folder nor a zip"),
    ],
)
def test_what_cannot_be_followed_is_refused_before_the_work(
    triples: Path, arguments: tuple[str, ...], message: str
) -> None:
    given = [re.sub(r"(^|=)T($|/)", rf"\g<1>{triples}\g<2>", each) for each in arguments]
    output = evaluate(*given, code=2)
    assert message in output
    assert "Traceback" not in output


def test_what_one_method_cannot_harmonize_is_left_out_for_all(triples: Path) -> None:
    """The pipeline refuses a picture that is all foreground; a network alone does not."""
    Image.new("L", (32, 24), 255).save(triples / "mask" / "p2.png")
    report = as_json("--triples", triples, "--at", "native", code=2)
    assert [failure["name"] for failure in report["failures"]] == ["p2"]
    assert {rows["overall"]["pictures"] for rows in report["sizes"][0]["methods"].values()} == {3}
    assert as_json("--triples", triples)["failures"] == []


def test_where_nothing_could_be_measured_the_commonest_reason_is_told(triples: Path) -> None:
    masks = sorted((triples / "mask").iterdir())
    for mask in masks:
        Image.new("L", (32, 24), 255).save(mask)
    masks[-1].write_bytes(b"broken")
    assert "no backdrop" in evaluate("--triples", triples, "--at", "native", code=2)


def test_a_share_of_colour_counts_in_the_pipeline_and_is_told(triples: Path) -> None:
    whole, less = (
        as_json("--triples", triples, "--no-baselines", "--at", "native", "--at", "256", "--colour", share)
        for share in ("1", "0.2")
    )
    native, alone = (
        [report["sizes"][place]["methods"]["hdnet-lite"]["overall"]["fmse"] for report in (whole, less)]
        for place in (0, 1)
    )
    assert native[0] != native[1]
    assert alone[0] == alone[1]
    told = "In the pipeline networks kept 20% of their shift of colour."
    assert told in less["notes"]
    assert told not in whole["notes"]


def test_a_share_of_colour_that_counts_nowhere_is_refused(triples: Path) -> None:
    assert "Add --at native" in evaluate("--triples", triples, "--no-baselines", "--colour", "0.7", code=2)


def test_a_report_is_written(triples: Path, tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    output = evaluate("--triples", triples, "--at", "native", "--report", tmp_path / "report")
    assert f"Wrote {tmp_path / 'report' / 'index.html'}" in output
    page = (tmp_path / "report" / "index.html").read_text("utf-8")
    assert "hdnet-lite" in page
    assert list((tmp_path / "report" / "pictures").iterdir())


def test_nothing_that_can_be_measured(triples: Path) -> None:
    shutil.rmtree(triples / "real")
    (triples / "real").mkdir()
    output = evaluate("--triples", triples, code=2)
    assert "Not one picture could be measured" in output
    assert "no picture in real/" in output


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only some systems have a device that is always full")
def test_a_full_disk_costs_no_figures(triples: Path) -> None:
    output = evaluate("--triples", triples, "--at", "native", "--csv", "/dev/full", code=2)
    assert "Against the composite" in output
    assert "No space left" in output


def test_ctrl_c_tells_how_to_go_on(triples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measure = Measurer.measure

    def interrupted(self: Measurer, index: int) -> object:
        if index == 2:
            raise KeyboardInterrupt
        return measure(self, index)

    file = tmp_path / "figures.jsonl"
    arguments = ("--triples", triples, "--at", "native", "--resume", file)
    with monkeypatch.context() as patch:
        patch.setattr(Measurer, "measure", interrupted)
        assert f"goes on from {file}" in evaluate(*arguments, code=130)
    assert len(file.read_text().splitlines()) == 3
    assert "All 4 pictures" in evaluate(*arguments)
