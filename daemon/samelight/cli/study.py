"""`samelight study`: which results do people find more harmonious? Makes blind pages and scores what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from samelight.cli.progress import file_progress
from samelight.cli.reporting import AsJson, describe_error, errors_reported, print_json
from samelight.cli.tables import plain_console, plain_table, wide_console
from samelight_wire.errors import InputError, InvalidOptionError

if TYPE_CHECKING:
    from samelight.study.answers import Refusal
    from samelight.study.making import Made
    from samelight.study.scoring import StudyScores
    from samelight.study.sources import Item

__all__ = ["app"]

app = typer.Typer(help="A user study: make a blind page of pairs, and score the answers.")


@app.command()
def make(
    output: Annotated[Path, typer.Option("-o", "--output", help="A new folder for the study.", show_default=False)],
    results: Annotated[
        list[str] | None, typer.Option(metavar="NAME=FOLDER", help="A method's results; name at least two methods.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Instead: the pictures that `samelight evaluate --report` kept.")
    ] = None,
    at: Annotated[str | None, typer.Option(help="With --report: which of its sizes; the first one by default.")] = None,
    composites: Annotated[
        Path | None, typer.Option(help="The untouched composites; they take part as one more method, as in SRIH.")
    ] = None,
    masks: Annotated[Path | None, typer.Option(help="Their masks: pressing O then shows where the object is.")] = None,
    title: Annotated[str | None, typer.Option(help="The page's heading.")] = None,
    question: Annotated[str | None, typer.Option(help="Stands above each pair.")] = None,
    participants: Annotated[int, typer.Option(min=1, help="How many people; each gets a code.")] = 20,
    pairs: Annotated[int, typer.Option(min=1, help="Pairs for each of them.")] = 60,
    repeats: Annotated[int, typer.Option(min=0, help="Pairs shown again, sides swapped: how consistent are they?")] = 6,
    allow_ties: Annotated[bool, typer.Option("--allow-ties", help='Offer "no difference"; the papers do not.')] = False,
    largest_side: Annotated[int, typer.Option(min=16, help="Larger pictures are reduced to so many pixels.")] = 1024,
    seed: Annotated[int | None, typer.Option(help="The same seed makes the same study; a new one by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a blind study that runs offline in a browser: which of two results is more harmonious?

    Hand out OUTPUT/participants and one line of participant-codes.txt to each person; keep answer-key.json to yourself.

    The numbers are those of SRIH's study: 20 people, 60 pairs each. Pictures that a report kept are its best, median
    and worst cases, not chosen by chance: for a study to publish, use folders.
    """
    with errors_reported(as_json):
        from samelight.study.making import QUESTION, TITLE, Wishes
        from samelight.study.making import make as write

        methods, items = _gather(results or [], report, at, composites, masks)
        wishes = Wishes(
            title=TITLE if title is None else title,
            question=QUESTION if question is None else question,
            participants=participants,
            pairs=pairs,
            repeats=repeats,
            ties=allow_ties,
            largest_side=largest_side,
            seed=seed,
        )
        with file_progress(as_json, len(items)) as begin:
            made = write(methods, items, output, wishes, begin)
    if as_json:
        print_json(_made(made))
    else:
        _print_made(made, pairs, repeats)


@app.command()
def score(
    key: Annotated[Path, typer.Argument(help="The study's answer-key.json.", show_default=False)],
    answers: Annotated[
        list[Path], typer.Argument(help="The participants' files, or folders of them.", show_default=False)
    ],
    interval: Annotated[
        str,
        typer.Option(help="bootstrap: over participants. fisher: all answers independent. auto: bootstrap from 10 on."),
    ] = "auto",
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    markdown: Annotated[bool, typer.Option("--markdown", help="Tables in Markdown.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fit Bradley-Terry scores with 95 % intervals to the answers of a study.

    A bad answers file is reported at the end and the others count all the same; the exit code is then 2.
    """
    with errors_reported(as_json):
        from samelight.study import report
        from samelight.study.answers import read_all
        from samelight.study.key import read_key
        from samelight.study.scoring import score as score_answers

        known = read_key(key)
        given, refused = read_all(known, answers)
        if not given:
            raise _nothing_counts(refused)
        scores = score_answers(known, given, interval, seed)
    if as_json:
        print_json(report.as_json(scores, refused))
    elif markdown:
        typer.echo(report.as_markdown(scores))
    else:
        _print_scores(scores)
    if refused:
        if not as_json:
            _print_refused(refused)
        raise typer.Exit(2)


def _nothing_counts(refused: Sequence[Refusal]) -> InputError:
    """Every file was refused: the first reason stands for all, or for the one there is."""
    first = refused[0].error
    if len(refused) == 1:
        return first
    return InputError(f"None of the {len(refused)} answers files counts. The first: {first.message}", first.hint)


def _gather(
    results: Sequence[str], report: Path | None, at: str | None, composites: Path | None, masks: Path | None
) -> tuple[list[str], list[Item]]:
    """The methods and the pictures that the options name."""
    from samelight.study.sources import from_folders, from_report

    if report is not None:
        if results or composites or masks:
            raise InvalidOptionError("A report brings its own pictures.", "Give --report or --results, not both.")
        return from_report(report, at)
    if at is not None:
        raise InvalidOptionError("Only a report has sizes to choose from.", "Give --report with --at, or leave it out.")
    folders = dict(_named_folder(each) for each in results)
    if len(folders) < len(results):
        raise InvalidOptionError("Two methods have the same name.", "Give each --results a name of its own.")
    if not folders:
        raise InvalidOptionError("There is nothing to compare.", "Name results with --results NAME=FOLDER.")
    return from_folders(folders, composites, masks)


def _named_folder(text: str) -> tuple[str, Path]:
    name, equals, folder = text.partition("=")
    if not (name.strip() and equals and folder):
        raise InvalidOptionError(f"'{text}' names no method and its folder.", "Write --results NAME=FOLDER.")
    return name.strip(), Path(folder)


def _made(made: Made) -> dict[str, Any]:
    return {
        "folder": str(made.folder),
        "page": str(made.folder / "participants" / "index.html"),
        "key": str(made.folder / "answer-key.json"),
        "study": made.key.study,
        "seed": made.key.seed,
        "methods": list(made.key.methods),
        "pictures": len(made.key.pictures),
        "participants": list(made.key.participants),
        "pairs": made.pairs,
        "repeats": made.repeats,
        "equal_results": made.alike,
    }


def _print_made(made: Made, pairs: int, repeats: int) -> None:
    """What was made, and where it is not what was wished for."""
    key = made.key
    typer.echo(
        f"Made a study of {len(key.methods)} methods on {len(key.pictures)} pictures: {len(key.participants)} "
        f"participants, {made.pairs} pairs and {made.repeats} repeated ones for each.\n"
        f"Hand out:  {made.folder / 'participants'}  (index.html opens in a browser, without a network)\n"
        f"           and one line of {made.folder / 'participant-codes.txt'} to each person\n"
        f"Keep:      {made.folder / 'answer-key.json'}"
    )
    if made.pairs < pairs:
        typer.echo(f"Note: there are only {made.pairs} different pairs, not {pairs}.", err=True)
    if made.repeats < repeats:
        typer.echo(f"Note: only {made.repeats} pairs come again, not {repeats}: more would need more pairs.", err=True)
    if made.alike:
        typer.echo(
            f"Note: {made.alike} pairs of results are equal in every pixel; answers to them are chance.", err=True
        )


def _print_scores(scores: StudyScores) -> None:
    from samelight.study import report

    headings, *lines = report.matrix(scores)
    for table in (
        plain_table(report.HEADINGS, report.rows(scores), report.HEADINGS[1:]),
        plain_table(headings, lines, headings[1:]),
    ):
        console = wide_console(table)
        console.print(table)
        console.print()
    for note in report.notes(scores):
        plain_console().print(note)


def _print_refused(refused: Sequence[Refusal]) -> None:
    typer.echo(f"{len(refused)} files do not count:", err=True)
    for each in refused:
        error = describe_error(each.error)
        typer.echo(f"  {error['message']} {error['hint']}".rstrip(), err=True)
