"""What a training leaves behind: weights, loss curve, model card, and the manifest entry that makes them usable."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import nn

from samelight.harmonizers import describe
from samelight.training.composites import FAMILIES, Variety
from samelight.training.curve import draw_loss_curve
from samelight.training.history import Step
from samelight.training.recipes import Recipe
from samelight.training.teaching import COLOUR_KEPT
from samelight.weights.manifest import WeightsEntry, sha256_of, write_entry
from samelight_wire.errors import OutputError

__all__ = ["TrainingRecord", "export"]


_PASTED = (
    " Of the photographs' own regions {:.0%} were not recoloured but pasted upon other photographs; of those it learned"
    " the teacher's change of brightness and {:.0%} of its change of colour, and nothing else."
)


@dataclass(frozen=True)
class TrainingRecord:
    """What the model card says of a training."""

    model: str
    """The network's name."""
    recipe: Recipe
    """How it was trained."""
    history: Sequence[Step]
    """Every optimizer step."""
    pictures: int
    """Photographs it was trained on, or composites of iHarmony4."""
    seed: int
    """Seed of the weights and the composites."""
    machine: str
    """What it ran on, in words."""
    about_data: str
    """Markdown: which photographs, from where, under which rights."""
    rights: str
    """One sentence on the terms of the weights."""
    validation: str = ""
    """Markdown: the benchmark's table, where it was run."""
    fmse_ratio: float | None = None
    """The benchmark's ratio of means, where it was run."""
    figures: Mapping[str, float | str] | None = None
    """All of its means for the manifest, where it was run."""
    processes: int = 1
    """Processes that shared it."""
    precision: str = "float32"
    """Of the network's maps."""
    kept_step: int | None = None
    """The step that the weights are of; None for the last one."""
    synthetic: bool = True
    """Whether the composites were made from photographs."""
    began_with: str = ""
    """The weights that it began with, in words; nothing where they were random."""
    taught_by: str = ""
    """The teacher whose answers it learned, as half a sentence; nothing where there was none."""
    pasted: float = 0.0
    """Share of the photographs' own regions that were pasted upon others."""


def export(network: nn.Module, record: TrainingRecord, folder: Path) -> WeightsEntry:
    """Write weights in float16, loss curve, card and manifest entry into `folder`, replacing what was there.

    Raises: OutputError where they cannot be written.
    """
    try:
        return _export(network, record, folder)
    except OSError as error:
        raise OutputError(f"The weights cannot be written to {folder} ({error}).") from error


def _export(network: nn.Module, record: TrainingRecord, folder: Path) -> WeightsEntry:
    folder.mkdir(parents=True, exist_ok=True)
    name = record.model
    tensors = {key: tensor.to("cpu", torch.float16).contiguous() for key, tensor in network.state_dict().items()}
    path = folder / f"{name}.safetensors"
    curve = folder / f"{name}-loss.png"
    curve.unlink(missing_ok=True)
    # Not save_file: it makes files that nobody else may read. One note only: several come in any order, and the same
    # weights would be different files.
    path.write_bytes(save(tensors, metadata={"model": name}))
    drawn = draw_loss_curve(record.history, curve, title=name, loss=record.recipe.loss)
    (folder / f"{name}.md").write_text(_card(record, curve.name if drawn else None), encoding="utf-8")
    entry = WeightsEntry(
        path.name,
        path.stat().st_size,
        sha256_of(path),
        f"{name}.md",
        record.rights,
        record.fmse_ratio,
        record.figures,
    )
    write_entry(folder, name, entry)
    return entry


def _card(record: TrainingRecord, curve: str | None) -> str:
    info = describe(record.model)
    last = record.history[-1] if record.history else Step(0, 1.0, 0.0, 0.0, 0, 0.0)  # the file of steps was deleted
    pictures = sum(step.pictures for step in record.history)
    recipe = _listed(_as_trained(record.recipe))
    shared = f" in {record.processes} processes" if record.processes > 1 else ""
    kept = record.kept_step or last.number
    chosen = "" if kept == last.number else f" The weights are those of step {kept:,}, which validation found best."
    began = f" It began with {record.began_with}." if record.began_with else ""
    taught = f" {record.taught_by}, the rest the real pictures." if record.taught_by else ""
    pasted = _PASTED.format(record.pasted, COLOUR_KEPT) if record.pasted else ""
    drawing = f"\n![Loss curve]({curve})\n" if curve else ""
    return f"""# {record.model}

Weights of {info.title} ({info.authors}, {info.year}), trained with `samelight train {record.model}`.

**Rights.** {record.rights}

## Data

{record.about_data.strip()}

{_composites(record)}

## Training

{last.number:,} steps, {pictures:,} composites, {_duration(last.seconds)} on {record.machine}{shared}; maps in
{record.precision}, seed {record.seed}.{began}{taught}{pasted}{chosen}

{recipe}
{drawing}
## Validation

{record.validation.strip() or "Not measured."}

The figures are those of `samelight evaluate`: mean squared error in 8-bit code values, over the foreground for fMSE;
"better" is the share of pictures nearer to the real one than their composite.
"""


def _composites(record: TrainingRecord) -> str:
    if not record.synthetic:
        return f"{record.pictures:,} composites of iHarmony4's training split, with their masks and real pictures."
    families = _listed({family.name: {"weight": family.weight, **family.parameters} for family in FAMILIES})
    variety = _listed({key: value for key, value in asdict(Variety(pasted=record.pasted)).items() if key != "families"})
    return f"""{record.pictures:,} photographs. Composites are made on the fly: a region of a photograph (its own,
borrowed from another, or drawn; hard or soft edge) is recoloured by one of these families, and the network learns the
way back:

{families}

How often what happens (`samelight.training.composites.Variety`):

{variety}"""


def _listed(values: Mapping[str, Any]) -> str:
    """A Markdown list of plain values."""
    return "\n".join(f"- {key}: {json.dumps(value)}" for key, value in values.items())


def _as_trained(recipe: Recipe) -> dict[str, Any]:
    """A recipe's figures without its epochs (the steps that were done are told), infinity as None."""
    longest = recipe.longest_gradient if isfinite(recipe.longest_gradient) else None
    figures = {**asdict(recipe), "longest_gradient": longest}
    del figures["epochs"]
    return figures


def _duration(seconds: float) -> str:
    """A time in the unit that suits it."""
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
