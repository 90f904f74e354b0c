"""The `samelight` command. Nothing here imports torch, so that help and the daemon's clients start at once."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from samelight import __version__
from samelight.cli import daemon, login, study, weights
from samelight.cli.batch import batch
from samelight.cli.bench import bench
from samelight.cli.build_plugins import build_plugins
from samelight.cli.doctor import doctor
from samelight.cli.evaluate import evaluate
from samelight.cli.harmonize import harmonize
from samelight.cli.install import install
from samelight.cli.models import models
from samelight.cli.reporting import describe_error, print_json
from samelight.cli.train import train
from samelight.cli.uninstall import uninstall
from samelight.openmp import wait_without_spinning
from samelight_wire.errors import InvalidOptionError

__all__ = ["app"]

UsageError: Any = typer.BadParameter.__mro__[1]
"""What typer raises for a command line that makes no sense; of this class it exports some subclasses only."""


class Commands(TyperGroup):
    """All commands. Where JSON is asked for, a command line that makes no sense is told in JSON, too."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Notes whether JSON is asked for before anything can go wrong."""
        ctx.meta["samelight.json"] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except UsageError as error:
            if not ctx.meta["samelight.json"]:
                raise
            print_json({"error": describe_error(InvalidOptionError(error.format_message()))})
            raise typer.Exit(2) from error


app = typer.Typer(
    name="samelight",
    cls=Commands,
    help="A pasted layer takes on the light of the picture around it.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command()(harmonize)
app.command()(batch)
app.add_typer(daemon.app, name="daemon")
app.add_typer(login.app, name="login", no_args_is_help=True)
app.command()(models)
app.add_typer(weights.app, name="weights", no_args_is_help=True)
app.command()(train)
app.command()(evaluate)
app.add_typer(study.app, name="study", no_args_is_help=True)
app.command()(doctor)
app.command()(bench)
app.command()(install)
app.command()(build_plugins)
app.command()(uninstall)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"samelight {__version__}")
        raise typer.Exit


@app.callback()
def samelight(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """A pasted layer takes on the light of the picture around it."""
    wait_without_spinning()


if __name__ == "__main__":
    app()
