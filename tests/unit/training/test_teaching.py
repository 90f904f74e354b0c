"""Learning another network's answers beside the real pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from training_helpers import SMALL

from samelight import harmonizers
from samelight.training.__main__ import main
from samelight.training.choosing import segment_for
from samelight.training.composites import CompositeMaker, Variety
from samelight.training.distributed import ALONE
from samelight.training.draws import plan_step
from samelight.training.learner import Learner
from samelight.training.losses import WHOLE, ForegroundMSE
from samelight.training.losses.foreground_mse import foreground_mse
from samelight.training.numerics import Numerics
from samelight.training.photos import PhotoCollection
from samelight.training.recipes import SizePhase
from samelight.training.source import ALL
from samelight.training.stepping import Stepper
from samelight.training.supply import Maker
from samelight.training.teaching import COLOUR_KEPT, SHARE, Teacher, open_teacher
from samelight_wire.errors import WeightsCorruptError

CPU = torch.device("cpu")
FEW = ["--steps", "2", "--batch", "3", "--sides", "32", "--workers", "0", "--threads", "1"]


class Scaled(nn.Module):
    """Answers with a multiple of the composite."""

    def __init__(self, factor: float) -> None:
        """The one thing it learns is `factor`."""
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, composite: Tensor, mask: Tensor, instances: object = None) -> Tensor:
        """The composite times the factor in the foreground."""
        return composite * (1 + (self.factor - 1) * mask)


class Shifted(nn.Module):
    """Answers with the foreground shifted by a colour."""

    def __init__(self, colour: tuple[float, float, float]) -> None:
        """Three channels' shifts."""
        super().__init__()
        self.colour = torch.tensor(colour).view(1, 3, 1, 1)

    def forward(self, composite: Tensor, mask: Tensor, instances: object = None) -> Tensor:
        """The composite and the colour in the foreground."""
        return composite + self.colour * mask


def pictures() -> tuple[Tensor, Tensor, Tensor]:
    """Composites and real pictures in 0..1, masks."""
    torch.manual_seed(3)
    return torch.rand(2, 3, 24, 24), torch.rand(2, 3, 24, 24), (torch.rand(2, 1, 24, 24) > 0.5).float()


def test_targets_lie_between_the_real_pictures_and_the_mean_of_the_answers() -> None:
    composite, real, mask = pictures()
    teacher = Teacher("two", [Scaled(0.5), Scaled(0.7)], share=0.75)
    targets = teacher.targets(composite, real, mask)
    expected = 0.25 * real + 0.75 * composite * (1 - 0.4 * mask)
    assert torch.allclose(targets, expected, atol=1e-6)
    assert not targets.requires_grad


def test_the_loss_is_of_the_targets_and_the_figures_are_of_the_real_pictures() -> None:
    composite, real, mask = pictures()
    student, teacher = Scaled(0.9), Teacher("one", [Scaled(0.5)])
    learner = Learner(student, ForegroundMSE(), Numerics(CPU), teacher)
    assert [name for name, _ in learner.named_parameters()] == ["network.factor"], "the teacher does not learn"
    loss, figures = learner(composite, real, mask, None, WHOLE)
    shown, true = composite * 2 - 1, real * 2 - 1
    answer = student(shown, mask)
    targets = (1 - SHARE) * true + SHARE * shown * (1 - 0.5 * mask)
    assert loss.item() == pytest.approx(foreground_mse(answer, targets, mask).item(), rel=1e-5)
    assert figures[1].item() == pytest.approx((answer - true).square().sum().item(), rel=1e-5)


def test_of_pastings_brightness_is_the_teachers_and_colour_a_share_of_it() -> None:
    composite, real, mask = pictures()
    composite = composite * 0.5  # so that no colour is out of range
    teacher, pasted = Teacher("one", [Shifted((0.3, 0.0, -0.15))], share=0.75), torch.tensor([False, True])
    targets = teacher.targets(composite, real, mask, None, pasted)
    assert torch.equal(targets[0], teacher.targets(composite, real, mask)[0])
    change = (targets[1] - composite[1])[:, mask[1, 0] > 0].mean(dim=1)
    light, colour = 0.05, torch.tensor([0.25, -0.05, -0.2])
    assert torch.allclose(change, light + COLOUR_KEPT * colour, atol=1e-6)
    assert torch.allclose(targets[1] * (1 - mask[1]), composite[1] * (1 - mask[1]), atol=1e-6)


def test_errors_are_counted_where_the_real_picture_is_known() -> None:
    composite, real, mask = pictures()
    learner = Learner(Scaled(0.9), ForegroundMSE(), Numerics(CPU), Teacher("one", [Scaled(0.5)]))
    pasted = torch.tensor([True, False])
    _, figures = learner(composite, real, mask, None, WHOLE, pasted)
    _, alone = learner(composite[1:], real[1:], mask[1:], None, WHOLE)
    assert torch.allclose(figures[1:], alone[1:])


def test_pastings_without_a_teacher_are_refused() -> None:
    composite, real, mask = pictures()
    with pytest.raises(ValueError, match="teacher's students"):
        Learner(Scaled(0.9), ForegroundMSE(), Numerics(CPU))(
            composite, real, mask, None, WHOLE, torch.tensor([True, False])
        )


def test_targets_of_pastings_are_colours() -> None:
    composite = torch.tensor([1.0, -1.0, -1.0]).view(1, 3, 1, 1).expand(1, 3, 8, 8)
    targets = Teacher("one", [Shifted((0.0, 1.0, 1.0))]).targets(
        composite, composite, torch.ones(1, 1, 8, 8), None, torch.tensor([True])
    )
    assert -1 <= float(targets.min()) <= float(targets.max()) <= 1


def test_a_step_learns_pastings_from_the_teacher_alone(photos: PhotoCollection) -> None:
    recipe = replace(SMALL, batch=12, phases=(SizePhase(0, (32,)),), loss="foreground-mse", optimizer="adam")
    source = CompositeMaker(photos, 5, variety=Variety(pasted=1.0, own=1.0))
    batch = Maker(source, recipe.augmentation, None, (ALL,))(plan_step(recipe, 5, 0, 0.5))
    made = batch.portions[0].composites
    assert made.pasted is not None
    learned: list[Tensor] = []

    class Noting(Teacher):
        def targets(self, *given: Any) -> Tensor:
            learned.append(given[4])
            return super().targets(*given)

    teacher = Noting("one", [Shifted((0.3, 0.0, -0.3))])
    Stepper(Scaled(0.9), recipe, 5, Numerics(CPU), ALONE, rarely_used=False, teacher=teacher).take(batch)
    assert len(learned) == 1
    assert torch.equal(learned[0], made.pasted)


def test_a_teacher_is_shown_the_students_instances() -> None:
    composite, real, mask = pictures()
    shown: list[object] = []

    class Looking(Scaled):
        def forward(self, composite: Tensor, mask: Tensor, instances: object = None) -> Tensor:
            shown.append(instances)
            return super().forward(composite, mask, instances)

    found = segment_for("srin-lite")
    assert found is not None
    instances = found(composite, mask)
    Learner(Scaled(0.9), ForegroundMSE(), Numerics(CPU), Teacher("one", [Looking(0.5)]))(
        composite, real, mask, instances, WHOLE
    )
    assert shown == [instances]


def test_a_student_learns_what_its_teacher_knows() -> None:
    composite, real, mask = pictures()
    student = Scaled(1.0)
    learner = Learner(student, ForegroundMSE(), Numerics(CPU), Teacher("one", [Scaled(0.25)], share=1.0))
    optimizer = torch.optim.Adam(learner.parameters(), lr=0.05)
    for _ in range(120):
        optimizer.zero_grad()
        learner(composite, real, mask, None, WHOLE)[0].backward()
        optimizer.step()
    assert student.factor.item() == pytest.approx(0.25, abs=0.01)


def test_a_teacher_is_opened_from_weights_files(tmp_path: Path) -> None:
    torch.manual_seed(4)
    saved = {name: harmonizers.create(name).eval() for name in ("hdnet-lite", "srin-lite")}
    for name, network in saved.items():
        save_file(network.state_dict(), tmp_path / f"{name}.safetensors")
    files = ", ".join(str(tmp_path / f"{name}.safetensors") for name in saved)
    teacher = open_teacher(files, CPU)
    assert (teacher.name, teacher.share) == ("hdnet-lite and srin-lite", SHARE)
    assert open_teacher(files, CPU, share=0.25).share == 0.25
    composite, real, mask = pictures()
    with torch.no_grad():
        answers = [network(composite, mask) for network in saved.values()]
    targets = teacher.targets(composite, real, mask)
    assert torch.allclose(targets, torch.lerp(real, sum(answers) / 2, SHARE), atol=1e-5)


def test_a_teacher_that_lacks_weights_is_refused(tmp_path: Path) -> None:
    weights = harmonizers.create("hdnet-lite").state_dict()
    del weights[next(iter(weights))]
    save_file(weights, tmp_path / "hdnet-lite.safetensors")
    with pytest.raises(WeightsCorruptError, match="do not fit"):
        open_teacher(str(tmp_path / "hdnet-lite.safetensors"), CPU)


def test_a_training_says_who_taught_it_and_what_changed(
    photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_file(harmonizers.create("hdnet-lite").state_dict(), tmp_path / "hdnet-lite.safetensors")
    given = ["rcl-lite", "--photos", str(photo_folder), "-o", str(tmp_path / "out"), *FEW]
    taught = [*given, "--teacher", str(tmp_path / "hdnet-lite.safetensors")]
    assert main(taught) == 0
    assert "80% of what it learned were the answers of hdnet-lite" in (tmp_path / "out" / "rcl-lite.md").read_text()
    capsys.readouterr()
    assert main([*taught, "--teacher-share", "0.25"]) == 0
    assert "25% of what it learned were the answers of hdnet-lite" in (tmp_path / "out" / "rcl-lite.md").read_text()
    assert "its teacher's share is 0.8, not 0.25" in " ".join(capsys.readouterr().err.split())
    assert main(given) == 0
    assert "its teacher is hdnet-lite, not None" in " ".join(capsys.readouterr().err.split())


def test_a_training_with_pastings_says_so_and_needs_a_teacher(
    photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_file(harmonizers.create("hdnet-lite").state_dict(), tmp_path / "hdnet-lite.safetensors")
    given = ["hdnet-lite", "--photos", str(photo_folder), "-o", str(tmp_path / "out"), *FEW, "--pasted", "0.5"]
    assert main(given) == 2
    assert "only a --teacher's answers can be learned" in " ".join(capsys.readouterr().err.split())
    assert main([*given, "--teacher", str(tmp_path / "hdnet-lite.safetensors")]) == 0
    card = " ".join((tmp_path / "out" / "hdnet-lite.md").read_text().split())
    assert "Of the photographs' own regions 50% were not recoloured but pasted upon other photographs" in card
    assert "- pasted: 0.5" in card
    capsys.readouterr()
    assert main([*given[:-1], "0.25", "--teacher", str(tmp_path / "hdnet-lite.safetensors")]) == 0
    assert "its share of pastings is 0.5, not 0.25" in " ".join(capsys.readouterr().err.split())
