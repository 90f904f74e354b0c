"""What a training leaves behind: weights, loss curve, model card, and the manifest entry that makes them usable."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import torch
from safetensors.torch import save_file
from torch import nn

from samelight.harmonizers import describe
from samelight.training.recipes import Recipe
from samelight.training.recolouring import FAMILIES
from samelight.training.trainer import Step
from samelight.weights import WeightsEntry, write_entry
from samelight.weights.manifest import sha256_of

__all__ = ["TrainingRecord", "draw_loss_curve", "export"]


@dataclass(frozen=True)
class TrainingRecord:
    """What the model card says of a training."""

    model: str
    """The network's name."""
    recipe: Recipe
    """How it was trained."""
    history: Sequence[Step]
    """Every optimizer step."""
    photos: int
    """Photographs it was trained on."""
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


def export(network: nn.Module, record: TrainingRecord, folder: Path) -> WeightsEntry:
    """Write weights in float16, loss curve, card and manifest entry into `folder`, replacing what was there."""
    folder.mkdir(parents=True, exist_ok=True)
    name = record.model
    tensors = {key: tensor.to("cpu", torch.float16).contiguous() for key, tensor in network.state_dict().items()}
    path = folder / f"{name}.safetensors"
    save_file(tensors, path, metadata={"model": name, "steps": str(len(record.history))})
    draw_loss_curve(record.history, folder / f"{name}-loss.png", title=name, loss=record.recipe.loss)
    (folder / f"{name}.md").write_text(_card(record), encoding="utf-8")
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


def draw_loss_curve(history: Sequence[Step], path: Path, title: str, loss: str) -> None:
    """A picture of `loss` and of the error by the composites' error, over the steps, each a running median."""
    import matplotlib as mpl  # takes a second to import, and only the end of a training needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    window = max(1, len(history) // 200)
    parts = [history[start : start + window] for start in range(0, len(history), window)]
    steps = [part[-1].number for part in parts]
    figure, (upper, lower) = plt.subplots(2, 1, sharex=True, figsize=(7, 5), layout="constrained")
    upper.plot(steps, [median(step.loss for step in part) for part in parts], color="tab:blue")
    upper.set(ylabel=f"loss: {loss}", yscale="log", title=f"{title}: training")
    lower.plot(steps, [median(step.gain for step in part) for part in parts], color="tab:orange")
    lower.axhline(1.0, color="gray", linewidth=0.8, linestyle="--")
    lower.set(ylabel="error / composite's", xlabel="step", ylim=(0, 1.6))
    for axes in (upper, lower):
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _card(record: TrainingRecord) -> str:
    info, last = describe(record.model), record.history[-1]
    pictures = sum(step.pictures for step in record.history)
    families = "\n".join(f"- {family.name}: {json.dumps(dict(family.parameters))}" for family in FAMILIES)
    recipe = "\n".join(f"- {key}: {json.dumps(value)}" for key, value in asdict(record.recipe).items())
    return f"""# {record.model}

Weights of {info.title} ({info.authors}, {info.year}), trained by the Samelight project.

**Rights.** {record.rights}

## Data

{record.about_data.strip()}

{record.photos:,} photographs. Composites are made on the fly: a region of a photograph (its own, borrowed from
another, or drawn; hard or soft edge) is recoloured by one of these families, and the network learns the way back:

{families}

## Training

{last.number:,} steps, {pictures:,} composites, {last.seconds / 60:.0f} minutes on {record.machine}; seed {record.seed}.

{recipe}

![Loss curve]({record.model}-loss.png)

## Validation

{record.validation.strip() or "Not measured."}

The figures are those of `samelight evaluate --on-photos`: mean squared error in 8-bit code values, over the
foreground for fMSE; "better" is the share of pictures nearer to the real one than their composite.
"""
