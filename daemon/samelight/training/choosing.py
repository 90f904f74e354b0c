"""From a command line's options to what a training is made of."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import fmean

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from samelight.harmonizers import describe
from samelight.harmonizers.frih import FRIH
from samelight.training.budget import Budget
from samelight.training.composites import CompositeMaker, Variety
from samelight.training.options import TrainingOptions
from samelight.training.photos import PhotoCollection
from samelight.training.recipes import Recipe, SizePhase, recipe_for
from samelight.training.source import CompositeSource
from samelight.training.supply import Segment
from samelight.training.widening import widened
from samelight_wire.errors import InvalidOptionError, WeightsCorruptError

__all__ = ["begin", "budget_of", "load_weights", "open_source", "recipe_of", "segment_for", "wants_paper"]


def open_source(options: TrainingOptions, device: torch.device) -> CompositeSource:
    """What the composites come from.

    Raises: InvalidOptionError where not exactly one of photographs and iHarmony4 is named, or pastings cannot be made.
    """
    if (options.photos is None) == (options.iharmony4 is None):
        message = "A training needs either photographs or iHarmony4."
        raise InvalidOptionError(message, "Name a folder or zip with --photos, or iHarmony4's folder with --iharmony4.")
    if options.pasted:
        _check_pastings(options)
    if options.iharmony4 is not None:
        from samelight.training.composites import IHarmony4Source
        from samelight.training.iharmony4 import IHarmony4

        return IHarmony4Source(IHarmony4(options.iharmony4, split="train"), options.seed, device)
    assert options.photos is not None  # noqa: S101
    photos = PhotoCollection(options.photos)
    if options.pasted and not photos.with_regions:
        raise InvalidOptionError(
            f"None of the photographs in {options.photos} has regions, so that there is nothing to paste.",
            "Leave --pasted out, or add NAME.png with the regions of NAME.webp.",
        )
    return CompositeMaker(photos, options.seed, device, Variety(pasted=options.pasted))


def _check_pastings(options: TrainingOptions) -> None:
    """See that pastings can be made and learned from.

    Raises: InvalidOptionError.
    """
    if options.pasted > 1:
        raise InvalidOptionError("--pasted is a share, 1 at most.", "Name one such as 0.45.")
    if options.iharmony4 is not None:
        raise InvalidOptionError("Composites of iHarmony4 cannot be pasted anew.", "Name photographs, or no --pasted.")
    if options.teacher is None and options.preview is None:
        message = "Nobody knows how pasted foregrounds should look, so that only a --teacher's answers can be learned."
        raise InvalidOptionError(message, "Name a .safetensors file with --teacher, or leave --pasted out.")


def recipe_of(options: TrainingOptions) -> Recipe:
    """The network's recipe with what the options change in it.

    Raises: InvalidOptionError, UnknownModelError.
    """
    recipe = recipe_for(options.model, paper=wants_paper(options))
    if options.rate is not None and not 0 < options.rate < 1:
        raise InvalidOptionError("A learning rate is above 0 and below 1.", "The papers' are around 0.001.")
    if options.ema is not None and not 0 <= options.ema < 1:
        raise InvalidOptionError("The decay of averaged weights is 0 or more and below 1.", "Usual is 0.999.")
    phases = _phases(options.sides) if options.sides else recipe.phases
    return replace(
        recipe,
        batch=recipe.batch if options.batch is None else options.batch,
        # Both given: so many pictures of the largest side.
        batch_side=max(phases[0].sides) if options.batch and options.sides else recipe.batch_side,
        learning_rate=recipe.learning_rate if options.rate is None else options.rate,
        ema=recipe.ema if options.ema is None else options.ema,
        phases=phases,
    )


def wants_paper(options: TrainingOptions) -> bool:
    """Whether the recipe is the paper's."""
    return options.iharmony4 is not None if options.recipe == "auto" else options.recipe == "paper"


def _phases(sides: str) -> tuple[SizePhase, ...]:
    try:
        numbers = tuple(int(side) for side in sides.split(","))
    except ValueError:
        numbers = (0,)
    if min(numbers) < 8:
        raise InvalidOptionError(f'"{sides}" are no sides of pictures.', "Write them as 256 or as 128,192,256.")
    return (SizePhase(0.0, numbers),)


def budget_of(options: TrainingOptions, recipe: Recipe, pictures: int) -> Budget:
    """How long to train: what is asked for, or the recipe's epochs.

    Raises: InvalidOptionError.
    """
    asked = [name for name in ("steps", "minutes", "epochs") if getattr(options, name) is not None]
    if len(asked) > 1:
        raise InvalidOptionError(f"A training cannot end by {' and by '.join(asked)}.", "Give one of them.")
    if options.minutes is not None:
        return Budget(minutes=options.minutes)
    if options.steps is not None:
        return Budget(steps=options.steps)
    epochs = recipe.epochs if options.epochs is None else options.epochs
    return Budget(steps=max(1, round(epochs * pictures / _pictures_a_step(recipe))) if epochs > 0 else 0)


def _pictures_a_step(recipe: Recipe) -> float:
    """The mean over a training in which small pictures come in larger batches."""
    ends = [*(phase.start for phase in recipe.phases[1:]), 1.0]
    return sum(
        (end - phase.start) * fmean(recipe.batch_at(side) for side in phase.sides)
        for phase, end in zip(recipe.phases, ends, strict=True)
    )


def segment_for(model: str) -> Segment | None:
    """What finds the instances of composites for a network that reads them: the embedded segmenter; else None."""
    if not describe(model).needs_instances:
        return None
    from samelight.segmentation import find_in_batch
    from samelight.segmentation.regions import RegionSegmenter

    return partial(find_in_batch, RegionSegmenter())


LEAST_SHARED = 0.75
"""Share of a network's weights that another network's file must hold to be of use to it."""


def begin(network: nn.Module, options: TrainingOptions, recipe: Recipe) -> str:
    """Put the weights into a network that a training is to begin with, if any; returns and raises as `load_weights`.

    The mean of two trainings' weights that went on from the same ones often does better than either (Wortsman et al.,
    Model soups, ICML 2022). Where a base network learns alone first, its cascade begins anew.
    """
    if options.start_from is None:
        if options.mean_with is not None:
            raise InvalidOptionError("A mean needs two files.", "Name the other one with --start-from.")
        return ""
    said = load_weights(network, options.start_from)
    if options.mean_with is not None:
        other = deepcopy(network)
        said = " ".join(filter(None, (said, load_weights(other, options.mean_with))))
        with torch.no_grad():
            for own, others in zip(network.parameters(), other.parameters(), strict=True):
                own.lerp_(others, 0.5)
    if recipe.coarse_first and isinstance(network, FRIH):
        network.restart_cascade()
    return said


def load_weights(network: nn.Module, path: Path) -> str:
    """Put a file's weights into a network, whatever precision they are stored in.

    The file may be another network's with which this one shares most of its layers, as HDNet and SRIN share their
    U-Net; the layers that are only this network's stay as they are. It may be a narrower network's, whose every channel
    then becomes several.

    Returns: sentences on what the file lacked; empty where its weights were this network's own.

    Raises:
      InvalidOptionError: there is no such file, or its weights do not fit.
      WeightsCorruptError: it is damaged.
    """
    tensors, own = _read_weights(path), network.state_dict()
    shared = widened(network, tensors)
    share = sum(own[name].numel() for name in shared) / sum(each.numel() for each in own.values())
    if share < LEAST_SHARED:
        message = f"{path} holds {share:.0%} of this network's weights."
        raise InvalidOptionError(
            message, "Name weights of the same network, or one with the same layers and no more channels."
        )
    network.load_state_dict(shared, strict=False)
    said = []
    if any(tensors[name].shape != own[name].shape for name in shared):
        said.append(f"{path.name} is of a narrower network: each of its channels became several.")
    if len(shared) < len(own):
        said.append(f"{path.name} holds {share:.0%} of the network's weights; the others start at random.")
    return " ".join(said)


def _read_weights(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise InvalidOptionError(f"There is no file {path}.", "Name a .safetensors file with --start-from.")
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        message = f"The weights {path} cannot be read ({error})."
        raise WeightsCorruptError(message, "Name another .safetensors file with --start-from.") from error
