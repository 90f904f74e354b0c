"""What `samelight install` does beside the editors: the daemon's start at login, and its start now."""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import typer

from samelight.server.background import await_start, running_daemon, start_detached, stop_running
from samelight_installer import login as logins
from samelight_installer.errors import InstallError
from samelight_installer.record import read_record
from samelight_installer.removal.belongings import note_user_folders
from samelight_wire.endpoint import Endpoint
from samelight_wire.errors import AlreadyRunningError, SamelightError
from samelight_wire.release import RELEASE

__all__ = ["login_and_daemon", "own_start", "print_login_and_daemon", "set_login"]


def login_and_daemon(login: bool | None, start: bool) -> dict[str, Any]:
    """Sets up the start at login, and leaves a daemon of this release running.

    Args:
        login: whether the daemon starts at login; None for what was asked before, and yes the first time.
        start: whether the daemon is started now.

    Returns:
        ``{"login": {"kind", "state", "file", "changed", "problem"}, "daemon": {"state", "pid", "problem"}}``; what goes
        wrong is a problem in there: neither hinders the other.
    """
    with contextlib.suppress(InstallError):  # where nothing can be written, what follows says so
        note_user_folders()
    wanted = read_record().get("login", {}).get("wanted", True) if login is None else login
    return {"login": set_login(wanted), "daemon": _daemon(start)}


def set_login(wanted: bool) -> dict[str, Any]:
    """Makes the daemon start at login, or not; what came of it."""
    try:
        if not wanted:
            removed = logins.remove_login_entry(wanted=False)
            return {"kind": logins.login_kind(), "state": "off", "file": None, "changed": bool(removed), "problem": ""}
        entry = logins.put_login_entry(own_start())
    except InstallError as error:
        problem = f"{error.message} {error.hint}"
        return {"kind": logins.login_kind(), "state": "failed", "file": None, "changed": False, "problem": problem}
    file = str(entry.path) if entry.path else None
    return {"kind": entry.kind, "state": "on", "file": file, "changed": entry.changed, "problem": entry.problem}


def own_start() -> logins.Start:
    """What starts at login: the daemon of this very installation."""
    variables = logins.Account().carried()
    here = Path(sys.executable).parent
    if sys.platform == "win32":  # a console would be shown for python.exe and samelight.exe
        arguments = ("-I", "-m", "samelight.cli.daemon", "--unless-running")
        return logins.Start(here / "pythonw.exe", arguments, variables)
    beside = here / "samelight"
    found = beside if beside.exists() else Path(shutil.which("samelight") or beside)
    return logins.Start(found.absolute(), variables=variables)


def _daemon(start: bool) -> dict[str, Any]:
    """Leaves a daemon of this release running, where it is wanted."""
    try:
        running = running_daemon()
        if running is not None and running[0] == RELEASE:
            return {"state": "running", "pid": running[1], "problem": ""}
        if not start:
            return {"state": "not started", "pid": None, "problem": ""}
        if running is not None:
            stop_running()
        pid = _start().pid
    except AlreadyRunningError:  # launchd starts it as soon as it is told of it; a plugin may have been faster, too
        return {"state": "started", "pid": (running_daemon() or ("", None))[1], "problem": ""}
    except SamelightError as error:
        return {"state": "failed", "pid": None, "problem": f"{error.message} {error.hint}"}
    return {"state": "started" if running is None else "restarted", "pid": pid, "problem": ""}


def _start() -> Endpoint:
    """Starts the daemon as a login does, where that is systemd's part, so that systemd looks after it from now on."""
    entry = logins.login_entry()
    if entry is not None and entry.kind == "systemd" and entry.works:
        began = time.time()
        if logins.start_unit(logins.Account()):
            return await_start(began)
    return start_detached()


def print_login_and_daemon(report: dict[str, Any]) -> None:
    """The two as lines for people."""
    login, daemon = report["login"], report["daemon"]
    where = f" ({login['file']})" if login["file"] else ""
    said = {"on": f"The daemon starts when you log in{where}.", "off": "The daemon does not start when you log in."}
    typer.echo(said.get(login["state"], ""))
    for facts in (login, daemon):
        if facts["problem"]:
            typer.echo(facts["problem"], err=True)
    if daemon["state"] != "failed":
        typer.echo(f"The daemon: {daemon['state']}.")
