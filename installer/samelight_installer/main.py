"""What the person asked for.

python3 installer [--env DIR] [--no-start]    install or repair Samelight
python3 installer test [ARGUMENTS OF PYTEST]  run the tests
python3 installer build [-o DIR] [--pure]     build wheel, sdist and the editors' archives
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Callable, Mapping, Sequence

from .artefacts import run_build
from .errors import InstallError
from .product import install
from .testing import run_tests

__all__ = ["main"]

COMMANDS: Mapping[str, Callable[[Sequence[str]], int]] = {"test": run_tests, "build": run_build}
"""The words that may come first, and what then gets the rest of the line; without one of them it installs."""

EXIT_FAILED = 2
EXIT_INTERRUPTED = 130  # what a shell makes of Ctrl+C


def main(arguments: Sequence[str]) -> int:
    """Does what the arguments say; gives the exit code: 0, 2 for a failed step, 130 for Ctrl+C, or pytest's."""
    try:
        if arguments and arguments[0] in COMMANDS:
            return COMMANDS[arguments[0]](arguments[1:])
        options = _parse(arguments)
        install(options.env, start=options.start)
    except InstallError as error:
        sys.stdout.flush()
        sys.stderr.write(f"\nError: {error.message}\n{error.hint}\n")
        return EXIT_FAILED
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted. Run this again; it goes on from here.\n")
        return EXIT_INTERRUPTED
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 installer",
        description="Installs Samelight for you alone, or repairs it; run it as often as you like.",
        epilog="`python3 installer test [ARGUMENTS]` runs the tests instead; the arguments go to pytest. "
        "`python3 installer build` makes wheel, sdist and the editors' archives.",
    )
    parser.add_argument(
        "--env", type=_folder, metavar="DIR", help="where the Python environment goes (default: among your own data)"
    )
    parser.add_argument("--no-start", dest="start", action="store_false", help="do not start the daemon")
    return parser.parse_args(arguments)


def _folder(text: str) -> Path:
    return Path(text).expanduser().resolve()
