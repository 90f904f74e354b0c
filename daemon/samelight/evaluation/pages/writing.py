"""Writes the page of an evaluation: a folder that stands alone and opens from the disk, without a network.

- index.html: the page, its styles and script inside;
- pictures/: the cases that it shows, their names nothing but numbers;
- figures.csv: every picture's figures, a line for each method;
- report.json: all means, how it was run, and which pictures are kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from samelight.evaluation.evaluation import Evaluation, Measurement, MethodFacts
from samelight.evaluation.pages.cards import PICTURE_NAME, SCALE, SCALE_END, Card, make_cards
from samelight.evaluation.pages.facts import facts_of_the_run
from samelight.evaluation.pages.plots import BarPanel, ScatterPanel, error_bars, ratio_bars, scatters
from samelight.evaluation.pages.rendering import render
from samelight.evaluation.pages.tables import PageTable, page_table
from samelight.evaluation.report import evaluation_as_json, write_csv
from samelight.evaluation.tables import tables_of
from samelight_wire.errors import OutputError

__all__ = ["check_report_folder", "write_report"]


@dataclass(frozen=True)
class Section:
    """Everything the page shows of one measurement."""

    id: str
    """For links within the page."""
    at: str
    """The size."""
    about: str
    """The size in words."""
    pictures: int
    """How many were measured."""
    tables: list[PageTable]
    """Figures, groups, costs."""
    errors: list[BarPanel]
    """fMSE by foreground ratio."""
    ratios: list[BarPanel]
    """fMSE by the composites', by family or subset."""
    grouped_by: str
    """Which of the two."""
    scatters: list[ScatterPanel]
    """A method each."""
    cards: list[Card]
    """The pictures."""
    methods: list[str]
    """Whose cases there are, for choosing among the pictures."""


def write_report(
    evaluation: Evaluation, folder: Path, *, cases: int = 3, on_picture: Callable[[str], None] | None = None
) -> Path:
    """Write the page of an evaluation and everything it links to.

    Args:
        evaluation: what was measured.
        folder: is made where it is missing; an older report in it is replaced.
        cases: pictures of each kind (best, median, worst) for each method.
        on_picture: hears each shown picture's name when it is begun.

    Returns:
        The page's path.

    Raises:
        InputError: jinja2 is not installed.
        OutputError: the folder holds something else, or cannot be written.
    """
    try:
        _make_room(folder)
        sections = [
            _section(measurement, number, evaluation.methods, folder, cases, on_picture)
            for number, measurement in enumerate(evaluation.measurements)
        ]
        _write_files(evaluation, sections, folder)
    except OSError as error:
        raise OutputError(
            f'The report cannot be written to "{folder}": {error.strerror or error}.',
            "Check that the folder is writable and has free space.",
        ) from error
    return folder / "index.html"


def _write_files(evaluation: Evaluation, sections: Sequence[Section], folder: Path) -> None:
    """Writes everything but the pictures, the page last: where it is there, so is all that it links to."""
    facts = facts_of_the_run()
    page = render(
        Path(__file__).parent,
        "report",
        evaluation=evaluation,
        sections=sections,
        facts=facts,
        scale_end=SCALE_END,
        scale=SCALE,
    )
    write_csv(evaluation, folder / "figures.csv")
    content = {"format": "samelight-report", "version": 1, "run": facts, **evaluation_as_json(evaluation)}
    for size, section in zip(content["sizes"], sections, strict=True):
        size["pictures"] = [card.as_json() for card in section.cards]
    (folder / "report.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
    (folder / "index.html").write_text(page, encoding="utf-8")


def check_report_folder(folder: Path) -> None:
    """See that a report may be written here, which is better known before hours of measuring.

    Raises:
        OutputError: it is a file, or holds another page.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f'"{folder}" is a file.', "Name a folder for the report.")
    if (folder / "index.html").exists() and not (folder / "report.json").exists():
        raise OutputError(f'"{folder}" holds a page that is no report.', "Name another folder.")


def _make_room(folder: Path) -> None:
    """Makes the folders; the pictures of an older report go, and anything else is left alone."""
    check_report_folder(folder)
    pictures = folder / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    for path in pictures.iterdir():
        if PICTURE_NAME.fullmatch(path.name):
            path.unlink()


def _section(
    measurement: Measurement,
    number: int,
    methods: Mapping[str, MethodFacts],
    folder: Path,
    cases: int,
    on_picture: Callable[[str], None] | None,
) -> Section:
    scores = measurement.scores
    cards = make_cards(measurement, number, folder, cases, on_picture)
    return Section(
        id=f"size-{number}",
        at=measurement.at,
        about=measurement.about,
        pictures=len(scores.names),
        tables=[page_table(table) for table in tables_of(measurement, dict(methods))],
        errors=error_bars(scores, methods),
        ratios=ratio_bars(scores, methods),
        grouped_by="family" if "family" in scores.groups() else "subset",
        scatters=scatters(scores),
        cards=cards,
        methods=list(dict.fromkeys(case.method for card in cards for case in card.cases)),
    )
