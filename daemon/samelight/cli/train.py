"""`samelight train`: weights from photographs or from iHarmony4. Its options are `samelight.training.options`'."""

from __future__ import annotations

import inspect
from dataclasses import MISSING
from enum import Enum
from typing import Annotated, Any

import typer

from samelight.cli.reporting import errors_reported, print_json
from samelight.training.options import Declared, TrainingOptions, declared

__all__ = ["train"]

_enumeration: Any = Enum
"""mypy wants the members of an enumeration in the source."""


def train(**values: Any) -> None:
    """Train a network, or go on where a training was interrupted.

    Leaves MODEL.safetensors, a model card with the loss curve, and a manifest: with SAMELIGHT_WEIGHTS=OUT every
    command uses them. docs/training.md tells of recipes, clusters and what is exact.
    """
    plain = {name: value.value if isinstance(value, Enum) else value for name, value in values.items()}
    options = TrainingOptions(**plain)
    with errors_reported(options.as_json):
        from samelight.training.command import Interrupted, in_words
        from samelight.training.command import train as run

        try:
            report = run(options)
        except Interrupted as stop:
            typer.echo(stop, err=True)
            raise typer.Exit(128 + stop.signal) from stop
    if report is not None and options.as_json:
        print_json(report)
    elif report is not None:
        typer.echo(in_words(report))


def _parameter(option: Declared) -> inspect.Parameter:
    """The option as typer reads it from a signature."""
    kind: Any = option.hint
    default = option.default
    if default is MISSING:
        told: Any = typer.Argument(help=option.about)
        return inspect.Parameter(option.field, inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[kind, told])
    if option.choices:
        # Old releases of typer know choices as enumerations alone.
        kind = _enumeration(option.field, {choice: choice for choice in option.choices}, type=str)
        default = kind(default)
    told = typer.Option(*option.names, help=option.about)
    hint = Annotated[kind, told]
    return inspect.Parameter(option.field, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)


def _declare() -> None:
    """Give `train` the signature that typer makes the command line from."""
    parameters = [_parameter(option) for option in declared()]
    train.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    train.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}


_declare()
