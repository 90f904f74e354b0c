"""`samelight uninstall`: takes everything of Samelight off this machine again, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from samelight.cli.install import install_errors_translated
from samelight.cli.reporting import AsJson, errors_reported
from samelight_installer.environment.slots import environments_home
from samelight_installer.removal import uninstall as removal
from samelight_installer.removal.farewell import runs_from
from samelight_installer.removal.plan import Choices

__all__ = ["uninstall"]

KeepSettings = Annotated[bool, typer.Option("--keep-settings", help="Leave your settings, here and in the editors.")]
KeepWeights = Annotated[bool, typer.Option("--keep-weights", help="Leave the weights that you downloaded.")]
Purge = Annotated[bool, typer.Option("--purge", help="Remove weights that you trained, too.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be removed, and remove nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def uninstall(
    keep_settings: KeepSettings = False,
    keep_weights: KeepWeights = False,
    purge: Purge = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Remove Samelight: from the editors, from the login, with all that it downloaded.

    Pictures, and files of your own in Samelight's folders, stay; weights that you trained do, too. Where this command
    does not start any more, `python3 installer uninstall` does the same. The exit code is 1 if something is left.
    """
    by_pip = not runs_from(environments_home())
    with errors_reported(as_json), install_errors_translated():
        choices = Choices(keep_settings, keep_weights, purge)
        code = removal.uninstall(choices, dry_run=dry_run, sure=yes, as_json=as_json)
    if by_pip and not as_json:
        typer.echo(f"The package itself is in {Path(sys.prefix)}: `pip uninstall samelight` removes it from there.")
    if code:
        raise typer.Exit(code)
