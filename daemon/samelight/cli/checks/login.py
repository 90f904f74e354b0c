"""The entry that starts the daemon when the person logs in."""

from __future__ import annotations

from collections.abc import Iterator

from samelight.cli.checks.check import Check, failure, ok, warning

__all__ = ["check_login"]

MEND = "Run `samelight login on`."


def check_login() -> Iterator[Check]:
    """Whether it is there, is switched on, and starts a program that exists."""
    from samelight_installer.login import login_entry
    from samelight_installer.record import read_record

    entry = login_entry()
    wanted = read_record().get("login", {}).get("wanted", True)
    if entry is None and not wanted:
        yield ok("login", "the daemon is not started at login, as you asked", "`samelight login on` changes that.")
    elif entry is None:
        yield warning("login", "the daemon is not started at login", MEND)
    elif not entry.program.exists():
        yield failure("login", f"{entry.kind}: it starts {entry.program}, which is not there", MEND)
    elif entry.problem:
        yield failure("login", f"{entry.kind}: {entry.problem}", MEND)
    elif not entry.current:
        yield warning("login", f"{entry.kind}: {entry.path} is of another release", MEND)
    else:
        yield ok("login", f"{entry.kind}: {entry.path} starts {entry.program}")
