"""`samelight install`: puts the plugin into the editors on this machine."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from samelight.cli.reporting import AsJson, errors_reported, print_json
from samelight_installer import gimp_plugin, krita_plugin
from samelight_installer.editors import find_editors
from samelight_installer.errors import InstallError
from samelight_installer.plugin_folder import InstalledPlugin
from samelight_wire.endpoint import connection_path
from samelight_wire.errors import OutputError

__all__ = ["install", "install_errors_translated", "vendored_packages"]


INSTALLERS = {"Krita": krita_plugin.install_plugin, "GIMP": gimp_plugin.install_plugin}

NEXT = {
    "Krita": "Start Krita anew: Tools > Scripts > Harmonize layer, and the docker Samelight.",
    "GIMP": "Start GIMP anew: Filters > Harmonize layer.",
}


def install(as_json: AsJson = False) -> None:
    """Put "Harmonize layer" into every Krita and GIMP 3 on this machine, or bring it up to date there.

    It is there when the editor starts the next time.
    """
    with errors_reported(as_json), install_errors_translated():
        packages, command = vendored_packages(), _own_command()
        found = list(find_editors())
        done = [INSTALLERS[each.name](each, packages, connection_path(), command) for each in found]
    if as_json:
        print_json({"editors": [_describe(plugin) for plugin in done]})
    elif done:
        _print_table(done)
    else:
        typer.echo("Neither Krita nor GIMP 3 was found where the system's own packages are.")
        typer.echo("For another one, make archives with `samelight build-plugins`; docs/ says where they go.")


@contextmanager
def install_errors_translated() -> Iterator[None]:
    """The installer's errors as one of those that every command reports."""
    try:
        yield
    except InstallError as error:
        raise OutputError(error.message, error.hint) from error


def vendored_packages() -> list[Path]:
    """The folders of the packages that a plugin carries along."""
    import msgpack  # type: ignore[import-untyped]
    import platformdirs

    import samelight_wire

    return [Path(module.__file__ or "").parent for module in (samelight_wire, msgpack, platformdirs)]


def _own_command() -> Path | None:
    """The `samelight` command of this installation, with which a plugin can start the daemon."""
    beside = Path(sys.executable).with_name("samelight.exe" if sys.platform == "win32" else "samelight")
    found = beside if beside.exists() else shutil.which("samelight")
    return Path(found) if found else None


def _describe(plugin: InstalledPlugin) -> dict[str, Any]:
    editor = plugin.editor
    return {
        "name": editor.name,
        "kind": editor.kind,
        "version": editor.version,
        "python": ".".join(map(str, editor.python)) if editor.python else None,
        "folder": str(plugin.folder),
        "client": plugin.client,
        "missing": dict(plugin.missing),
    }


def _print_table(done: list[InstalledPlugin]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None)
    for heading in ("editor", "from", "its Python", "plugin", "client"):
        table.add_column(heading, overflow="fold")
    for facts in map(_describe, done):
        name = f"{facts['name']} {facts['version'] or ''}".rstrip()
        table.add_row(name, facts["kind"], facts["python"] or "?", facts["folder"], facts["client"])
    Console().print(table)
    for plugin in done:
        for package, reason in plugin.missing.items():
            typer.echo(f"without {package} for {plugin.editor.name}: {reason}")
    for name in sorted({plugin.editor.name for plugin in done}, reverse=True):
        typer.echo(NEXT[name])
