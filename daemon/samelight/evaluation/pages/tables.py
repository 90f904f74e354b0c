"""The evaluation's tables for a page: columns in groups, every cell with what it is sorted by, the best ones marked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from samelight.evaluation.tables import UNKNOWN, Table

__all__ = ["Cell", "Column", "PageTable", "page_table"]

NUMBER = re.compile(r"^[+-]?\d[\d,]*(\.\d+)?(?=$|[\s%–])")
BETTER = {"↓": min, "↑": max}


@dataclass(frozen=True)
class Column:
    """A column's heading."""

    name: str
    """Such as "MSE"."""
    arrow: str
    """"↓" where less is better, "↑" where more is, "" where neither."""
    sentence: str
    """What a screen reader says: the name, its group, and which way is better."""


@dataclass(frozen=True)
class Cell:
    """One figure."""

    text: str
    """As it is printed."""
    value: float | None
    """What it is sorted by; None for a figure that is unknown: always last."""
    best: bool
    """Whether no other figure of its column is better."""


@dataclass(frozen=True)
class PageTable:
    """A table as it is drawn."""

    title: str
    """Above it."""
    first: str
    """Heading of the column of names."""
    groups: Sequence[tuple[str, int]]
    """Headings over several columns and how many; empty where no columns belong together."""
    columns: Sequence[Column]
    """All columns but the first."""
    rows: Sequence[tuple[str, Sequence[Cell]]]
    """The name, and the cells."""


def page_table(table: Table) -> PageTable:
    """Prepare one of the evaluation's tables for the page.

    Columns side by side whose headings begin with the same words ("0%-5% MSE↓", "0%-5% fMSE↓") make a group. In a
    column whose heading ends in an arrow the best figure is marked, and its equals too, unless all are equal. Columns
    in which every figure is unknown are left out.
    """
    known = [any(row[place] != UNKNOWN for row in table.rows) for place in range(len(table.headings))]
    kept = [place for place in range(len(table.headings)) if known[place]]
    headings = [table.headings[place] for place in kept[1:]]
    split = [_split(heading) for heading in headings]
    runs = [(label, len(list(run))) for label, run in groupby(split, key=lambda parts: parts[0])]
    grouped = any(label and length > 1 for label, length in runs)
    columns = [_column(heading, label if grouped else "") for heading, (label, _) in zip(headings, split, strict=True)]
    texts = [[row[place] for row in table.rows] for place in kept[1:]]
    cells = [_cells(column, found) for column, found in zip(columns, texts, strict=True)]
    rows = [(row[0], [column[place] for column in cells]) for place, row in enumerate(table.rows)]
    return PageTable(table.title, table.headings[0], runs if grouped else [], columns, rows)


def _split(heading: str) -> tuple[str, str]:
    label, _, name = heading.rpartition(" ")
    return (label, name) if name not in BETTER else ("", heading)


def _column(heading: str, label: str) -> Column:
    arrow = heading[-1] if heading[-1:] in BETTER else ""
    whole = heading.removesuffix(arrow).strip() if arrow else heading
    name = whole.removeprefix(label).strip() if label else whole
    which = {"↓": ", less is better", "↑": ", more is better"}.get(arrow, "")
    return Column(name, arrow, f"{whole}{which}")


def _cells(column: Column, texts: Sequence[str]) -> list[Cell]:
    values = [_value(text) for text in texts]
    known = [value for value in values if value is not None]
    choose = BETTER.get(column.arrow)
    best = choose(known) if choose and len(set(known)) > 1 else None
    return [Cell(text, value, value is not None and value == best) for text, value in zip(texts, values, strict=True)]


def _value(text: str) -> float | None:
    """The number that a cell begins with; units do not change within a column."""
    match = NUMBER.match(text)
    return float(match.group().replace(",", "")) if match else None
