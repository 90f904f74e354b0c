"""`samelight install`: the plugins for every editor on this machine, and the daemon that they speak with."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from samelight.cli.reporting import AsJson, errors_reported, print_json
from samelight.cli.tables import plain_console
from samelight_installer.editors import Editor, Machine, find_editors
from samelight_installer.editors.running import running_editors
from samelight_installer.errors import InstallError
from samelight_installer.one_at_a_time import only_one
from samelight_installer.plugin.installing import Goods, Outcome, install_all, look_at
from samelight_wire.endpoint import connection_path
from samelight_wire.errors import InvalidOptionError, OutputError

__all__ = ["install", "install_errors_translated", "vendored_packages"]

NEXT = {
    "Krita": "Start Krita anew: Tools > Scripts > Harmonize layer, and the docker Samelight.",
    "GIMP": "Start GIMP anew: Filters > Harmonize layer.",
}

RUNNING = {
    "Krita": "{name} runs at this moment. Quit it, run `samelight install` once more (it may write its settings back "
    "as they were), and start it again.",
    "GIMP": "{name} runs at this moment. Quit it and start it again.",
}

NOTHING_FOUND = (
    "Neither Krita nor GIMP 3 was found on this machine. Name one that lies elsewhere with --editor PATH, or make "
    "archives with `samelight build-plugins`; docs/ says where they go."
)

EXIT_FAILED = 2

Chosen = Annotated[
    list[str] | None,
    typer.Option(
        "--editor",
        metavar="EDITOR",
        help="Only this one: krita, gimp, a kind such as flatpak, both such as krita-flatpak, or the path of one. "
        "Again for more. The daemon is left as it is then.",
    ),
]
List = Annotated[bool, typer.Option("--list", help="Show what is there, and change nothing.")]
Again = Annotated[bool, typer.Option("--again", help="Put the plugins in even where nothing has changed.")]
Login = Annotated[
    bool | None,
    typer.Option(
        "--login/--no-login", help="Start the daemon when you log in, or not. Without: as it was; at first yes."
    ),
]
NoStart = Annotated[bool, typer.Option("--no-start", help="Do not start the daemon now.")]


def install(
    editors: Chosen = None,
    list_only: List = False,
    again: Again = False,
    login: Login = None,
    no_start: NoStart = False,
    as_json: AsJson = False,
) -> None:
    """Put "Harmonize layer" into every Krita and GIMP 3 on this machine, and have the daemon run that does the work.

    Run it as often as you like: what is there already is left as it is. An editor has to be started anew afterwards.
    """
    with errors_reported(as_json), install_errors_translated():
        found, others = _chosen(editors or [])
        runs = running_editors(Machine())
        report: dict[str, Any] = {}
        if list_only:
            outcomes = look_at(found, runs, _goods(), others)
        else:
            with only_one():
                outcomes = install_all(found, _goods(), runs, again=again, others=others)
                if not editors:
                    from samelight.cli.setting_up import login_and_daemon  # the daemon's part takes its time to load

                    report = login_and_daemon(login, not no_start)
    if as_json:
        print_json({"editors": [_describe(outcome) for outcome in outcomes], **report})
    else:
        _print(outcomes, report)
    if any(outcome.state == "failed" for outcome in outcomes):
        raise typer.Exit(EXIT_FAILED)


@contextmanager
def install_errors_translated() -> Iterator[None]:
    """The installer's errors, and what a disk refuses, as one of those that every command reports."""
    try:
        yield
    except InstallError as error:
        raise OutputError(error.message, error.hint) from error
    except OSError as error:
        raise OutputError(f"{error.strerror or error}: {error.filename or 'a file'}.", "Make that possible.") from error


def vendored_packages() -> list[Path]:
    """The folders of the packages that a plugin carries along."""
    import msgpack  # type: ignore[import-untyped]
    import platformdirs

    import samelight_wire

    return [Path(module.__file__ or "").parent for module in (samelight_wire, msgpack, platformdirs)]


def _chosen(wanted: list[str]) -> tuple[list[Editor], list[Editor]]:
    """The editors that were asked for, all without a wish; and the others.

    Raises:
        InvalidOptionError: none fits to one of the wishes.
    """
    paths = [Path(text).expanduser().resolve() for text in wanted if Path(text).expanduser().exists()]
    found = list(find_editors(also=paths))
    if not wanted:
        return found, []
    for text in wanted:
        if not any(_fits(editor, text) for editor in found):
            there = sorted({f"{editor.name}-{editor.kind}".lower() for editor in found})
            raise InvalidOptionError(
                f"No editor here is called {text}.", f"Found: {', '.join(there)}." if there else NOTHING_FOUND
            )
    chosen = [editor for editor in found if any(_fits(editor, text) for text in wanted)]
    return chosen, [editor for editor in found if editor not in chosen]


def _fits(editor: Editor, text: str) -> bool:
    """Whether an editor is meant by a name, a kind, both, or the path of its program or of a folder around it."""
    name, kind = editor.name.lower(), editor.kind.lower()
    if text.lower() in (name, kind, f"{name}-{kind}"):
        return True
    path, program = Path(text).expanduser(), editor.program
    return program is not None and path.exists() and path.resolve() in (program.resolve(), *program.resolve().parents)


def _goods() -> Goods:
    return Goods(vendored_packages(), connection_path(), _own_command())


def _own_command() -> Path | None:
    """The `samelight` command of this installation, with which a plugin can start the daemon."""
    beside = Path(sys.executable).with_name("samelight.exe" if sys.platform == "win32" else "samelight")
    found = beside if beside.exists() else shutil.which("samelight")
    return Path(found) if found else None


def _describe(outcome: Outcome) -> dict[str, Any]:
    editor, plugin = outcome.editor, outcome.plugin
    return {
        "name": editor.name,
        "kind": editor.kind,
        "version": editor.version,
        "python": _python(editor),
        "program": str(editor.program) if editor.program else None,
        "folder": str(plugin.folder) if plugin else None,
        "client": plugin.client if plugin else None,
        "missing": dict(plugin.missing) if plugin else {},
        "state": outcome.state,
        "changed": outcome.changed,
        "running": outcome.running,
        "reason": outcome.reason,
        "hint": outcome.hint,
        "problem": f"{outcome.reason} {outcome.hint}".strip(),
    }


def _python(editor: Editor) -> str | None:
    """The Python of an editor in words; where it is not known, those that it may be."""
    versions = [editor.python] if editor.python else [tag.python for tag in editor.candidates]
    return " or ".join(".".join(map(str, version)) for version in versions) or None


def _print(outcomes: list[Outcome], report: dict[str, Any]) -> None:
    if outcomes:
        _print_table(outcomes)
    else:
        typer.echo(NOTHING_FOUND)
    for outcome in outcomes:
        for line in _notes(outcome):
            typer.echo(line)
    for name in sorted({each.editor.name for each in outcomes if each.changed and not each.running}, reverse=True):
        typer.echo(NEXT[name])
    if report:
        from samelight.cli.setting_up import print_login_and_daemon

        print_login_and_daemon(report)


def _print_table(outcomes: list[Outcome]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("editor", "from", "its Python", "state", "plugin"):
        table.add_column(heading, overflow="fold")
    for facts in map(_describe, outcomes):
        name = f"{facts['name']} {facts['version'] or ''}".rstrip()
        state = f"{facts['state']}, running" if facts["running"] else facts["state"]
        table.add_row(name, facts["kind"], facts["python"] or "?", state, facts["folder"] or "")
    plain_console().print(table)


def _notes(outcome: Outcome) -> Iterator[str]:
    """What the table has no room for."""
    name = f"{outcome.editor.name} {outcome.editor.version or ''}".rstrip()
    if outcome.reason or outcome.hint:
        yield f"{name}: {outcome.reason} {outcome.hint}".replace(":  ", ": ")
    if outcome.changed and outcome.running:
        yield RUNNING[outcome.editor.name].format(name=name)
    if outcome.changed and outcome.plugin:
        for package, reason in outcome.plugin.missing.items():
            yield f"{name}: without {package}, in pure Python ({reason})"
