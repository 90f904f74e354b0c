"""What the person asked for.

python3 installer [OPTIONS]                   install, repair or upgrade Samelight
python3 installer uninstall [OPTIONS]         take all of it away again
python3 installer test [ARGUMENTS OF PYTEST]  run the tests
python3 installer build [-o DIR] [--pure]     build wheel, sdist and the editors' archives
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from pathlib import Path
from typing import Callable, Mapping, Optional, Sequence

from .artefacts import run_build
from .environment.torch_choice import CPU_INDEX, CUDA_INDEX, Wish
from .errors import InstallError
from .person import check_person
from .planning import tell_plan
from .product import Options, install
from .removal.uninstall import run_uninstall
from .testing import run_tests

__all__ = ["main"]

COMMANDS: Mapping[str, Callable[[Sequence[str]], int]] = {
    "test": run_tests,
    "build": run_build,
    "uninstall": run_uninstall,
}
"""The words that may come first, and what then gets the rest of the line; without one of them it installs."""

EXIT_FAILED = 2
EXIT_INTERRUPTED = 130  # what a shell makes of Ctrl+C

DESCRIPTION = """\
Installs Samelight for you alone (no administrator's rights): a Python environment of its own, "Harmonize layer" in
every Krita and GIMP on this machine, a daemon that starts when you log in. Run it again to upgrade or repair: what was
there before keeps working until the new one is whole. `samelight uninstall` takes everything away again."""

EPILOG = """\
Other commands: `python3 installer uninstall` (as `samelight uninstall`), `python3 installer test` (the tests; the rest
goes to pytest), `python3 installer build` (wheel, sdist, the editors' archives). Each has a --help."""


def main(arguments: Sequence[str]) -> int:
    """Does what the arguments say; gives the exit code: 0, 2 for a failed step, 130 for Ctrl+C, or pytest's."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a path may have letters that the terminal has not
    try:
        if arguments and arguments[0] in COMMANDS:
            return COMMANDS[arguments[0]](arguments[1:])
        check_person()
        chosen = _parse(arguments)
        torch = Wish(chosen.torch, chosen.cpu_index, chosen.cuda_index)
        options = Options(chosen.env, chosen.start, _login(chosen), torch, chosen.as_json)
        (tell_plan if chosen.dry_run else install)(options)
    except InstallError as error:
        return _tell(error.message, error.hint, arguments)
    except OSError as error:  # whatever else a disk or a right may be in the way of
        hint = "Make that possible, and run this again; it goes on from here."
        return _tell(f"{error.strerror or error}: {error.filename or 'a file'}.", hint, arguments)
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted. Run this again; it goes on from here.\n")
        return EXIT_INTERRUPTED
    return 0


def _tell(message: str, hint: str, arguments: Sequence[str]) -> int:
    """Says what went wrong; the exit code for it."""
    if "--json" in arguments and arguments[0] != "test":
        sys.stdout.write(json.dumps({"error": {"message": message, "hint": hint}}) + "\n")
    sys.stdout.flush()
    sys.stderr.write(f"\nError: {message}\n{hint}\n")
    return EXIT_FAILED


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 installer",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--env", type=_folder, metavar="DIR", help="where the Python environment goes (default: among your own data)")
    add("--login", action="store_true", help="start the daemon when you log in (the default the first time)")
    add("--no-login", action="store_true", help="do not start the daemon when you log in; later runs leave it so")
    add("--no-start", dest="start", action="store_false", help="do not start the daemon now")
    add("--torch", choices=("auto", "cpu", "cuda", "default"), default="",
        help="which build of torch: by whether an NVIDIA card is seen (auto, the first time), for the CPU, for NVIDIA "
        "cards, or the one that pip takes by itself; later runs keep it")  # fmt: skip
    add("--cpu-index", default="", metavar="URL",
        help=f"a package index with torch's builds for the CPU, which are smaller (or set {CPU_INDEX})")  # fmt: skip
    add("--cuda-index", default="", metavar="URL",
        help=f"one that has its builds for NVIDIA cards (or set {CUDA_INDEX}); needed on Windows only")  # fmt: skip
    add("--dry-run", action="store_true", help="say what would be done, and do nothing")
    add("--json", dest="as_json", action="store_true", help="report as JSON on the standard output")
    chosen = parser.parse_args(arguments)
    if chosen.login and chosen.no_login:
        parser.error("--login and --no-login exclude each other")
    return chosen


def _login(chosen: argparse.Namespace) -> Optional[bool]:
    """Whether the daemon starts at login, None where nothing is said about it."""
    return True if chosen.login else False if chosen.no_login else None


def _folder(text: str) -> Path:
    return Path(text).expanduser().resolve()
