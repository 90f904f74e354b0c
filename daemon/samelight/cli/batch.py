"""`samelight batch`: a folder of composites and masks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from samelight.cli.batching.pairs import LeftOut, Pair, describe_left_out, find_pairs
from samelight.cli.harmonize import Colour, InProcess, Model, Strength
from samelight.cli.progress import file_progress
from samelight.cli.reporting import AsJson, describe_error, errors_reported, print_json
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


@dataclass
class Report:
    """What came of a folder."""

    done: list[dict[str, object]] = field(default_factory=list)
    """What `harmonize --json` reports, for each file that was written."""
    skipped: list[str] = field(default_factory=list)
    """Outputs that were there already."""
    failed: list[dict[str, str]] = field(default_factory=list)
    """The other files, with the error of each."""
    left_out: list[LeftOut] = field(default_factory=list)
    """What was in the folder and could be no picture."""
    ended: SamelightError | None = None
    """What ended the work before all was done: every other file would have met with it, too."""

    def fail(self, file: Path, error: SamelightError) -> None:
        """Notes a file that could not be done."""
        self.failed.append({"file": str(file), **describe_error(error)})


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

    Capitals in names count only where they must. What is no PNG, TIFF, JPEG or WebP file is left out, and told of. A bad
    file is reported at the end and the others are done all the same; the exit code is then 2.
    """
    with errors_reported(as_json):
        from samelight.cli.harmonizing import choose

        options = choose(model, strength, colour)
        report = _run(folder, output, options, skip_existing=skip_existing, in_process=no_daemon, quiet=as_json)
    if as_json:
        ended = {} if report.ended is None else {"error": describe_error(report.ended)}
        left_out = [asdict(entry) for entry in report.left_out]
        parts = {"done": report.done, "skipped": report.skipped, "failed": report.failed, "left_out": left_out}
        print_json({**parts, **ended})
    else:
        _print_summary(report, output)
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
    report = Report(left_out=found.left_out)
    with open_harmonizer(settings, in_process=in_process) as harmonizer, file_progress(quiet, len(pairs)) as begin:
        for pair in pairs:
            begin(pair.composite.name)
            target = output / pair.composite.name
            if skip_existing and target.exists():
                report.skipped.append(str(target))
                continue
            if file_identity(target) in originals:
                report.fail(pair.composite, _overwrites(target))
                continue
            try:
                _do(pair, target, harmonizer, options, settings, report)
            except FOR_ALL as error:
                report.ended = error
                return report
    for mask in lonely:
        report.fail(mask, InputError(f'"{mask.name}" has no picture.', "Put the picture of this stem into composite/."))
    return report


def _do(pair: Pair, target: Path, harmonizer: Harmonize, options: Options, settings: Settings, report: Report) -> None:
    """One pair; raises what no other file would be spared either, such as that the daemon is lost."""
    from samelight.cli.harmonizing import harmonize_files

    try:
        done = harmonize_files(harmonizer, pair.composite, pair.mask(), target, options, max_pixels=settings.max_pixels)
    except FOR_ALL:
        raise
    except SamelightError as error:
        report.fail(pair.composite, error)
    else:
        report.done.append(done.report(target))


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


def _print_summary(report: Report, output: Path) -> None:
    """What was done, in words; failures go to stderr."""
    skipped = f", {len(report.skipped)} were there already" if report.skipped else ""
    pictures = "1 picture" if len(report.done) == 1 else f"{len(report.done)} pictures"
    typer.echo(f"Wrote {pictures} to {output}{skipped}.")
    for done in report.done:
        for warning in cast("list[str]", done["warnings"]):
            typer.echo(f"Warning: {done['output']}: {warning}", err=True)
    if report.left_out:
        typer.echo(describe_left_out(report.left_out), err=True)
    if report.failed:
        typer.echo(f"{len(report.failed)} failed:", err=True)
    for failure in report.failed:
        typer.echo(f"  {failure['file']}: {failure['message']} {failure['hint']}".rstrip(), err=True)
    if report.ended:
        typer.echo(f"Error: {report.ended.message}\n{report.ended.hint}", err=True)
        typer.echo("The other pictures were not begun; --skip-existing goes on where this ended.", err=True)
