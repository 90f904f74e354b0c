"""How every command talks: JSON alone on stdout where it is asked for, errors in a sentence with a hint."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from samelight_wire.errors import JobError, SamelightError

__all__ = ["AsJson", "describe_error", "errors_reported", "exit_code", "print_json"]

AsJson = Annotated[bool, typer.Option("--json", help="Report as JSON on the standard output.")]
"""The option of every command that reports something."""


def print_json(report: object) -> None:
    """Prints a report as one line of JSON, and nothing else goes to stdout."""
    sys.stdout.write(json.dumps(report) + "\n")
    sys.stdout.flush()


def exit_code(error: SamelightError) -> int:
    """2 for what a person can put right first (input, options, weights, daemon), 1 for work that failed."""
    return 1 if isinstance(error, JobError) else 2


def describe_error(error: SamelightError) -> dict[str, str]:
    """An error for a JSON report."""
    return {"code": error.code, "message": error.message, "hint": error.hint}


@contextmanager
def errors_reported(as_json: bool) -> Iterator[None]:
    """Ends the command with one clear sentence, a hint and an exit code where the block raises one of our errors."""
    try:
        yield
    except SamelightError as error:
        if as_json:
            print_json({"error": describe_error(error)})
        else:
            typer.echo(f"Error: {error.message}\n{error.hint}".rstrip(), err=True)
        raise typer.Exit(exit_code(error)) from error
