"""`samelight build-plugins`: the plugins as archives that the editors' own importers take."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from samelight.cli.install import install_errors_translated, vendored_packages
from samelight.cli.reporting import AsJson, errors_reported, print_json
from samelight_installer.editors.tags import BUNDLED, Tag
from samelight_installer.plugin import gimp_plugin, krita_plugin
from samelight_installer.plugin.archives import write_zip
from samelight_installer.plugin.folder import Missing
from samelight_wire.errors import OutputError

__all__ = ["build_plugins"]

Assemble = Callable[[Path, list[Path], tuple[Tag, ...]], Missing]

Output = Annotated[Path, typer.Option("-o", "--output", help="The folder for the archives.")]
Tags = Annotated[
    list[str] | None,
    typer.Option("--for", metavar="TAG", help="A Python to carry compiled packages for, such as cp313-win_amd64."),
]
Pure = Annotated[bool, typer.Option("--pure", help="Carry no compiled packages: small, and works everywhere.")]


def build_plugins(output: Output = Path(), tags: Tags = None, pure: Pure = False, as_json: AsJson = False) -> None:
    """Build the archives: one for Krita's "Import Python Plugin from File", one to unpack in GIMP's folder of plug-ins.

    Without --for they carry compiled packages for the Pythons that the editors' own downloads bring along. Every other
    Python uses the client in pure Python, which needs none.
    """
    with errors_reported(as_json), install_errors_translated():
        wanted = () if pure else tuple(map(Tag.parse, tags)) if tags else BUNDLED
        archives = {
            output / "samelight_krita.zip": krita_plugin.assemble,
            output / "samelight_gimp.zip": gimp_plugin.assemble,
        }
        missing: dict[Tag, Mapping[str, str]] = {}
        for path, assemble in archives.items():
            missing.update(_build(path, assemble, wanted))
    if as_json:
        reasons = {str(tag): dict(names) for tag, names in missing.items()}
        print_json({"archives": [str(path) for path in archives], "missing": reasons})
        return
    for path in archives:
        typer.echo(f"{path}  ({path.stat().st_size / 1e6:.1f} MB)")
    for tag, names in missing.items():
        for name, reason in names.items():
            typer.echo(f"without {name} for {tag}: {reason}")


def _build(path: Path, assemble: Assemble, tags: tuple[Tag, ...]) -> Missing:
    """Builds an archive; gives what could not be had for each Python."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as temporary:
            missing = assemble(Path(temporary), vendored_packages(), tags)
            write_zip(Path(temporary), path)
    except OSError as error:
        raise OutputError(f"The archive {path} cannot be written: {error.strerror} ({error.filename}).") from error
    return {tag: names for tag, names in missing.items() if names}
