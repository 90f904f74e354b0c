"""What the commands that train do: from the options to weights, model card and report."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from samelight.devices import available_cores, choose_devices, describe_device
from samelight.harmonizers import create, describe
from samelight.training.budget import Pace
from samelight.training.choosing import begin, budget_of, open_source, recipe_of, segment_for, wants_paper
from samelight.training.compiling import compiler_missing
from samelight.training.composites.sheet import contact_sheet
from samelight.training.distributed import Team, disband, join_team, local_rank, usual_portions
from samelight.training.export import TrainingRecord, export
from samelight.training.logs import TensorBoardLog, tensorboard_there
from samelight.training.numerics import choose_numerics
from samelight.training.options import TrainingOptions, check
from samelight.training.progress import ProgressReport
from samelight.training.recipes import Recipe
from samelight.training.source import CompositeSource
from samelight.training.supply import Segment
from samelight.training.teaching import SHARE, Teacher, open_teacher
from samelight.training.trainer import Trainer, Validate
from samelight.training.watching import Watcher, Watchers
from samelight.weights.manifest import sha256_of
from samelight_wire.errors import InvalidOptionError, UnreadablePictureError

__all__ = ["Interrupted", "in_words", "train"]


class Interrupted(Exception):  # noqa: N818
    """A signal ended the training; a checkpoint was written."""

    def __init__(self, signal: int, trainer: Trainer) -> None:
        """`signal` is its number."""
        self.signal = signal
        super().__init__(
            f"Stopped after step {trainer.step:,}, a checkpoint is saved: the same command goes on from it."
        )


def train(options: TrainingOptions) -> dict[str, Any] | None:
    """Train, measure, write weights, card and manifest; or draw a preview of the composites where that is asked for.

    Returns: a report in plain values; None in a process that does not write.

    Raises:
      SamelightError: what went wrong, in a sentence.
      Interrupted: a signal ended it.
    """
    try:
        return _train(options)
    finally:
        disband()


def in_words(report: Mapping[str, Any]) -> str:
    """What `train` returned, as a sentence."""
    if "preview" in report:
        return f"Composites of {len(report['families'])} kinds: {report['preview']}"
    drawn = "Weights, model card and loss curve" if report["loss_curve"] else "Weights and model card"
    return f"{drawn} of {report['model']}: {report['folder']}"


def _train(options: TrainingOptions) -> dict[str, Any] | None:
    describe(options.model)
    check(options)
    about = _read_text(options.about) if options.about else ""
    device = _device(options.device)
    team = join_team(device)
    torch.set_num_threads(options.threads or max(1, available_cores() // _neighbours()))
    source = open_source(options, device)
    if options.preview is not None:
        return _preview(options.preview, source, recipe_of(options)) if team.writes else None
    watcher = _watcher(options, team)
    try:
        trainer = _prepare(options, source, team, watcher)
        network = trainer.run()
        if trainer.stopped_by:
            raise Interrupted(trainer.stopped_by, trainer)
        return _finish(options, trainer, network, about) if team.writes else None
    finally:
        watcher.close()


def _preview(path: Path, source: CompositeSource, recipe: Recipe) -> dict[str, Any]:
    return {"preview": str(path), "families": contact_sheet(source, path, recipe.augmentation)}


def _prepare(options: TrainingOptions, source: CompositeSource, team: Team, watcher: Watcher) -> Trainer:
    device, recipe = source.device, recipe_of(options)
    budget = budget_of(options, recipe, len(source))
    last = {"auto": None, "yes": True, "no": False}[options.channels_last]
    torch.manual_seed(options.seed)
    network = create(options.model)
    if missing_weights := begin(network, options, recipe):
        watcher.said(missing_weights)
    segment = segment_for(options.model)
    missing = compiler_missing(device) if options.compiled else None
    if missing:
        watcher.said(f"The network is not compiled: {missing}.")
    return Trainer(
        network,
        source,
        recipe,
        budget,
        options.out / f"{options.model}-checkpoint",
        model=options.model,
        seed=options.seed,
        segment=segment,
        numerics=choose_numerics(device, options.precision, channels_last=last),
        team=team,
        pace=Pace(60 * options.checkpoint_every, 60 * options.validate_every, options.patience),
        validate=_validation(options, device, segment) if team.writes else None,
        keep_best=options.keep == "best" or (options.keep == "auto" and not wants_paper(options)),
        workers=options.workers,
        portions=options.portions or usual_portions(device, team.size),
        compiled=options.compiled and not missing,
        teacher=_teacher_of(options, device),
        watcher=watcher,
    )


def _validation(options: TrainingOptions, device: torch.device, segment: Segment | None) -> Validate | None:
    if options.validate is None:
        if options.patience is not None:
            raise InvalidOptionError("Patience needs something to measure on.", "Name photographs with --validate.")
        return None
    from samelight.training.validation import Validation, open_set

    return Validation(open_set(options.validate), options.validate_pictures, device, segment)


def _watcher(options: TrainingOptions, team: Team) -> Watchers:
    if not team.writes:
        return Watchers([])
    members: list[Watcher] = [ProgressReport()]
    if options.tensorboard or tensorboard_there():
        members.append(TensorBoardLog(options.tensorboard or options.out / f"{options.model}-tensorboard"))
    return Watchers(members)


def _device(wanted: str) -> torch.device:
    """Where this process works: of several on a machine each takes a card of its own."""
    devices = choose_devices(wanted)
    return devices[local_rank() % len(devices)]


def _neighbours() -> int:
    """Processes of this training on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadablePictureError(f"{path} cannot be read ({error}).", "Name a text file in UTF-8.") from error


def _finish(options: TrainingOptions, trainer: Trainer, network: nn.Module, about: str) -> dict[str, Any]:
    """Measure, write everything, and say so in plain values."""
    table, figures = _measure(options, network.to("cpu"))
    record = replace(_record(options, trainer), validation=table, figures=figures)
    if about:
        record = replace(record, about_data=about)
    if figures is not None:
        record = replace(record, fmse_ratio=float(figures["fmse_ratio"]))
    entry = export(network, record, options.out)
    drawn = (options.out / f"{options.model}-loss.png").exists()
    if not drawn:
        trainer.watcher.said("The loss curve is not drawn: matplotlib is not installed (samelight[train]).")
    return {
        "model": options.model,
        "folder": str(options.out),
        "sha256": entry.sha256,
        "steps": trainer.step,
        "fmse_ratio": record.fmse_ratio,
        "loss_curve": drawn,
    }


def _record(options: TrainingOptions, trainer: Trainer) -> TrainingRecord:
    """What the card says of the training itself."""
    source = options.photos or options.iharmony4
    return TrainingRecord(
        model=options.model,
        recipe=trainer.recipe,
        history=trainer.history,
        pictures=len(trainer.source),
        seed=options.seed,
        machine=f"{describe_device(trainer.source.device)}, {platform.machine()}",
        about_data=f"The pictures of `{source and source.name}`.",
        rights=options.rights,
        processes=trainer.team.size,
        precision=trainer.numerics.name,
        kept_step=trainer.kept_step,
        synthetic=options.photos is not None,
        began_with=_beginning(options),
        taught_by=_teaching(trainer),
        pasted=options.pasted,
    )


def _teacher_of(options: TrainingOptions, device: torch.device) -> Teacher | None:
    """Who else is learned from than the real pictures, or nobody.

    Raises: InvalidOptionError, WeightsCorruptError.
    """
    share = SHARE if options.teacher_share is None else options.teacher_share
    if share > 1:
        raise InvalidOptionError("--teacher-share is a share, 1 at most.", "Name one such as 0.8.")
    if options.teacher is None:
        if options.teacher_share is not None:
            raise InvalidOptionError("There is a --teacher-share and no --teacher.", "Name one, or leave both out.")
        return None
    return open_teacher(options.teacher, device, share=share, pasted=options.pasted)


def _beginning(options: TrainingOptions) -> str:
    """The files of weights in words; empty where there were none."""
    told = [_told_apart(file) for file in (options.start_from, options.mean_with) if file]
    mean = "the mean of " if len(told) > 1 else ""
    return f"{mean}the weights of {' and '.join(told)}" if told else ""


def _teaching(trainer: Trainer) -> str:
    """The teacher in words; empty where there was none."""
    teacher = trainer.teacher
    return f"{teacher.share:.0%} of what it learned were the answers of {teacher.name}" if teacher else ""


def _told_apart(weights: Path) -> str:
    """A file may have gone since it was read."""
    digest = f" (SHA-256 {sha256_of(weights)})" if weights.is_file() else ""
    return f"`{weights.name}`{digest}"


def _measure(options: TrainingOptions, network: nn.Module) -> tuple[str, Mapping[str, float | str] | None]:
    """The whole benchmark at the end: a table for the card, the means for the manifest."""
    if options.validate is None:
        return "", None
    from samelight.evaluation.methods import network_method
    from samelight.evaluation.report import in_manifest
    from samelight.evaluation.runner import evaluate
    from samelight.evaluation.sizes import parse_size
    from samelight.evaluation.tables import as_markdown
    from samelight.training.validation import open_set

    pictures, square = open_set(options.validate), parse_size("256")
    method = network_method(network, segment_for(options.model))
    samples = (square.apply(pictures.read(index)) for index in pictures.chosen(None))
    scores = evaluate({options.model: method}, samples)
    means = in_manifest(scores.row(options.model), 256)
    return f"On {pictures.title}:\n\n{as_markdown(scores)}", means
