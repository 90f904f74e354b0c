"""`samelight login`: whether the daemon starts when the user logs in."""

from __future__ import annotations

from typing import Any

import typer

from samelight.cli.install import install_errors_translated
from samelight.cli.reporting import AsJson, errors_reported, print_json
from samelight.cli.setting_up import own_start, set_login
from samelight_installer.login import login_entry, login_kind
from samelight_installer.one_at_a_time import only_one
from samelight_wire.errors import OutputError

__all__ = ["app"]

app = typer.Typer(help="Start the daemon when you log in, or not.")


@app.command()
def on(as_json: AsJson = False) -> None:
    """Start the daemon when you log in, from now on."""
    _set(True, as_json)


@app.command()
def off(as_json: AsJson = False) -> None:
    """Do not start it any more; later installations leave it so. A daemon that runs goes on."""
    _set(False, as_json)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Say whether the daemon starts when you log in, and what starts it."""
    with errors_reported(as_json), install_errors_translated():
        entry = login_entry()
        facts: dict[str, Any] = {"kind": login_kind(), "state": "off"}
        if entry is not None:
            own = entry.program == str(own_start().program)
            file = str(entry.path) if entry.path else None
            facts |= {"kind": entry.kind, "state": "on", "file": file, "program": entry.program}
            facts |= {"works": entry.works, "own": own}
    if as_json:
        print_json(facts)
    else:
        typer.echo(_in_words(facts))


def _set(wanted: bool, as_json: bool) -> None:
    with errors_reported(as_json), install_errors_translated():
        with only_one():
            facts = set_login(wanted)
        if facts["state"] == "failed":
            raise OutputError(facts["problem"])
        if as_json:
            print_json(facts)
        else:
            typer.echo(_in_words(facts))


def _in_words(facts: dict[str, Any]) -> str:
    """What is so, for people."""
    if facts["state"] == "off":
        return "The daemon does not start when you log in. `samelight login on` changes that."
    where = f": {facts['file']}" if facts.get("file") else ""
    lines = [f"The daemon starts when you log in ({facts['kind']}{where})."]
    if facts.get("works") is False:
        lines.append(f"But {facts['program']} is not there any more. `samelight login on` mends that.")
    if facts.get("problem"):
        lines.append(facts["problem"])
    return "\n".join(lines)
