"""`samelight batch`: a folder of composites and masks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from samelight.cli.batching.interruptions import terminated_like_interrupted
from samelight.cli.batching.ledger import Ledger
from samelight.cli.batching.pairs import Pair, find_pairs
from samelight.cli.batching.report import Report, print_summary
from samelight.cli.harmonize import Colour, InProcess, Model, Strength
from samelight.cli.progress import picture_progress
from samelight.cli.reporting import AsJson, errors_reported, print_json
from samelight_wire.errors import (
    ConnectionFailed,
    InputError,
    OutputError,
    SamelightError,
    UnknownModelError,
    WeightsError,
)
from samelight_wire.messages import USUAL_COLOUR, Options

if TYPE_CHECKING:
    from samelight.cli.harmonizing import Harmonize
    from samelight.settings import Settings

__all__ = ["batch"]

FOR_ALL = (ConnectionFailed, UnknownModelError, WeightsError)
"""What goes wrong with one file and would with all the others: a daemon that is gone, a network that cannot be used."""


def batch(
    folder: Annotated[Path, typer.Argument(help="Holds composite/ and mask/ with the same stems.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder for the results.", show_default=False)],
    model: Model = None,
    strength: Strength = 1.0,
    colour: Colour = USUAL_COLOUR,
    skip_existing: Annotated[bool, typer.Option("--skip-existing", help="Leave out what is done already.")] = False,
    no_daemon: InProcess = False,
    as_json: AsJson = False,
) -> None:
    """Harmonize every picture of FOLDER/composite with its mask in FOLDER/mask.

    Capitals in names count only where they must. What is no PNG, TIFF, JPEG or WebP file is left out, and told of.

    A bad file is reported at the end and the others are done all the same; the exit code is then 2.
    """
    with errors_reported(as_json):
        from samelight.cli.harmonizing import choose

        options = choose(model, strength, colour)
        report = _run(folder, output, options, skip_existing=skip_existing, in_process=no_daemon, quiet=as_json)
    if as_json:
        print_json(report.in_plain_values())
    else:
        print_summary(report, output)
    if report.interrupted:
        raise typer.Exit(report.interrupted)
    if report.failed or report.ended:
        raise typer.Exit(2)


def _run(
    folder: Path,
    output: Path,
    options: Options,
    *,
    skip_existing: bool,
    in_process: bool,
    quiet: bool,
) -> Report:
    """Does the folder; what goes wrong with a file goes into the report."""
    from samelight.cli.harmonizing import open_harmonizer
    from samelight.pictures import file_identity, make_folder
    from samelight.settings import load_settings

    settings = load_settings()
    found = find_pairs(folder)
    pairs, lonely = found.pairs, found.lonely
    make_folder(output)
    _check_apart(output, folder)
    originals = _identities([*lonely, *(path for pair in pairs for path in (pair.composite, *pair.masks))])
    report = Report(len(pairs), left_out=found.left_out)
    with (
        terminated_like_interrupted() as exit_code,
        _interruption_noted(report, exit_code),
        open_harmonizer(settings, in_process=in_process) as harmonizer,
        _end_noted(report),
        picture_progress(quiet, len(pairs)) as progress,
    ):
        ledger = Ledger(report, progress)
        for pair in pairs:
            progress.begin(pair.composite.name)
            target = output / pair.composite.name
            if skip_existing and target.exists():
                ledger.skip(pair, target)
            elif file_identity(target) in originals:
                ledger.fail(pair, _overwrites(target))
            else:
                _do(pair, target, harmonizer, options, settings, ledger)
        for mask in lonely:
            report.fail(
                mask, InputError(f'"{mask.name}" has no picture.', "Put the picture of this stem into composite/.")
            )
    return report


@contextmanager
def _interruption_noted(report: Report, exit_code: Callable[[], int]) -> Iterator[None]:
    """Ctrl+C ends the block, and what was done until then is told."""
    try:
        yield
    except KeyboardInterrupt:
        report.interrupted = exit_code()


@contextmanager
def _end_noted(report: Report) -> Iterator[None]:
    """The same for what every other picture would meet with, too."""
    try:
        yield
    except FOR_ALL as error:
        report.ended = error


def _do(pair: Pair, target: Path, harmonizer: Harmonize, options: Options, settings: Settings, ledger: Ledger) -> None:
    """One pair; raises what no other file would be spared either, such as that the daemon is lost."""
    from samelight.cli.harmonizing import harmonize_pair, read_pair

    try:
        prepared = read_pair(pair.composite, pair.mask(), target, options, max_pixels=settings.max_pixels)
        done = harmonize_pair(harmonizer, prepared)
    except FOR_ALL:
        raise
    except SamelightError as error:
        ledger.fail(pair, error)
    else:
        ledger.finish(pair, target, done)


def _check_apart(output: Path, folder: Path) -> None:
    """Raises OutputError where the results would replace the pictures that they are made of."""
    from samelight.pictures import is_same_file

    if any(is_same_file(output, folder / name) for name in ("composite", "mask")):
        raise OutputError(
            f'The results would overwrite the pictures in "{output}".', "Name another folder for the results."
        )


def _identities(files: Iterable[Path]) -> frozenset[tuple[int, int]]:
    """Of all these files, also of those that are only linked here."""
    from samelight.pictures import file_identity

    return frozenset(found for path in files if (found := file_identity(path)) is not None)


def _overwrites(target: Path) -> OutputError:
    """What is said of a result whose name leads to one of the pictures."""
    return OutputError(
        f'The result would overwrite one of the pictures: "{target}" leads to it.',
        "Remove that link, or name another folder for the results.",
    )
