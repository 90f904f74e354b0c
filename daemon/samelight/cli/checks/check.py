"""One line of the doctor's report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

__all__ = ["REINSTALL", "Check", "Checks", "failure", "ok", "warning"]

REINSTALL = "Run `python3 installer` again."
"""What mends a broken part of the installation."""


@dataclass(frozen=True)
class Check:
    """One line of the report."""

    name: str
    """What was looked at."""
    status: str
    """"ok", "warning" (works, but not as well as it could) or "failure"."""
    detail: str
    """What was found."""
    mend: str = ""
    """What to do about it, where something is to be done."""


Checks = Callable[[], Iterator[Check]]
"""A part of the examination: gives its lines as it finds them. What it raises becomes a failure."""


def ok(name: str, detail: str, mend: str = "") -> Check:
    """All is well; `mend` may say what would make it better still."""
    return Check(name, "ok", detail, mend)


def warning(name: str, detail: str, mend: str = "") -> Check:
    """It works, but not as well as it could."""
    return Check(name, "warning", detail, mend)


def failure(name: str, detail: str, mend: str) -> Check:
    """It does not work; `mend` is the command that changes that."""
    return Check(name, "failure", detail, mend)
