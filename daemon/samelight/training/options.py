"""The options of a training, declared once: `samelight train` and `python -m samelight.training` are made from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from samelight_wire.errors import InvalidOptionError

__all__ = ["Declared", "Told", "TrainingOptions", "check", "declared"]

UNSTATED_RIGHTS = "The rights of the pictures these weights were trained on were not stated."

BATCH = (
    "Pictures a step, of all processes together, at 128 x 128 (the paper's recipe: 256 x 256; with --sides: the "
    "largest): smaller sizes get more, larger ones fewer. Usually the recipe's."
)


@dataclass(frozen=True)
class Told:
    """What an option's help says of it."""

    about: str
    """One line."""
    name: str = ""
    """A name of its own, such as --compile, where the usual one does not suit."""
    letter: str = ""
    """A short name, such as -o."""
    least: float | None = None
    """The smallest number that makes sense."""


@dataclass(frozen=True)
class TrainingOptions:
    """What a person asks for; None leaves a figure to the recipe."""

    model: Annotated[str, Told("The network, such as hdnet-lite.")]
    photos: Annotated[Path | None, Told("A folder or zip of photographs; NAME.png holds the regions of NAME.webp.")] = (
        None
    )
    iharmony4: Annotated[Path | None, Told("The folder of iHarmony4; its training split is learned.")] = None
    out: Annotated[Path, Told("Where weights, card and checkpoint go.", letter="-o")] = Path("trained")
    recipe: Annotated[
        Literal["auto", "paper", "photos"], Told("auto: the paper's with iHarmony4, else the one for photographs.")
    ] = "auto"
    steps: Annotated[int | None, Told("Train for so many steps, earlier runs counted in.")] = None
    minutes: Annotated[float | None, Told("Train for so long, earlier runs counted in.")] = None
    epochs: Annotated[float | None, Told("Train for so many passes over the pictures; usually the recipe's.")] = None
    batch: Annotated[int | None, Told(BATCH, least=2)] = None
    rate: Annotated[float | None, Told("Greatest learning rate; usually the recipe's.")] = None
    sides: Annotated[
        str | None, Told("Sides of the pictures, such as 256 or 128,192,256: one is drawn for each step.")
    ] = None
    ema: Annotated[float | None, Told("Decay a step of the averaged weights; 0 keeps the last ones.")] = None
    start_from: Annotated[Path | None, Told("Begin with the weights of this .safetensors file.")] = None
    mean_with: Annotated[Path | None, Told("Begin with the mean of those weights and this file's.")] = None
    teacher: Annotated[
        str | None, Told("Learn the answers of these weights too: a .safetensors file, or several with commas between.")
    ] = None
    teacher_share: Annotated[
        float | None,
        Told("How much of the target is the teacher's answer, the rest is the real picture; usually 0.8.", least=0),
    ] = None
    pasted: Annotated[
        float,
        Told("Share of the photographs' regions that are pasted upon others; the teacher says how.", least=0),
    ] = 0.0
    seed: Annotated[int, Told("Of the first weights, the composites, and all else that is random.")] = 7
    device: Annotated[str, Told("auto, cpu, mps, cuda or cuda:N.")] = "auto"
    precision: Annotated[
        Literal["auto", "float32", "bfloat16", "float16"], Told("Of the network's maps; weights are always float32.")
    ] = "auto"
    channels_last: Annotated[
        Literal["auto", "yes", "no"], Told("The memory layout of tensor cores; auto: on cards.")
    ] = "auto"
    compiled: Annotated[bool, Told("Run the network through torch.compile.", name="--compile")] = False
    threads: Annotated[
        int | None, Told("Processor threads of each process; usually all cores, shared evenly.", least=1)
    ] = None
    workers: Annotated[int, Told("Threads of each process that make composites ahead.", least=0)] = 1
    portions: Annotated[
        int | None,
        Told("Parts of a process's batch, worked on one after the other; usually 2 on a processor, else 1.", least=1),
    ] = None
    checkpoint_every: Annotated[float, Told("Minutes between two checkpoints.", least=0)] = 5.0
    validate: Annotated[Path | None, Told("Photographs, or the folder of iHarmony4, to measure on.")] = None
    validate_every: Annotated[float, Told("Minutes between two measurements during the training.", least=0)] = 10.0
    validate_pictures: Annotated[int, Told("Pictures of each; at the end all are measured.", least=1)] = 64
    patience: Annotated[int | None, Told("End after so many measurements without improvement.", least=1)] = None
    keep: Annotated[
        Literal["auto", "best", "last"], Told("Which weights to keep; auto: with the paper's recipe the last ones.")
    ] = "auto"
    tensorboard: Annotated[Path | None, Told("Folder of the log for TensorBoard; usually OUT/MODEL-tensorboard.")] = (
        None
    )
    preview: Annotated[
        Path | None, Told("Write a picture of the composites, by family, to this file; train nothing.")
    ] = None
    about: Annotated[Path | None, Told("Markdown on the pictures' origin, for the card.")] = None
    rights: Annotated[str, Told("One sentence on the weights' terms.")] = UNSTATED_RIGHTS
    as_json: Annotated[bool, Told("Report as JSON on the standard output.", name="--json")] = False


@dataclass(frozen=True)
class Declared:
    """One option as a command line needs it."""

    field: str
    """The field of `TrainingOptions`."""
    names: tuple[str, ...]
    """On the command line, such as ("--out", "-o"); the argument has none."""
    kind: type
    """str, int, float, bool or Path."""
    hint: Any
    """The whole type, with None where the option may be left out."""
    choices: tuple[str, ...]
    """The values it may have, where there are only a few."""
    default: Any
    """`dataclasses.MISSING` for what has to be given."""
    about: str
    """One line of help."""
    least: float | None
    """The smallest number it may have, if there is one."""


def check(options: TrainingOptions) -> None:
    """See that no number is smaller than makes sense.

    Raises: InvalidOptionError.
    """
    for option in declared():
        value = getattr(options, option.field)
        if option.least is not None and value is not None and not value >= option.least:
            raise InvalidOptionError(f"{option.names[0]} is at least {option.least:g}, not {value}.", option.about)


def declared() -> Iterator[Declared]:
    """All options in order; the first is the argument."""
    hints = get_type_hints(TrainingOptions, include_extras=True)
    for field in fields(TrainingOptions):
        hint, told = get_args(hints[field.name])
        choices = get_args(hint) if get_origin(hint) is Literal else ()
        kind = str if choices else next((each for each in get_args(hint) if each is not type(None)), hint)
        long = told.name or "--" + field.name.replace("_", "-")
        names = () if field.default is MISSING else tuple(name for name in (long, told.letter) if name)
        yield Declared(
            field.name, names, kind, str if choices else hint, choices, field.default, told.about, told.least
        )
