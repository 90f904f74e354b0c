"""Measuring: every method on the same pictures, in one process or several, interrupted or not."""

from __future__ import annotations

import multiprocessing
import shutil
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from samelight import harmonizers, weights
from samelight.calibration import Calibration
from samelight.evaluation.evaluation import Failure
from samelight.evaluation.journal import Journal, run_with_journal
from samelight.evaluation.methods import BaselineSpec, NetworkSpec, model_of
from samelight.evaluation.results import ResultsSpec
from samelight.evaluation.runner import Measured, Measurer, Plan, collect, run
from samelight.evaluation.scores import COMPOSITE
from samelight.evaluation.sets import IHarmony4Set, PhotoSet, TripleSet
from samelight.evaluation.sizes import parse_size
from samelight_wire.errors import InvalidOptionError, OutOfMemoryError, OutputError, WeightsCorruptError

NATIVE, SMALL = parse_size("native"), parse_size("24")


@pytest.fixture
def plan(triples: Path) -> Plan:
    baselines = {name: BaselineSpec(name) for name in ("reinhard", "poisson")}
    return Plan(partial(TripleSet, triples), baselines, (NATIVE, SMALL))


def without_time(found: Measured | Failure) -> object:
    """What must be the same from run to run."""
    if isinstance(found, Failure):
        return found
    return replace(found, sizes={name: replace(size, seconds={}) for name, size in found.sizes.items()})


def test_figures_at_several_sizes(plan: Plan) -> None:
    found = [each for each in run(Measurer(plan), range(4)) if isinstance(each, Measured)]
    assert [picture.name for picture in found] == ["p1", "p2", "p3", "p4"]
    assert [each.fmse for each in collect(found, "native").figures[COMPOSITE]] == pytest.approx([100, 400, 900, 1600])
    for size in ("native", "24"):
        scores = collect(found, size)
        assert scores.row("poisson").fmse < 0.3 * scores.row(COMPOSITE).fmse
        assert set(scores.seconds) == {"reinhard", "poisson"}
        assert scores.shares == pytest.approx([0.25] * 4, abs=0.02)


def test_a_broken_picture_is_named_and_the_others_are_measured(plan: Plan, triples: Path) -> None:
    (triples / "real" / "p2.png").write_bytes(b"broken")
    found = list(run(Measurer(plan), range(4)))
    assert [type(each) for each in found] == [Measured, Failure, Measured, Measured]
    assert isinstance(found[1], Failure)
    assert found[1].name == "p2"
    assert "p2.png" in found[1].message


def test_a_foreground_that_vanishes_at_a_size_is_named(plan: Plan, triples: Path) -> None:
    mask = np.zeros((24, 32), np.uint8)
    mask[0, 0] = 255
    Image.fromarray(mask).save(triples / "mask" / "p1.png")
    found = Measurer(replace(plan, sizes=(parse_size("2"),))).measure(0)
    assert isinstance(found, Failure)
    assert "vanishes" in found.message


def test_what_is_harmonious_already(plan: Plan, photo_folder: Path) -> None:
    """Classical methods change it; the composite's own row is 0 by definition; other programs' pictures have none."""
    results = {**plan.methods, "other": ResultsSpec(photo_folder)}
    photos = Plan(partial(PhotoSet, photo_folder), results, (NATIVE,), harmonious=True)
    found = Measurer(photos).measure(0)
    assert isinstance(found, Measured)
    harmonious = found.sizes["native"].harmonious
    assert harmonious[COMPOSITE] == 0
    assert harmonious["reinhard"] > 1
    assert "other" not in harmonious


def test_results_of_another_program(plan: Plan, triples: Path, tmp_path: Path) -> None:
    """Found by name, with the ending that some programs append, in subfolders; at another size they are resized."""
    for number in range(1, 4):
        real = Image.open(triples / "real" / f"p{number}.png")
        target = tmp_path / "rival" / ("sub" if number == 2 else "") / f"p{number}{'_harmonized' * (number == 3)}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        (real.resize((64, 48)) if number == 1 else real).save(target)
    rival = replace(plan, methods={"rival": ResultsSpec(tmp_path / "rival")})
    found = list(run(Measurer(rival), range(4)))
    scores = collect([each for each in found if isinstance(each, Measured)], "native")
    assert [figures.fmse for figures in scores.figures["rival"]] == [0, 0, 0]
    assert isinstance(found[3], Failure)
    assert "no result for p4" in found[3].message


def test_a_picture_is_drawn_as_it_was_measured(plan: Plan) -> None:
    measurer = Measurer(plan)
    kept = measurer.draw(NATIVE, 1)
    assert kept.composite.shape == kept.real.shape == (24, 32, 3)
    assert kept.mask.max() == 255
    assert set(kept.results) == {"reinhard", "poisson"}
    found = measurer.measure(1)
    assert isinstance(found, Measured)
    for name, picture in kept.results.items():
        error = np.square(picture.astype(float) - kept.real).mean(axis=2)[kept.mask > 0].mean()
        assert error == pytest.approx(found.sizes["native"].figures[name].fmse)


def test_saved_pictures_can_be_measured_on_and_measured(plan: Plan, tmp_path: Path) -> None:
    """What is written and read again has the same figures."""
    folder = tmp_path / "saved"
    first = list(run(Measurer(replace(plan, save=folder)), range(4)))
    methods = {name: ResultsSpec(folder / "native" / "results" / name) for name in plan.methods}
    again = Plan(partial(TripleSet, folder / "native"), methods, (NATIVE,))
    second = list(run(Measurer(again), range(4)))
    for one, two in zip(first, second, strict=True):
        assert isinstance(one, Measured)
        assert isinstance(two, Measured)
        assert one.sizes["native"].figures == two.sizes["native"].figures
    assert (folder / "24" / "composite" / "p4.png").exists()


def test_subsets_are_saved_in_folders(iharmony4: Path, tmp_path: Path) -> None:
    plan = Plan(partial(IHarmony4Set, iharmony4), {}, (NATIVE,), save=tmp_path / "saved")
    assert [type(each) for each in run(Measurer(plan), range(8))] == [Measured] * 8
    again = TripleSet(tmp_path / "saved" / "native")
    assert len(again.names) == 8
    assert again.read(0).subset == "HAdobe5k"


def test_photographs_of_one_name_are_saved_and_measured_each_by_itself(photo_folder: Path, tmp_path: Path) -> None:
    for number, place in enumerate(("spring", "summer", "")):
        (tmp_path / "photos" / place).mkdir(parents=True, exist_ok=True)
        shutil.copy(photo_folder / f"photo{number}.webp", tmp_path / "photos" / place / "IMG_1.webp")
    shutil.copy(photo_folder / "photo3.webp", tmp_path / "photos" / "spring")
    folder = tmp_path / "saved"
    plan = Plan(partial(PhotoSet, tmp_path / "photos"), {"reinhard": BaselineSpec("reinhard")}, (NATIVE,), save=folder)
    first = list(run(Measurer(plan), range(4)))
    assert sorted(each.name for each in first) == ["IMG_1", "photo3", "spring/IMG_1", "summer/IMG_1"]
    assert len(TripleSet(folder / "native").names) == 4
    rival = ResultsSpec(folder / "native" / "results" / "reinhard")
    second = list(run(Measurer(replace(plan, methods={"rival": rival}, save=None)), range(4)))
    for one, two in zip(first, second, strict=True):
        assert isinstance(one, Measured)
        assert isinstance(two, Measured)
        own, rival_s = one.sizes["native"].figures["reinhard"], two.sizes["native"].figures["rival"]
        assert own.fmse == pytest.approx(rival_s.fmse, rel=1e-2), "but for the rounding of a file"


def test_no_space_for_saved_pictures_ends_the_work(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "saved").write_text("a file where the folder should be")
    with pytest.raises(OutputError, match="cannot be saved"):
        Measurer(replace(plan, save=tmp_path / "saved")).measure(0)


def test_an_interrupted_evaluation_goes_on(plan: Plan, tmp_path: Path) -> None:
    """What was measured before is not measured again, a line that was cut off is, and the figures are the same."""
    path, measurer = tmp_path / "kept" / "figures.jsonl", Measurer(plan)
    whole = [without_time(each) for each in run(measurer, range(4))]
    for each in run_with_journal(measurer, range(2), 1, Journal(path, measurer)):
        assert isinstance(each, Measured)
    with path.open("a") as file:
        file.write('{"index": 2, "name": "p3", "sizes": {"nat')
    journal = Journal(path, measurer)
    assert sorted(journal.found) == [0, 1]
    asked: list[int] = []
    measure = measurer.measure
    measurer.measure = lambda index: (asked.append(index), measure(index))[1]  # type: ignore[method-assign]
    assert [without_time(each) for each in run_with_journal(measurer, range(4), 1, journal)] == whole
    assert asked == [2, 3]
    assert sorted(Journal(path, measurer).found) == [0, 1, 2, 3]


def test_what_is_to_be_saved_and_was_not_is_measured_again(plan: Plan, tmp_path: Path) -> None:
    """Files that lie there from another evaluation are not taken for this one's."""
    path, folder, other = tmp_path / "figures.jsonl", tmp_path / "saved", tmp_path / "other"
    without, saving = Measurer(plan), Measurer(replace(plan, save=folder))
    list(run(Measurer(replace(plan, save=folder)), range(1)))
    list(run_with_journal(without, range(3), 1, Journal(path, without)))
    assert Journal(path, saving).found == {}
    list(run_with_journal(saving, range(2), 1, Journal(path, saving)))
    assert {path.name for path in folder.glob("24/results/poisson/*")} == {"p1.png", "p2.png"}
    assert sorted(Journal(path, saving).found) == [0, 1]
    assert Journal(path, Measurer(replace(plan, save=other))).found == {}
    (folder / "native" / "results" / "reinhard" / "p2.png").unlink()
    assert sorted(Journal(path, saving).found) == [0]
    assert sorted(Journal(path, without).found) == [0, 1, 2]


def test_figures_of_something_else_are_refused(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "figures.jsonl"
    Journal(path, Measurer(plan))
    for other in (
        replace(plan, sizes=(NATIVE,)),
        replace(plan, harmonious=True),
        replace(plan, methods={"reinhard": BaselineSpec("reinhard")}),
    ):
        with pytest.raises(InvalidOptionError, match="another evaluation"):
            Journal(path, Measurer(other))
    assert Journal(path, Measurer(plan)).found == {}


def test_figures_with_another_calibration_are_refused(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, measurer = (
        tmp_path / "figures.jsonl",
        Measurer(replace(plan, methods={"hdnet-lite": NetworkSpec("hdnet-lite")})),
    )
    Journal(path, measurer)
    Journal(path, measurer)
    monkeypatch.setattr(weights, "calibration", lambda name: Calibration(brightness=1.5))
    with pytest.raises(InvalidOptionError, match="another evaluation"):
        Journal(path, measurer)


def test_figures_with_another_share_of_colour_are_refused(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "figures.jsonl"
    measurers = [
        Measurer(replace(plan, methods={"hdnet-lite": NetworkSpec("hdnet-lite", colour=share)})) for share in (1.0, 0.7)
    ]
    Journal(path, measurers[0])
    with pytest.raises(InvalidOptionError, match="another evaluation"):
        Journal(path, measurers[1])


@pytest.mark.parametrize("damaged", ["5", "[]", "null", '{"index": 1}', '{"index": 1, "sizes": 3}', '{"index": 1, "si'])
def test_what_stands_behind_a_damaged_line_is_measured_again(plan: Plan, tmp_path: Path, damaged: str) -> None:
    path, measurer = tmp_path / "figures.jsonl", Measurer(plan)
    list(run_with_journal(measurer, range(3), 1, Journal(path, measurer)))
    about, first, _, third = path.read_text().splitlines()
    path.write_text("\n".join([about, first, damaged, third]) + "\n")
    journal = Journal(path, measurer)
    assert sorted(journal.found) == [0]
    list(run_with_journal(measurer, range(3), 1, journal))
    assert sorted(Journal(path, measurer).found) == [0, 1, 2]


def test_a_kill_just_before_the_end_of_a_line_costs_nothing(plan: Plan, tmp_path: Path) -> None:
    path, measurer = tmp_path / "figures.jsonl", Measurer(plan)
    list(run_with_journal(measurer, range(1), 1, Journal(path, measurer)))
    path.write_text(path.read_text().removesuffix("\n"))
    list(run_with_journal(measurer, range(2), 1, Journal(path, measurer)))
    assert sorted(Journal(path, measurer).found) == [0, 1]


def test_a_file_to_resume_from_that_cannot_be_used(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be used"):
        Journal(tmp_path, Measurer(plan))


@pytest.mark.slow
def test_several_processes_find_what_one_finds(plan: Plan) -> None:
    alone = [without_time(each) for each in run(Measurer(plan), (3, 0, 2, 1))]
    assert [without_time(each) for each in run(Measurer(plan), (3, 0, 2, 1), workers=2)] == alone


@pytest.mark.slow
def test_a_process_that_is_ended_from_outside_is_told(plan: Plan) -> None:
    measuring = run(Measurer(plan), [0, 1, 2, 3] * 50, workers=2)
    assert isinstance(next(measuring), Measured)
    multiprocessing.active_children()[0].kill()
    with pytest.raises(OutOfMemoryError, match="ended from outside"):
        list(measuring)


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    torch.manual_seed(3)
    path = tmp_path / "fresh.safetensors"
    tensors = {name: tensor.half() for name, tensor in harmonizers.create("hdnet-lite").state_dict().items()}
    save_file(tensors, path, metadata={"model": "hdnet-lite"})
    return path


def test_weights_that_were_just_trained(plan: Plan, trained: Path) -> None:
    """Alone at 256 and through the pipeline; a change of the file is a change of the method's identity."""
    spec = NetworkSpec(model_of(trained), trained)
    assert spec.model == "hdnet-lite"
    found = Measurer(replace(plan, methods={"mine": spec}, sizes=(parse_size("256"), NATIVE))).measure(0)
    assert isinstance(found, Measured)
    assert {name: size.figures["mine"].fmse > 0 for name, size in found.sizes.items()} == {"256": True, "native": True}
    assert found.sizes["native"].figures["mine"].mse < found.sizes["native"].figures["mine"].fmse
    before = spec.identity()
    save_file({name: tensor * 0 for name, tensor in load_file(trained).items()}, trained)
    assert spec.identity() != before
    again = Measurer(replace(plan, methods={"mine": spec}, sizes=(parse_size("256"),))).measure(0)
    assert isinstance(again, Measured)
    assert again.sizes["256"].figures["mine"].fmse != found.sizes["256"].figures["mine"].fmse


def test_which_network_weights_belong_to(tmp_path: Path, trained: Path) -> None:
    with pytest.raises(InvalidOptionError, match="no file"):
        model_of(tmp_path / "none.safetensors")
    nameless = tmp_path / "nameless.safetensors"
    save_file({"x": torch.zeros(1)}, nameless)
    with pytest.raises(InvalidOptionError, match="which network"):
        model_of(nameless)
    assert model_of(nameless.rename(tmp_path / "rcl-lite.safetensors")) == "rcl-lite"
    (tmp_path / "srin.safetensors").write_bytes(b"\0" * 40)
    with pytest.raises(WeightsCorruptError, match="cannot be read"):
        model_of(tmp_path / "srin.safetensors")
    wrong = NetworkSpec("srin-lite", trained)
    with pytest.raises(WeightsCorruptError, match="do not fit"):
        Measurer(Plan(lambda: None, {"wrong": wrong}, (NATIVE,))).methods(NATIVE)  # type: ignore[arg-type, return-value]


def test_figures_are_plain_values(plan: Plan) -> None:
    found = Measurer(plan).measure(0)
    assert isinstance(found, Measured)
    assert asdict(found)["sizes"]["native"]["figures"]["poisson"]["lpips"] is None
