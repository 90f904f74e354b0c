"""Copies of the connection file for editors in a sandbox, which cannot read the daemon's own one.

`samelight install` lists them in a file beside the connection file, one absolute path a line. They are as private as
the connection file itself, and as short-lived.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from samelight_wire.endpoint import Endpoint, remove_endpoint, write_endpoint
from samelight_wire.errors import SamelightError

__all__ = ["LIST_SUFFIX", "copies_published", "listed_copies"]

LIST_SUFFIX = ".copies"

logger = logging.getLogger(__name__)


def listed_copies(path: Path) -> list[Path]:
    """The copies that are wanted of a connection file; none where the list is missing or damaged."""
    try:
        lines = path.with_name(path.name + LIST_SUFFIX).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError):
        return []
    return [Path(line) for line in lines if Path(line).is_absolute()]


@contextmanager
def copies_published(endpoint: Endpoint, path: Path) -> Iterator[None]:
    """Keeps the copies of a connection file there. One that cannot be written is no reason not to serve the others.

    A folder that is gone is not made again: the editor was removed.
    """
    copies = [copy for copy in listed_copies(path) if copy.parent.is_dir()]
    for copy in copies:
        try:
            write_endpoint(endpoint, copy)
        except SamelightError as error:
            logger.warning("An editor in a sandbox will not find the daemon: %s", error)
    try:
        yield
    finally:
        # Some may have been listed, and written by the installer, while the daemon ran.
        for copy in dict.fromkeys([*copies, *listed_copies(path)]):
            try:
                remove_endpoint(endpoint, copy)
            except (OSError, SamelightError) as error:
                logger.warning("A copy of the connection file stays behind: %s", error)
