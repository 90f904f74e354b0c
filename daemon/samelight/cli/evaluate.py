"""`samelight evaluate`: networks beside classical methods and other programs' results, in the papers' tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from samelight.cli.progress import file_progress
from samelight.cli.reporting import AsJson, describe_error, errors_reported, print_json
from samelight_wire.errors import OutputError, SamelightError
from samelight_wire.messages import USUAL_COLOUR

if TYPE_CHECKING:
    from samelight.cli.evaluating import Wishes
    from samelight.evaluation.evaluation import Evaluation
    from samelight.evaluation.scores import Scores

__all__ = ["evaluate"]

PICTURES, METHODS, OUTPUT = "Pictures", "Methods", "Output"
INTERRUPTED = 130
"""Exit code after Ctrl+C, as shells have it."""


def evaluate(
    on_photos: Annotated[
        Path | None,
        typer.Option(
            help="A folder or zip of photographs: composites are made from them by the project's fixed recipe.",
            show_default=False,
            rich_help_panel=PICTURES,
        ),
    ] = None,
    iharmony4: Annotated[
        Path | None,
        typer.Option(help="The folder with iHarmony4: its test split.", show_default=False, rich_help_panel=PICTURES),
    ] = None,
    subset: Annotated[
        list[str] | None,
        typer.Option(help="Of iHarmony4 only this one; may be named again.", rich_help_panel=PICTURES),
    ] = None,
    triples: Annotated[
        Path | None,
        typer.Option(
            help="A folder with composite/, mask/ and real/, pictures of the same names.",
            show_default=False,
            rich_help_panel=PICTURES,
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only so many of the pictures.", rich_help_panel=PICTURES)
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option(
            help="256: networks alone, as papers do. 1024, 2048: the longer side at most, through the whole pipeline; "
            "1024x1024: exactly. native. May be named again (default: 256).",
            rich_help_panel=PICTURES,
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(help="A network; may be named again (default: all that have weights).", rich_help_panel=METHODS),
    ] = None,
    weights: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]FILE",
            help="Weights that were just trained, calibrated as manifest.json beside them says; may be named again.",
            rich_help_panel=METHODS,
        ),
    ] = None,
    results: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FOLDER",
            help="Pictures of the same names that another program made; may be named again.",
            rich_help_panel=METHODS,
        ),
    ] = None,
    baselines: Annotated[
        bool, typer.Option(help="Whether the classical methods are measured too.", rich_help_panel=METHODS)
    ] = True,
    harmonious: Annotated[
        bool,
        typer.Option(
            "--harmonious",
            help="Also give each method the real picture as composite: how much it changes what is right.",
            rich_help_panel=METHODS,
        ),
    ] = False,
    colour: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=1.0,
            help=f"How much of their shift of colour networks keep in the pipeline; artists begin with {USUAL_COLOUR}.",
            rich_help_panel=METHODS,
        ),
    ] = 1.0,
    segmenter: Annotated[
        str, typer.Option(help="What finds instances: regions, sam, auto or none.", rich_help_panel=METHODS)
    ] = "regions",
    device: Annotated[str, typer.Option(help="auto, cpu, mps, cuda or cuda:N.", rich_help_panel=METHODS)] = "auto",
    workers: Annotated[
        int, typer.Option(min=1, help="Processes that share the pictures.", rich_help_panel=METHODS)
    ] = 1,
    resume: Annotated[
        Path | None,
        typer.Option(
            help="Keep every picture's figures in this file, and go on from it after an interruption.",
            show_default=False,
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    markdown: Annotated[
        Path | None,
        typer.Option(help="Also write the tables to this file.", show_default=False, rich_help_panel=OUTPUT),
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            help="Also write every picture's figures to this file.", show_default=False, rich_help_panel=OUTPUT
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            help="Also write an HTML page with pictures and plots into this folder.",
            show_default=False,
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(
            help="Also write composites, masks, real pictures and all results into this folder, for other programs.",
            show_default=False,
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure networks on composites whose real picture is known, beside the composite and classical methods.

    A picture or a model that cannot be measured is named at the end and the others are measured all the same; the exit
    code is then 2.
    """
    from samelight.cli.evaluating import Wishes

    with errors_reported(as_json):
        wishes = Wishes(
            on_photos=on_photos,
            iharmony4=iharmony4,
            subsets=subset or (),
            triples=triples,
            models=model or (),
            weights=weights or (),
            results=results or (),
            baselines=baselines,
            sizes=at or ("256",),
            limit=limit,
            harmonious=harmonious,
            colour=colour,
            segmenter=segmenter,
            device=device,
            workers=workers,
            resume=resume,
            save=save,
        )
        _check_places(files=(markdown, csv), folders=(report, save))
        evaluation = _measure(wishes, quiet=as_json)
        written, unwritten = _write(evaluation, markdown, csv, report, quiet=as_json)
    _tell(evaluation, written, unwritten, as_json=as_json)


def _check_places(files: Sequence[Path | None], folders: Sequence[Path | None]) -> None:
    """Raise OutputError before hours of work whose results could not be written; the first folder is the report's."""
    for path in filter(None, (*files, *folders)):
        if not path.absolute().parent.is_dir():
            raise OutputError(f'There is no folder "{path.absolute().parent}".', "Create it first.")
    for path in filter(None, files):
        if path.is_dir():
            raise OutputError(f'"{path}" is a folder.', "Name a file.")
    for path in filter(None, folders):
        if path.exists() and not path.is_dir():
            raise OutputError(f'"{path}" is a file.', "Name a folder.")
    if folders[0]:
        from samelight.evaluation.pages.writing import check_report_folder

        check_report_folder(folders[0])


def _measure(wishes: Wishes, *, quiet: bool) -> Evaluation:
    from samelight.cli.evaluating import measure, prepare

    try:
        prepared = prepare(wishes)
        with file_progress(quiet, len(prepared.indices)) as on_picture:
            return measure(prepared, on_picture)
    except KeyboardInterrupt:
        go_on = (
            f"the same command goes on from {wishes.resume}." if wishes.resume else "--resume FILE would have kept it."
        )
        typer.echo(f"\nInterrupted: {go_on}", err=True)
        raise typer.Exit(INTERRUPTED) from None


def _write(
    evaluation: Evaluation, markdown: Path | None, csv: Path | None, report: Path | None, *, quiet: bool
) -> tuple[list[Path], list[SamelightError]]:
    """Write what was asked for; gives the files, and what went wrong, because the figures are to be seen even then."""
    from samelight.evaluation.report import write_csv
    from samelight.evaluation.tables import evaluation_as_markdown

    written: list[Path] = []
    try:
        if markdown:
            _write_text(markdown, evaluation_as_markdown(evaluation))
            written.append(markdown)
        if csv:
            write_csv(evaluation, csv)
            written.append(csv)
        if report:
            written.append(_write_page(evaluation, report, quiet=quiet))
    except SamelightError as error:
        return written, [error]
    return written, []


def _write_text(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f'"{path}" cannot be written ({error.strerror}).') from error


def _write_page(evaluation: Evaluation, folder: Path, *, quiet: bool) -> Path:
    from samelight.evaluation.pages import write_report

    with file_progress(quiet, sum(_shown(measurement.scores) for measurement in evaluation.measurements)) as on_picture:
        return write_report(evaluation, folder, on_picture=on_picture)


def _shown(scores: Scores) -> int:
    """How many pictures a page shows."""
    from samelight.evaluation.cases import choose_cases
    from samelight.evaluation.scores import COMPOSITE

    methods = [method for method in scores.figures if method != COMPOSITE]
    return len({case.index for method in methods for case in choose_cases(scores, method)})


def _tell(evaluation: Evaluation, written: list[Path], unwritten: list[SamelightError], *, as_json: bool) -> None:
    """Print everything and end with 2 where something is missing."""
    from samelight.evaluation.report import evaluation_as_json

    if as_json:
        lost = {"error": describe_error(unwritten[0])} if unwritten else {}
        print_json({**evaluation_as_json(evaluation), **lost})
    else:
        _print(evaluation)
        for path in written:
            typer.echo(f"Wrote {path}")
        for error in unwritten:
            typer.echo(f"Error: {error.message}\n{error.hint}".rstrip(), err=True)
    if evaluation.failures or unwritten:
        raise typer.Exit(2)


def _print(evaluation: Evaluation) -> None:
    from samelight.cli.tables import plain_table, wide_console
    from samelight.evaluation.tables import tables_of

    typer.echo(evaluation.title)
    for measurement in evaluation.measurements:
        typer.echo(f"\nAt {measurement.at}: {measurement.about}")
        for table in tables_of(measurement, dict(evaluation.methods)):
            headings = ["\n".join(filter(None, heading.rpartition(" ")[::2])) for heading in table.headings]
            drawn = plain_table(headings, table.rows, headings[1:])
            typer.echo(f"\n{table.title}")
            wide_console(drawn).print(drawn)
    for note in evaluation.notes:
        typer.echo(f"\n{note}")
    if evaluation.failures:
        typer.echo(f"\n{len(evaluation.failures)} could not be measured:", err=True)
    for failure in evaluation.failures:
        typer.echo(f"  {failure.name}: {failure.message} {failure.hint}".rstrip(), err=True)
