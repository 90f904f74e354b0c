"""`samelight doctor`: is everything in place, and if not, what mends it."""

from __future__ import annotations

import dataclasses
import shutil
import textwrap

import typer

from samelight.cli.checks import Check, run_checks
from samelight.cli.reporting import AsJson, print_json

__all__ = ["doctor"]

MARKS = {"ok": ("ok     ", typer.colors.GREEN), "warning": ("warning", typer.colors.YELLOW)}
FAILURE = ("FAILURE", typer.colors.RED)


def doctor(as_json: AsJson = False) -> None:
    """Check the installation, from Python to a real round trip through the daemon.

    The exit code is 1 if something fails; each such line says what mends it.
    """
    checks: list[Check] = []
    for check in run_checks():
        checks.append(check)
        if not as_json:
            _print_line(check)
    if as_json:
        print_json({"checks": [dataclasses.asdict(check) for check in checks]})
    if any(check.status == "failure" for check in checks):
        raise typer.Exit(1)


def _print_line(check: Check) -> None:
    mark, colour = MARKS.get(check.status, FAILURE)
    first, *others = _wrapped(check.detail) + _wrapped(check.mend or "")
    typer.echo(f"{typer.style(mark, fg=colour)}  {check.name:<20}{first}")
    for line in others:
        typer.echo(f"{'':<29}{line}")


def _wrapped(text: str) -> list[str]:
    """Lines for what is left of the terminal's width; paths stay in one piece."""
    width = max(30, shutil.get_terminal_size().columns - 29)
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
