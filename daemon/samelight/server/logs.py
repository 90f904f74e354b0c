"""The daemon's log: a rotating file in the user's log folder. It never holds pixels, tokens or keys."""

from __future__ import annotations

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

import platformdirs

from samelight_wire.errors import OutputError

__all__ = ["log_path", "open_log"]

ROTATE_BYTES = 1 << 20
ROTATED_FILES = 3

LINE = "%(asctime)s %(levelname)-7s %(threadName)s %(name)s: %(message)s"


def log_path() -> Path:
    """The file that ``open_log`` writes, in the user's log folder."""
    return Path(platformdirs.user_log_dir("samelight", appauthor=False)) / "daemon.log"


def open_log(level: str, path: Path | None = None) -> Path:
    """Sends everything logged under "samelight" to the rotating file, and warnings to the terminal if there is one.

    Args:
        level: "debug", "info", "warning" or "error".
        path: the file; ``log_path()`` where it is None.

    Returns:
        The file's path.

    Raises:
        OutputError: its folder cannot be made.
    """
    path = log_path() if path is None else path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f'The log folder "{path.parent}" cannot be made: {error.strerror}.', "Check that you may write there."
        ) from error
    to_file = RotatingFileHandler(path, maxBytes=ROTATE_BYTES, backupCount=ROTATED_FILES, encoding="utf-8", delay=True)
    to_file.setFormatter(logging.Formatter(LINE))
    logger = logging.getLogger("samelight")
    logger.setLevel(level.upper())
    logger.propagate = False
    logger.handlers[:] = [to_file]
    if sys.stderr is not None and sys.stderr.isatty():  # a start without a console has none
        to_terminal = logging.StreamHandler(sys.stderr)
        to_terminal.setLevel(logging.WARNING)
        to_terminal.setFormatter(logging.Formatter("samelight: %(message)s"))
        logger.addHandler(to_terminal)
    return path
