"""`samelight train`: weights from photographs."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from samelight.cli.reporting import AsJson, errors_reported, print_json
from samelight.cli.segmenting import segment_for
from samelight_wire.errors import UnreadablePictureError

if TYPE_CHECKING:
    from torch import nn

    from samelight.training.photos import PhotoCollection
    from samelight.training.trainer import Step, Trainer

__all__ = ["train"]

UNSTATED_RIGHTS = "The rights of the photographs these weights were trained on were not stated."


def train(
    model: Annotated[str, typer.Argument(help="The network, such as hdnet-lite.")],
    photos: Annotated[Path, typer.Option(help="A folder or zip of photographs; NAME.png holds NAME.webp's regions.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where weights, card and checkpoint go.")] = Path("trained"),
    minutes: Annotated[float | None, typer.Option(help="Train for so long, earlier runs counted in.")] = None,
    steps: Annotated[int | None, typer.Option(help="Train for so many steps. [default: the recipe's epochs]")] = None,
    validate: Annotated[Path | None, typer.Option(help="Photographs to run the benchmark on at the end.")] = None,
    paper: Annotated[bool, typer.Option("--paper", help="The paper's recipe, not the one for photographs.")] = False,
    full_precision: Annotated[bool, typer.Option("--full-precision", help="float32 instead of bfloat16.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, mps, cuda or cuda:N.")] = "auto",
    seed: Annotated[int, typer.Option(help="Of the first weights and of the composites.")] = 7,
    about: Annotated[Path | None, typer.Option(help="Markdown on the photographs' origin, for the card.")] = None,
    rights: Annotated[str, typer.Option(help="One sentence on the weights' terms.")] = UNSTATED_RIGHTS,
    as_json: AsJson = False,
) -> None:
    """Train a network on composites made from photographs, or go on where a training was interrupted.

    Leaves MODEL.safetensors, a model card with the loss curve, and a manifest: with SAMELIGHT_WEIGHTS=OUT every
    command uses them.
    """
    with errors_reported(as_json):
        from samelight.training.photos import PhotoCollection

        about_data = _read_text(about) if about else f"The pictures of `{photos.name}`."
        benchmark = PhotoCollection(validate) if validate else None
        trainer = _prepare(model, PhotoCollection(photos), device, seed, out, minutes, steps, paper=paper)
        trainer.half_precision = not full_precision
        with _progress(quiet=as_json) as on_step:
            network = trainer.run(on_step)
        report = _finish(network, trainer, benchmark, model, seed, about_data, rights)
    if as_json:
        print_json(report)
    else:
        typer.echo(f"Weights, model card and loss curve of {model}: {out}")


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadablePictureError(f"{path} cannot be read ({error}).", "Name a text file in UTF-8.") from error


def _prepare(
    model: str,
    photos: PhotoCollection,
    device: str,
    seed: int,
    out: Path,
    minutes: float | None,
    steps: int | None,
    *,
    paper: bool,
) -> Trainer:
    """The trainer of a command line; its checkpoint lies in OUT/MODEL-checkpoint."""
    import torch

    from samelight.devices import choose_devices, use_all_cores
    from samelight.harmonizers import create
    from samelight.training.composites import CompositeMaker
    from samelight.training.recipes import recipe_for
    from samelight.training.trainer import Budget, Trainer

    use_all_cores()
    recipe = recipe_for(model, paper=paper)
    if minutes is None and steps is None:
        steps = recipe.epochs * len(photos) // recipe.batch
    place = choose_devices(device)[0]
    torch.manual_seed(seed)
    network = create(model).to(place)
    maker = CompositeMaker(photos, seed, place)
    budget, folder = Budget(steps=steps, minutes=minutes), out / f"{model}-checkpoint"
    return Trainer(network, maker, recipe, budget, folder, segment=segment_for(model))


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[Step], None]]:
    """A bar with the running means of loss and gain, on stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    loss = gain = 1.0
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal) as bars:
        task = bars.add_task("", total=1.0)

        def show(step: Step) -> None:
            nonlocal loss, gain
            share = max(0.01, 1 / step.number)
            loss, gain = loss + share * (step.loss - loss), gain + share * (step.gain - gain)
            text = f"step {step.number:,}  loss {loss:.4f}  error / composite's {gain:.3f}"
            bars.update(task, completed=step.progress, description=text)

        yield show


def _finish(
    network: nn.Module,
    trainer: Trainer,
    benchmark: PhotoCollection | None,
    model: str,
    seed: int,
    about_data: str,
    rights: str,
) -> dict[str, Any]:
    """Measure, write everything, and say so in plain values."""
    from samelight.devices import describe_device
    from samelight.evaluation.report import as_markdown, in_manifest
    from samelight.evaluation.runner import benchmark_at
    from samelight.training.export import TrainingRecord, export

    table, ratio, figures = "", None, None
    if benchmark is not None:
        scores = benchmark_at(256, {model: network.to("cpu")}, benchmark, segment={model: segment_for(model)})
        table, figures = as_markdown(scores), in_manifest(scores.row(model), 256)
        ratio = float(figures["fmse_ratio"])
    record = TrainingRecord(
        model=model,
        recipe=trainer.recipe,
        history=trainer.history,
        photos=len(trainer.maker.photos),
        seed=seed,
        machine=f"{describe_device(trainer.maker.device)}, {platform.machine()}",
        about_data=about_data,
        rights=rights,
        validation=table,
        fmse_ratio=ratio,
        figures=figures,
    )
    folder = trainer.folder.parent
    entry = export(network, record, folder)
    return {"model": model, "folder": str(folder), "sha256": entry.sha256, "steps": trainer.step, "fmse_ratio": ratio}
