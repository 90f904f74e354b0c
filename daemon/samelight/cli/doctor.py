"""`samelight doctor`: is everything in place, and if not, what mends it."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Annotated

import typer

from samelight.cli.checks import Check, run_checks
from samelight.cli.checks.privacy import Privacy, shorten_home
from samelight.cli.reporting import AsJson, print_json

__all__ = ["doctor"]

MARKS = {"ok": ("ok     ", typer.colors.GREEN), "warning": ("warning", typer.colors.YELLOW)}
FAILURE = ("FAILURE", typer.colors.RED)

NAME_WIDTH = 20

ForReport = Annotated[
    bool, typer.Option("--report", help="As a text for a bug report: without names, private paths and secrets.")
]


def doctor(report: ForReport = False, as_json: AsJson = False) -> None:
    """Check the installation, from Python to a real round trip through the daemon.

    The exit code is 1 if something fails; each such line says what mends it.
    """
    tell: Callable[[str], str] = Privacy() if report else shorten_home
    if report and not as_json:
        typer.echo("What `samelight doctor --report` found (private parts of paths are left out: …):\n")
    checks: list[Check] = []
    for check in run_checks():
        checks.append(replace(check, detail=tell(check.detail), mend=tell(check.mend)))
        if not as_json:
            _print_plainly(checks[-1]) if report else _print_line(checks[-1])
    if as_json:
        print_json({"checks": [asdict(check) for check in checks]})
    if any(check.status == "failure" for check in checks):
        raise typer.Exit(1)


def _print_plainly(check: Check) -> None:
    """One unbroken line, which quotes well."""
    mark = MARKS.get(check.status, FAILURE)[0]
    typer.echo(f"    {mark}  {check.name:<{NAME_WIDTH}}{' -> '.join(filter(None, (check.detail, check.mend)))}")


def _print_line(check: Check) -> None:
    mark, colour = MARKS.get(check.status, FAILURE)
    first, *others = _wrapped(check.detail) + _wrapped(check.mend)
    typer.echo(f"{typer.style(mark, fg=colour)}  {check.name:<{NAME_WIDTH}}{first}")
    for line in others:
        typer.echo(f"{'':<{NAME_WIDTH + 9}}{line}")


def _wrapped(text: str) -> list[str]:
    """Lines for what is left of the terminal's width; paths stay in one piece."""
    width = max(30, shutil.get_terminal_size().columns - NAME_WIDTH - 9)
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
