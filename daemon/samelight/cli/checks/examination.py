"""Runs the checks one after the other: none can keep the rest from being made, whatever happens in it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Mapping

from samelight.cli.checks.check import REINSTALL, Check, Checks, failure
from samelight_wire.errors import SamelightError

__all__ = ["LIMIT_SECONDS", "examine"]

LIMIT_SECONDS = 90.0
"""How long one part may take. Those that wait for something have shorter limits of their own; this one is for disks,
networks of files and libraries that do not come back."""


def examine(parts: Mapping[str, Checks], limit: float = LIMIT_SECONDS) -> Iterator[Check]:
    """Gives every line as soon as it is known.

    Args:
        parts: what is looked at, by name; the name is that of the line where a part fails as a whole.
        limit: seconds that each part has. What hangs longer is left behind in its thread.
    """
    for name, part in parts.items():
        yield from _within(limit, name, part)


def _within(limit: float, name: str, part: Checks) -> Iterator[Check]:
    lines: queue.SimpleQueue[Check | None] = queue.SimpleQueue()
    threading.Thread(target=_run, args=(name, part, lines), name=f"check {name}", daemon=True).start()
    deadline = time.monotonic() + limit
    while True:
        try:
            line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            yield failure(name, f"did not come to an end within {limit:.0f} seconds", "Restart the machine, try again.")
            return
        if line is None:
            return
        yield line


def _run(name: str, part: Checks, lines: queue.SimpleQueue[Check | None]) -> None:
    """Puts the part's lines into the queue, and None after the last."""
    try:
        for line in part():
            lines.put(line)
    except SamelightError as error:
        lines.put(failure(name, error.message, error.hint))
    except BaseException as error:  # a broken installation may fail in any way; saying how is what this is for
        said = " ".join(str(error).split())
        lines.put(failure(name, f"{type(error).__name__}: {said}", REINSTALL))
    finally:
        lines.put(None)
