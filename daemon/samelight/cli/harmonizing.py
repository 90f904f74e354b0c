"""Harmonizing one pair of files, by the daemon or in this process: what `harmonize`, `batch` and `doctor` share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from samelight.labels import describe_faint_mask, refuse_labels
from samelight.pictures import (
    Picture,
    check_holds,
    check_output,
    mask_to_raster,
    picture_from_raster,
    picture_of,
    picture_to_raster,
    read_mask,
    read_picture,
    write_picture,
)
from samelight.pictures.picture import Pixels
from samelight.settings import Settings
from samelight_wire.client import Client, OnProgress
from samelight_wire.errors import SizeMismatchError, UnknownModelError
from samelight_wire.formats import Rect
from samelight_wire.frames import Limits
from samelight_wire.messages import HarmonizeRequest, Options, Progress, Result, new_job

__all__ = [
    "Harmonize",
    "Harmonized",
    "Prepared",
    "build_request",
    "choose",
    "harmonize_files",
    "harmonize_pair",
    "open_harmonizer",
    "read_pair",
]

Harmonize = Callable[[HarmonizeRequest, OnProgress], Result]
"""Carries a request out; raises a SamelightError."""


@dataclass(frozen=True)
class Prepared:
    """A pair of files, as it was read."""

    before: Picture
    """The composite."""
    request: HarmonizeRequest
    """What is asked for."""
    warnings: tuple[str, ...] = ()
    """Sentences on what will be done as it was asked for, though hardly as it was meant."""


@dataclass(frozen=True)
class Harmonized:
    """What came of a pair of files."""

    before: Picture
    """The composite as it was read."""
    after: Picture
    """The harmonized picture, with everything else as before."""
    model: str
    """The network that was used."""
    total_seconds: float
    """From the request to its answer, files not counted in."""
    seconds: dict[str, float]
    """How long each stage took."""
    reasons: dict[str, Any]
    """What was done, in plain values."""
    explanations: dict[str, Picture] = field(default_factory=dict)
    """Pictures that show why, by name, where they were asked for."""
    warnings: tuple[str, ...] = ()
    """Sentences on what was done as it was asked for, though hardly as it was meant."""

    def report(self, output: Path) -> dict[str, Any]:
        """The same in plain values, for JSON."""
        return {
            "output": str(output),
            "model": self.model,
            "total_seconds": self.total_seconds,
            "seconds": self.seconds,
            "reasons": self.reasons,
            "warnings": list(self.warnings),
        }


@contextmanager
def open_harmonizer(settings: Settings, *, in_process: bool) -> Iterator[Harmonize]:
    """Connects to the running daemon or, in this process, prepares a device and loads networks as they are asked for.

    Raises:
        ConnectionFailed: (its subclasses) the daemon cannot be reached.
    """
    if in_process:
        yield _harmonize_here(settings)
        return
    with Client.connect(client="cli", limits=Limits(pixels=settings.max_pixels)) as client:
        yield lambda request, on_progress: client.harmonize(request, on_progress, timeout=None)


def _harmonize_here(settings: Settings) -> Harmonize:
    """Harmonizes without a daemon."""
    from samelight.jobs.engine import open_engines
    from samelight.jobs.faults import explain

    engine = open_engines(settings)[0]

    def harmonize(request: HarmonizeRequest, on_progress: OnProgress) -> Result:
        options = replace(request.options, model=request.options.model or settings.default_model)
        try:
            outcome = engine.harmonize(
                replace(request, options=options),
                lambda stage, fraction: on_progress(Progress(request.job, stage, fraction)),
            )
        except Exception as error:
            raise explain(error) from error
        return Result(
            request.job,
            outcome.layer,
            outcome.layer_rect,
            outcome.model,
            outcome.seconds,
            outcome.reasons,
            outcome.explanations,
        )

    return harmonize


def choose(model: str | None, strength: float, colour: float) -> Options:
    """The options of a request.

    Raises:
        UnknownModelError: no network can have this name.
    """
    if model is not None and not (1 <= len(model) <= 64 and model.isprintable()):
        raise UnknownModelError(f'There is no model named "{model[:64]}".')
    return Options(model=model, strength=strength, colour=colour)


def build_request(picture: Picture, mask: Pixels, options: Options) -> HarmonizeRequest:
    """The request for a flattened picture whose pasted part the mask (H x W) marks.

    Raises:
        SizeMismatchError: the two are not of one size.
        EmptyMaskError: the mask numbers things where white is meant.
    """
    height, width = mask.shape
    if (width, height) != (picture.width, picture.height):
        raise SizeMismatchError(
            f"The mask is {width} x {height} pixels, but the picture is {picture.width} x {picture.height}."
        )
    refuse_labels(mask)
    rect = Rect(0, 0, width, height)
    request = HarmonizeRequest(
        new_job(),
        picture_to_raster(picture),
        rect,
        selection=mask_to_raster(mask),
        selection_rect=rect,
        options=options,
    )
    request.validate()
    return request


def harmonize_files(
    harmonize: Harmonize,
    composite: Path,
    mask: Path,
    output: Path | None,
    options: Options,
    *,
    max_pixels: int,
    on_progress: OnProgress = lambda progress: None,
) -> Harmonized:
    """Reads a composite and its mask, harmonizes them and, where an output is named, writes it.

    Raises:
        InputError: (its subclasses) a file cannot be read, worked on or written.
        SamelightError: what ``harmonize`` raises.
    """
    pair = read_pair(composite, mask, output, options, max_pixels=max_pixels)
    done = harmonize_pair(harmonize, pair, on_progress)
    if output is not None:
        write_picture(done.after, output)
    return done


def read_pair(composite: Path, mask: Path, output: Path | None, options: Options, *, max_pixels: int) -> Prepared:
    """Reads a composite and its mask; whether the result could be written to the output is found out before.

    Raises:
        InputError: (its subclasses) a file cannot be read, worked on or written.
    """
    if output is not None:
        check_output(output)
    before = read_picture(composite, max_pixels)
    if output is not None:
        check_holds(before, output)
    marked = read_mask(mask, max_pixels)
    request = build_request(before, marked, options)
    faint = describe_faint_mask(marked)
    return Prepared(before, request, () if faint is None else (faint,))


def harmonize_pair(harmonize: Harmonize, pair: Prepared, on_progress: OnProgress = lambda progress: None) -> Harmonized:
    """Harmonizes what was read; nothing is written.

    Raises:
        SamelightError: what ``harmonize`` raises.
    """
    began = time.perf_counter()
    result = harmonize(pair.request, on_progress)
    total = time.perf_counter() - began
    after = picture_from_raster(result.layer, pair.before)
    explanations = {name: picture_of(raster) for name, raster in result.explanations.items()}
    reasons = result.reasons
    return Harmonized(pair.before, after, result.model, total, result.seconds, reasons, explanations, pair.warnings)
