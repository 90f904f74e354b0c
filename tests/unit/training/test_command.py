"""The command line of a training: options declared once, recipes changed by them, errors in sentences."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from samelight import harmonizers, weights
from samelight.cli.main import app
from samelight.training.__main__ import main, parser
from samelight.training.choosing import begin, budget_of, load_weights, recipe_of
from samelight.training.composites import sheet
from samelight.training.draws import plan_step
from samelight.training.options import TrainingOptions, declared
from samelight.training.recipes import PAPER, SizePhase, recipe_for
from samelight_wire.errors import InvalidOptionError, WeightsCorruptError

FEW = ["--steps", "3", "--batch", "3", "--sides", "32", "--workers", "0", "--threads", "1"]


def options(**given: object) -> TrainingOptions:
    return TrainingOptions(**{"model": "hdnet-lite", "photos": Path("p"), **given})  # type: ignore[arg-type]


def test_both_command_lines_have_every_option_with_its_help() -> None:
    plain = parser().format_help()
    rich = CliRunner().invoke(app, ["train", "--help"], env={"COLUMNS": "250", "TERM": "dumb"}).output
    assert {option.field for option in declared()} == {field.name for field in fields(TrainingOptions)}
    for option in declared():
        for name in option.names:
            assert name in plain
            assert name in rich, rich
        # Lines are broken at spaces, and at hyphens too.
        assert "".join(option.about.split()) in "".join(plain.split())
        assert option.about.split()[0] in rich


def test_defaults_are_the_same() -> None:
    parsed = TrainingOptions(**vars(parser().parse_args(["hdnet-lite"])))
    assert parsed == TrainingOptions("hdnet-lite")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["hdnet-lite"], "either photographs or iHarmony4"),
        (["dall-e", "--photos", "."], "no model named 'dall-e'"),
        (["hdnet-lite", "--photos", "nowhere"], "nowhere is neither a folder nor a zip"),
        (["hdnet-lite", "--photos", "PHOTOS", "--sides", "big"], "no sides of pictures"),
        (["hdnet-lite", "--photos", "PHOTOS", "--batch", "1"], "--batch is at least 2, not 1"),
        (["hdnet-lite", "--photos", "PHOTOS", "--workers", "-1"], "--workers is at least 0, not -1"),
        (
            ["hdnet-lite", "--photos", "PHOTOS", "--checkpoint-every", "nan"],
            "--checkpoint-every is at least 0, not nan",
        ),
        (["hdnet-lite", "--photos", "PHOTOS", "--rate", "0"], "above 0"),
        (["hdnet-lite", "--photos", "PHOTOS", "--rate", "nan"], "above 0"),
        (["hdnet-lite", "--photos", "PHOTOS", "--ema", "1"], "below 1"),
        (["hdnet-lite", "--photos", "PHOTOS", "--steps", "0"], "above 0"),
        (["hdnet-lite", "--photos", "PHOTOS", "--steps", "2", "--minutes", "3"], "cannot end by steps and by minutes"),
        (["hdnet-lite", "--photos", "PHOTOS", "--patience", "3"], "something to measure on"),
        (["hdnet-lite", "--photos", "PHOTOS", "--start-from", "nothing.safetensors"], "no file nothing.safetensors"),
        (["hdnet-lite", "--photos", "PHOTOS", "--mean-with", "nothing.safetensors"], "A mean needs two files"),
        (["hdnet-lite", "--photos", "PHOTOS", "--teacher", "a.safetensors"], 'There is no file "a.safetensors"'),
        (["hdnet-lite", "--photos", "PHOTOS", "--teacher", " , "], "No teacher is named"),
        (["hdnet-lite", "--photos", "PHOTOS", "--teacher-share", "0.5"], "a --teacher-share and no --teacher"),
        (
            ["hdnet-lite", "--photos", "PHOTOS", "--teacher", "a.safetensors", "--teacher-share", "8"],
            "a share, 1 at most",
        ),
        (["hdnet-lite", "--photos", "PHOTOS", "--teacher-share", "nan"], "--teacher-share is at least 0, not nan"),
        (["hdnet-lite", "--photos", "PHOTOS", "--pasted", "0.5"], "only a --teacher's answers can be learned"),
        (["hdnet-lite", "--photos", "PHOTOS", "--pasted", "1.5"], "a share, 1 at most"),
        (["hdnet-lite", "--photos", "PHOTOS", "--pasted", "-0.1"], "--pasted is at least 0, not -0.1"),
        (["hdnet-lite", "--photos", "PHOTOS", "--pasted", "nan"], "--pasted is at least 0, not nan"),
        (["hdnet-lite", "--iharmony4", "PHOTOS", "--pasted", "0.5"], "cannot be pasted anew"),
        (["hdnet-lite", "--photos", "PHOTOS", "--about", "nothing.md"], "nothing.md cannot be read"),
        (["hdnet-lite", "--photos", "PHOTOS", "--device", "cuda:77"], "does not have"),
        (["hdnet-lite", "--photos", "PHOTOS", "--steps", "1", "--out", "a-file/out"], "cannot be made"),
        (["hdnet-lite", "--photos", "PHOTOS", "--preview", "nowhere/sheet.png"], "no folder nowhere"),
        (["hdnet-lite", "--photos", "PHOTOS", "--preview", "sheet.doc"], "no name of a picture"),
    ],
)
def test_errors_are_sentences_with_exit_code_2(
    arguments: list[str],
    told: str,
    photo_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a-file").touch()
    given = [str(photo_folder) if each == "PHOTOS" else each for each in arguments]
    assert main(given) == 2
    assert told in capsys.readouterr().err
    assert main([*given, "--json"]) == 2
    assert told in json.loads(capsys.readouterr().out)["error"]["message"]
    with_typer = CliRunner().invoke(app, ["train", *given])
    assert with_typer.exit_code == 2
    assert told in with_typer.output


def test_a_preview_is_drawn_and_nothing_is_trained(
    photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet, "MOST_BATCHES", 2)  # enough for the most frequent families
    drawn, out = tmp_path / "sheet.png", tmp_path / "out"
    given = ["srin-lite", "--photos", str(photo_folder), "-o", str(out), "--preview", str(drawn)]
    assert main([*given, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["preview"] == str(drawn)
    assert {"camera", "harmonious"} <= set(report["families"])
    with Image.open(drawn) as picture:
        assert picture.height > 160 * len(report["families"])
    assert not out.exists()


def test_options_change_the_recipe() -> None:
    assert recipe_of(options()) == recipe_for("hdnet-lite", paper=False)
    assert recipe_of(options(recipe="paper")) == PAPER["hdnet-lite"]
    assert recipe_of(options(photos=None, iharmony4=Path("i"))) == PAPER["hdnet-lite"]
    assert recipe_of(options(photos=None, iharmony4=Path("i"), recipe="photos")) == recipe_of(options())
    changed = recipe_of(options(batch=6, rate=0.5, ema=0.0, sides="64,32"))
    assert (changed.batch, changed.learning_rate, changed.ema) == (6, 0.5, 0.0)
    assert changed.phases == (SizePhase(0.0, (64, 32)),)
    assert (changed.batch_at(64), changed.batch_at(32)) == (6, 24)


def test_the_budget_is_the_recipes_epochs_or_what_is_asked_for() -> None:
    recipe = PAPER["hdnet"]
    assert budget_of(options(), recipe, 65742).steps == 120 * 65742 // 12
    assert budget_of(options(epochs=0.5), recipe, 240).steps == 10
    assert budget_of(options(steps=4), recipe, 240).steps == 4
    assert budget_of(options(minutes=1.5), recipe, 240).minutes == 1.5


def test_an_epoch_is_one_pass_over_the_pictures_whatever_their_sizes() -> None:
    recipe = replace(recipe_for("hdnet-lite", paper=False), aspects=(1.0,))
    steps = budget_of(options(epochs=3), recipe, 40000).steps
    assert steps is not None
    pictures = sum(plan_step(recipe, 0, step, step / steps).count for step in range(steps))
    assert pictures == pytest.approx(120000, rel=0.02)


def test_weights_to_start_from_may_be_stored_in_float16(tmp_path: Path) -> None:
    torch.manual_seed(1)
    network, other = harmonizers.create("hdnet-lite"), harmonizers.create("hdnet-lite")
    halves = {name: tensor.half() for name, tensor in network.state_dict().items()}
    save_file(halves, tmp_path / "w.safetensors")
    assert load_weights(other, tmp_path / "w.safetensors") == ""
    for name, tensor in other.state_dict().items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, halves[name].float())
    with pytest.raises(InvalidOptionError, match="holds 4% of this network's weights"):
        load_weights(harmonizers.create("rcl-lite"), tmp_path / "w.safetensors")
    (tmp_path / "x.safetensors").write_bytes(b"no weights")
    with pytest.raises(WeightsCorruptError):
        load_weights(other, tmp_path / "x.safetensors")


def test_a_cascade_begins_anew_where_its_base_network_learns_alone_first(tmp_path: Path) -> None:
    torch.manual_seed(1)
    saved = harmonizers.create("frih-lite")
    save_file(saved.state_dict(), tmp_path / "frih-lite.safetensors")
    composite, mask = torch.rand(1, 3, 128, 128) * 2 - 1, torch.ones(1, 1, 128, 128)
    begun = {}
    for paper in (True, False):
        network = harmonizers.create("frih-lite").eval()
        chosen = options(start_from=tmp_path / "frih-lite.safetensors")
        assert begin(network, chosen, recipe_for("frih-lite", paper=paper)) == ""
        with torch.no_grad():
            stages = network.stages(composite, mask)  # type: ignore[operator]
        begun[paper] = (stages.result - stages.coarse).abs().max().item()
    assert begun[True] > 1e-3
    assert begun[False] < 1e-6


def test_a_training_begins_with_the_mean_of_two_trainings_weights(photo_folder: Path, tmp_path: Path) -> None:
    torch.manual_seed(2)
    saved = [harmonizers.create("hdnet-lite").state_dict() for _ in range(2)]
    for name, weights_of_one in zip("ab", saved, strict=True):
        save_file(weights_of_one, tmp_path / f"{name}.safetensors")
    start = ["--start-from", str(tmp_path / "a.safetensors"), "--mean-with", str(tmp_path / "b.safetensors")]
    unmoved = ["--rate", "1e-9", "--ema", "0"]
    assert main(["hdnet-lite", "--photos", str(photo_folder), "-o", str(tmp_path), *start, *unmoved, *FEW]) == 0
    assert (
        "It began with the mean of the weights of `a.safetensors` (SHA-256" in (tmp_path / "hdnet-lite.md").read_text()
    )
    for name, tensor in load_file(tmp_path / "hdnet-lite.safetensors").items():
        assert torch.allclose(tensor.float(), (saved[0][name] + saved[1][name]) / 2, atol=1e-3), name


def test_a_network_begins_with_the_layers_it_shares_with_another(tmp_path: Path) -> None:
    torch.manual_seed(1)
    hdnet, srin = harmonizers.create("hdnet"), harmonizers.create("srin")
    save_file(hdnet.state_dict(), tmp_path / "hdnet.safetensors")
    before = {name: tensor.clone() for name, tensor in srin.state_dict().items()}
    said = load_weights(srin, tmp_path / "hdnet.safetensors")
    assert "97%" in said
    for name, tensor in srin.state_dict().items():
        own = name.startswith("semantic_norm.")
        assert torch.equal(tensor, before[name] if own else hdnet.state_dict()[name]), name


def test_the_shipped_weights_can_be_trained_further(photo_folder: Path, tmp_path: Path) -> None:
    shipped, listed = weights.entry("hdnet-lite")
    start = ["--start-from", str(shipped / listed.file), "--rate", "1e-9", "--ema", "0"]
    assert main(["hdnet-lite", "--photos", str(photo_folder), "-o", str(tmp_path), *start, *FEW]) == 0
    card = (tmp_path / "hdnet-lite.md").read_text()
    assert f"It began with the weights of `{listed.file}` (SHA-256 {listed.sha256})." in card
    before, after = load_file(shipped / listed.file), load_file(tmp_path / "hdnet-lite.safetensors")
    for name, tensor in before.items():
        assert torch.allclose(after[name].float(), tensor.float(), atol=1e-3), name


def test_a_training_from_photographs_to_weights_card_log_and_report(
    photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measured = [
        "--validate",
        str(photo_folder),
        "--validate-every",
        "0",
        "--validate-pictures",
        "2",
        "--patience",
        "50",
    ]
    assert main(["hdnet-lite", "--photos", str(photo_folder), "-o", str(tmp_path), "--json", *measured, *FEW]) == 0
    report = json.loads(capsys.readouterr().out)
    card = (tmp_path / "hdnet-lite.md").read_text()
    assert report["steps"] == 3
    assert report["fmse_ratio"] == pytest.approx(weights.read_manifest(tmp_path)["hdnet-lite"].fmse_ratio)
    for part in ("reinhard", "15%-100%", "learning_rate", "6 photographs", "hdnet-lite-loss.png"):
        assert part in card, part
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    log = events.EventAccumulator(str(tmp_path / "hdnet-lite-tensorboard"))
    log.Reload()
    assert [scalar.step for scalar in log.Scalars("training/loss")] == [1, 2, 3]
    assert len(log.Scalars("validation/fmse_ratio")) >= 2
    assert log.Tags()["images"] == ["composite, result, real"]
