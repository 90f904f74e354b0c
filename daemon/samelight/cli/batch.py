"""`samelight batch`: a folder of composites and masks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from samelight.cli.batching.interruptions import terminated_like_interrupted
from samelight.cli.batching.ledger import Ledger
from samelight.cli.batching.originals import Originals, check_apart
from samelight.cli.batching.pairs import find_pairs
from samelight.cli.batching.records import RECORDS, open_records
from samelight.cli.batching.report import Report, print_summary
from samelight.cli.batching.work import Plan, work_off
from samelight.cli.harmonize import Colour, InProcess, Model, Strength
from samelight.cli.progress import picture_progress
from samelight.cli.reporting import AsJson, errors_reported, print_json
from samelight_wire.client import Client
from samelight_wire.errors import InputError, SamelightError
from samelight_wire.messages import USUAL_COLOUR, Options

if TYPE_CHECKING:
    from samelight.settings import Settings

__all__ = ["batch"]


def batch(
    folder: Annotated[Path, typer.Argument(help="Holds composite/ and mask/ with the same stems.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder for the results.", show_default=False)],
    model: Model = None,
    strength: Strength = 1.0,
    colour: Colour = USUAL_COLOUR,
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Leave out what is done already, from the same files and settings.")
    ] = False,
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
    from samelight.pictures import make_folder
    from samelight.settings import load_settings

    settings = load_settings()
    contents = find_pairs(folder)
    make_folder(output)
    check_apart(output, folder)
    originals = Originals(contents.files)
    originals.check(output / RECORDS)
    model = _default_model(settings, in_process=in_process) if skip_existing and options.model is None else None
    report = Report(len(contents.pairs), left_out=contents.left_out)
    with (
        terminated_like_interrupted() as exit_code,
        _interruption_noted(report, exit_code),
        open_harmonizer(settings, in_process=in_process) as harmonize,
        open_records(output) as records,
        _end_noted(report),
        picture_progress(quiet, len(contents.pairs)) as progress,
    ):
        plan = Plan(output, options, model, settings.max_pixels, skip_existing, originals, records)
        work_off(contents.pairs, plan, harmonize, Ledger(report, records, progress), progress)
        for mask in contents.lonely:
            hint = "Put the picture of this stem into composite/."
            report.fail(mask, InputError(f'"{mask.name}" has no picture.', hint))
    return report


def _default_model(settings: Settings, *, in_process: bool) -> str:
    """The network that is used where none is named; a daemon may run with other settings than the file has now."""
    if in_process:
        return settings.default_model
    with Client.connect(client="cli") as client:
        return client.status().default_model


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
    except SamelightError as error:
        report.ended = error
