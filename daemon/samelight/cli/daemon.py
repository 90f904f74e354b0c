"""`samelight daemon`: runs the daemon, says how it is, stops it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from samelight.cli.checks.configuration import RESTART, describe_unread_settings
from samelight.cli.reporting import AsJson, errors_reported, print_json
from samelight.server.background import start_detached, stop_running
from samelight.server.lifecycle import run_daemon
from samelight.settings import load_settings
from samelight_wire.client import Client
from samelight_wire.endpoint import Endpoint, connection_path
from samelight_wire.errors import AlreadyRunningError
from samelight_wire.messages import StatusReply

__all__ = ["app"]

app = typer.Typer(help="Run the daemon, ask how it is, stop it.")

Detach = Annotated[bool, typer.Option("--detach", help="Start it in the background; return when it answers.")]

UnlessRunning = Annotated[
    bool, typer.Option("--unless-running", help="Where one runs already, end at once without an error.")
]


@app.callback(invoke_without_command=True)
def daemon(
    context: typer.Context, detach: Detach = False, unless_running: UnlessRunning = False, as_json: AsJson = False
) -> None:
    """Run the daemon here until Ctrl+C, or in the background with --detach."""
    if context.invoked_subcommand is not None:
        return
    with errors_reported(as_json), _running_is_fine(unless_running):
        if detach:
            load_settings()  # a mistake in the file is told here and now, not from the background
            _announce(start_detached(), as_json)
        else:
            run_daemon(load_settings(), lambda endpoint: _announce(endpoint, as_json))


@contextmanager
def _running_is_fine(so: bool) -> Iterator[None]:
    """Ends the block without an error, if ``so``, where it finds that a daemon runs already."""
    try:
        yield
    except AlreadyRunningError:
        if not so:
            raise


@app.command()
def status(as_json: AsJson = False) -> None:
    """Say how the running daemon is."""
    with errors_reported(as_json):
        with Client.connect() as client:
            reply = client.status()
        unread = describe_unread_settings(reply)
        if as_json:
            print_json({**dataclasses.asdict(reply), "unread_settings": unread})
        else:
            typer.echo(_in_words(reply))
            if unread:
                typer.echo(f"Warning: {unread}. {RESTART}", err=True)


@app.command()
def stop(as_json: AsJson = False) -> None:
    """Stop the running daemon; no daemon at all is fine too."""
    with errors_reported(as_json):
        pid = stop_running()
        if as_json:
            print_json({"stopped": pid is not None, "pid": pid})
        else:
            typer.echo("No daemon was running." if pid is None else f"The daemon (process {pid}) has stopped.")


def _announce(endpoint: Endpoint, as_json: bool) -> None:
    """Says that the daemon answers, and where; never its secrets."""
    if as_json:
        where = {"host": endpoint.host, "port": endpoint.port, "connection_file": str(connection_path())}
        print_json({"pid": endpoint.pid, **where, "release": endpoint.release})
    else:
        typer.echo(f"The Samelight daemon (process {endpoint.pid}) answers on {endpoint.host}:{endpoint.port}.")


def _in_words(reply: StatusReply) -> str:
    """A status reply for people."""
    lines = {
        "release": f"{reply.release}, process {reply.pid}, up for {reply.uptime:.0f} s",
        "device": reply.device,
        "networks": ", ".join(name + (" (warm)" if name in reply.warm_models else "") for name in reply.models),
        "default": reply.default_model,
        "jobs": f"{reply.queued} waiting, {'one running' if reply.running else 'none running'}",
        "memory": f"{reply.memory / 1e6:.0f} MB",
    }
    return "\n".join(f"{name:<9}{value}" for name, value in lines.items())


if __name__ == "__main__":
    app()
