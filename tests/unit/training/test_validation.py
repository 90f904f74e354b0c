"""Measuring during a training: the best weights are kept, and it ends when they stop improving."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from training_helpers import SMALL, Tint

from samelight import harmonizers
from samelight.evaluation.methods import network_method
from samelight.evaluation.runner import evaluate
from samelight.evaluation.scores import COMPOSITE
from samelight.evaluation.sets import PhotoSet
from samelight.evaluation.sizes import parse_size
from samelight.training.__main__ import main
from samelight.training.composites import CompositeMaker
from samelight.training.photos import PhotoCollection
from samelight.training.trainer import Budget, Pace, Trainer
from samelight.training.validation import Validation
from samelight.weights import read_manifest
from samelight_wire.errors import WeightsCorruptError


class Scripted:
    """Says one figure after the other, and remembers whose it was."""

    def __init__(self, *figures: float) -> None:
        self.figures = list(figures)
        self.seen: list[float] = []

    def __call__(self, network: nn.Module) -> Mapping[str, float]:
        self.seen.append(float(network.state_dict()["brightness"]))
        return {"fmse_ratio": self.figures[min(len(self.seen), len(self.figures)) - 1]}


def training(photos: PhotoCollection, folder: Path, validate: Scripted, steps: int, **options: object) -> Trainer:
    pace = Pace(checkpoint_every=0, validate_every=0, patience=3)
    source = CompositeMaker(photos, 5)
    return Trainer(Tint(), source, SMALL, Budget(steps=steps), folder, pace=pace, validate=validate, **options)  # type: ignore[arg-type]


def test_it_ends_when_it_stops_improving_and_keeps_the_best(photos: PhotoCollection, tmp_path: Path) -> None:
    validate = Scripted(0.9, 0.5, 0.7, 0.6, 0.55, 0.1)
    trainer = training(photos, tmp_path, validate, 50)
    kept = trainer.run()
    assert len(validate.seen) == 5
    assert (trainer.step, trainer.kept_step, trainer.best.figure) == (6, 2, 0.5)
    assert float(kept.state_dict()["brightness"]) == validate.seen[1]
    assert [path.name for path in tmp_path.glob("best-*")] == ["best-2.pt"]


def test_the_last_weights_are_kept_where_that_is_asked_for(photos: PhotoCollection, tmp_path: Path) -> None:
    validate = Scripted(0.9, 0.5, 0.7, 0.6, 0.55)
    trainer = training(photos, tmp_path, validate, 50, keep_best=False)
    kept = trainer.run()
    assert trainer.kept_step == trainer.step == 6
    assert float(kept.state_dict()["brightness"]) not in validate.seen


def test_a_resumed_training_knows_the_best_so_far(photos: PhotoCollection, tmp_path: Path) -> None:
    training(photos, tmp_path, first := Scripted(0.9, 0.2, 0.4), 3).run()
    assert len(first.seen) == 3
    trainer = training(photos, tmp_path, Scripted(0.5, 0.3), 50)
    kept = trainer.run()
    assert trainer.best.state == (2, 0.2, 3)
    assert float(kept.state_dict()["brightness"]) == first.seen[1]
    assert trainer.step < 10


@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_bytes(b"nothing of the kind")])
def test_best_weights_that_cannot_be_read_are_told(
    damage: Callable[[Path], object], photos: PhotoCollection, tmp_path: Path
) -> None:
    training(photos, tmp_path, Scripted(0.2, 0.4), 2).run()
    damage(tmp_path / "best-1.pt")
    with pytest.raises(WeightsCorruptError, match=r"best-1\.pt, cannot be read"):
        training(photos, tmp_path, Scripted(0.5), 3).run()
    training(photos, tmp_path, Scripted(0.5), 3, keep_best=False).run()


def test_its_figures_are_those_of_an_evaluation(photo_folder: Path) -> None:
    torch.manual_seed(3)
    network, pictures, square = harmonizers.create("hdnet-lite").eval(), PhotoSet(photo_folder), parse_size("256")
    found = Validation(pictures, 4, torch.device("cpu"), None)(network)
    samples = (square.apply(pictures.read(index)) for index in pictures.chosen(4))
    row = evaluate({"it": network_method(network)}, samples).row("it")
    assert COMPOSITE not in found
    assert found == pytest.approx({name: getattr(row, name) for name in ("fmse_ratio", "fmse", "psnr", "better")})


def make_iharmony4(root: Path) -> Path:
    """A subset each with a few small composites, in the official layout."""
    random = np.random.default_rng(3)
    for number, subset in enumerate(("HCOCO", "HAdobe5k", "HFlickr", "Hday2night")):
        folder, picture = root / subset, f"p{number}"
        for part in ("composite_images", "masks", "real_images"):
            (folder / part).mkdir(parents=True)
        real = random.integers(60, 190, (40, 48, 3)).astype(np.uint8)
        mask = np.zeros((40, 48), np.uint8)
        mask[10:30, 12:34] = 255
        composite = np.where(mask[..., None] > 0, np.clip(real.astype(int) + 40, 0, 255), real).astype(np.uint8)
        Image.fromarray(real).save(folder / "real_images" / f"{picture}.jpg", quality=95)
        Image.fromarray(mask).save(folder / "masks" / f"{picture}_1.png")
        for name in ("1_1", "1_2"):
            Image.fromarray(composite).save(folder / "composite_images" / f"{picture}_{name}.jpg", quality=95)
        (folder / f"{subset}_train.txt").write_text(f"{picture}_1_1.jpg\n")
        (folder / f"{subset}_test.txt").write_text(f"{picture}_1_2.jpg\n")
    return root


def test_iharmony4_is_learned_with_the_papers_recipe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, out = make_iharmony4(tmp_path / "iHarmony4"), tmp_path / "out"
    figures = ["--epochs", "2", "--batch", "2", "--sides", "32", "--threads", "1"]
    code = main(["hdnet-lite", "--iharmony4", str(root), "--validate", str(root), "-o", str(out), *figures])
    assert code == 0, capsys.readouterr().err
    card = (out / "hdnet-lite.md").read_text()
    assert "4 composites of iHarmony4's training split" in card
    assert '- schedule: "steps"' in card
    assert "4 steps, 8 composites" in card
    assert "iHarmony4, test split of HCOCO" in card
    assert read_manifest(out)["hdnet-lite"].fmse_ratio is not None
