"""The entry that starts the daemon when the person logs in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from samelight.cli.checks.check import Check, failure, ok, warning
from samelight_installer.login import login_entry
from samelight_installer.record import read_record

__all__ = ["check_login"]

MEND = "Run `samelight login on`."


def check_login() -> Iterator[Check]:
    """Whether it is there, is switched on, and starts a program that exists."""
    entry = login_entry()
    wanted = read_record().get("login", {}).get("wanted", True)
    if entry is None and not wanted:
        yield ok("login", "the daemon is not started at login, as you asked", "`samelight login on` changes that.")
    elif entry is None:
        yield warning("login", "the daemon is not started at login", MEND)
    elif not entry.works:
        yield failure("login", f"{entry.kind}: it starts {entry.program or 'nothing'}, which is not there", MEND)
    elif _is_another(entry.program):
        yield warning("login", f"{entry.kind}: it starts another Samelight, {entry.program}", MEND)
    else:
        yield ok("login", f"{entry.kind}{f', {entry.path}' if entry.path else ''}: it starts {entry.program}")


def _is_another(program: str) -> bool:
    """Whether a `samelight` is not this one, as far as that can be told."""
    beside = Path(sys.executable).parent
    return (beside / Path(program).name).exists() and Path(program).parent.resolve() != beside.resolve()
