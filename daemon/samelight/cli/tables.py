"""Tables for people, without lines, that stay readable at 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["by_text", "plain_console", "plain_table", "wide_console"]


def plain_console() -> Console:
    """The terminal, where nothing in a path or a sentence is taken for markup."""
    from rich.console import Console

    return Console(markup=False, highlight=False)


def wide_console(table: Table) -> Console:
    """The terminal, but as wide as this table has to be: a figure that was cut off could be misread."""
    from rich.console import Console

    console = plain_console()
    return Console(
        markup=False,
        highlight=False,
        width=max(console.width, console.measure(table, options=console.options.update_width(10_000)).maximum),
    )


def plain_table(headings: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[str] = ()) -> Table:
    """One line a row; the columns named in `numbers` are aligned to the right."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="right" if heading in numbers else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def by_text(heading: str, texts: Iterable[tuple[str, str | None]]) -> Table:
    """Names on the left, what is said of them on the right: each text once, for all names that have it."""
    from rich.table import Table

    names: dict[str, list[str]] = {}
    for name, text in texts:
        if text:
            names.setdefault(text, []).append(name)
    table = Table(box=None, pad_edge=False)
    table.add_column(heading, max_width=24)
    table.add_column("")
    for text, having in names.items():
        table.add_row(", ".join(having), text)
    return table
