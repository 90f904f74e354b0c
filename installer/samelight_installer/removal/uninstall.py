"""Takes everything of Samelight off this machine again, and nothing else.

Nothing here needs an installation that works: half of one, or a broken one, is removed just as well. One part that
cannot be removed stops none of the others.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence, Tuple

from ..errors import InstallError
from ..one_at_a_time import only_one
from ..record import forget_record, lock_path, remove_empty_folders
from .belongings import connection_file, user_folders
from .ending import end_daemon
from .farewell import remove_environment
from .plan import Choices, Part, Plan, make_plan

__all__ = ["Report", "add_options", "run_uninstall", "uninstall"]

EXIT_LEFT = 1
EXIT_REFUSED = 2

DESCRIPTION = """\
Removes Samelight: "Harmonize layer" from every editor, the start at login, the daemon, what was downloaded, the
command, the environment. Pictures, and files of your own in Samelight's folders, stay where they are."""


@dataclass
class Report:
    """What came of it.

    removed: what is gone.
    kept: what is still there of Samelight's folders, each with the reason.
    problems: what could not be removed, and why.
    notes: what the person should know.
    process: the daemon's process number, if one was ended.
    """

    removed: List[Path] = field(default_factory=list)
    kept: List[Tuple[Path, str]] = field(default_factory=list)
    problems: List[str] = field(default_factory=list)
    notes: List[str] = field(default_factory=list)
    process: int = 0

    def as_json(self) -> Dict[str, Any]:
        """The same in plain values."""
        return {
            "removed": [str(path) for path in self.removed],
            "kept": [{"path": str(path), "reason": reason} for path, reason in self.kept],
            "problems": self.problems,
            "notes": self.notes,
        }


def run_uninstall(arguments: Sequence[str]) -> int:
    """`python3 installer uninstall`: asks, removes, tells.

    Returns:
        The exit code: 0, 1 if something is left that should be gone, 2 where the person did not want it after all.

    Raises:
        InstallError: nothing can be removed at this moment.
    """
    parser = argparse.ArgumentParser(prog="python3 installer uninstall", description=DESCRIPTION)
    add_options(parser)
    chosen = parser.parse_args(arguments)
    choices = Choices(chosen.keep_settings, chosen.keep_weights, chosen.purge)
    return uninstall(choices, dry_run=chosen.dry_run, sure=chosen.yes, as_json=chosen.as_json)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command line."""
    add = parser.add_argument
    add("--keep-settings", action="store_true", help="leave your settings, here and in the editors")
    add("--keep-weights", action="store_true", help="leave the weights that you downloaded")
    add("--purge", action="store_true", help="remove weights that you trained, too: nobody can bring them back")
    add("--dry-run", action="store_true", help="say what would be removed, and remove nothing")
    add("--yes", action="store_true", help="do not ask")
    add("--json", dest="as_json", action="store_true", help="report as JSON on the standard output")


def uninstall(choices: Choices, *, dry_run: bool, sure: bool, as_json: bool) -> int:
    """Removes what the choices say; gives the exit code.

    Args:
        choices: what stays all the same.
        dry_run: only say what would be done.
        sure: do not ask.
        as_json: report as JSON.

    Raises:
        InstallError: an installation is at work, or nobody can be asked.
    """
    plan = make_plan(choices)
    if dry_run:
        kept = Report(kept=plan.kept).as_json()["kept"]
        _tell({"would_remove": plan.as_json(), "kept": kept, "notes": list(plan.notes)}, plan, as_json)
        return 0
    if not sure and not _asked(plan, as_json):
        sys.stderr.write("Nothing was removed.\n")
        return EXIT_REFUSED
    report = carry_out(plan)
    if as_json:
        sys.stdout.write(json.dumps(report.as_json()) + "\n")
    else:
        sys.stdout.write(_in_words(report))
    sys.stdout.flush()
    return EXIT_LEFT if report.problems else 0


def carry_out(plan: Plan) -> Report:
    """Removes it.

    Raises:
        InstallError: an installation is at work.
    """
    report = Report(kept=list(plan.kept), notes=list(plan.notes))
    with only_one(wait_seconds=30.0):
        for part in plan.parts:
            _attempt(part, report)
            if part.name == "login":  # from now on nothing starts the daemon any more
                _end(report)
        _attempt(Part("environment", "the environment", plan.environment, remove_environment), report)
        report.removed += _folders()
        _quietly(lock_path().unlink)
        if not report.problems:  # else the next run has to know what there is
            forget_record()
    _quietly(lock_path().unlink)  # Windows lets no file go that is open
    report.removed += _folders()
    return report


def _attempt(part: Part, report: Report) -> None:
    try:
        report.removed += [path for path in part.remove() if path not in report.removed]
    except InstallError as error:
        report.problems.append(f"{part.text}: {error.message} {error.hint}")
    except OSError as error:
        report.problems.append(f"{part.text}: {error.strerror} ({error.filename})")


def _end(report: Report) -> None:
    try:
        report.process = end_daemon(connection_file()) or 0
    except (InstallError, OSError) as error:
        report.problems.append(f"the daemon: {error}")


def _folders() -> List[Path]:
    """Removes Samelight's own folders, and those that the installation made, as far as they are empty."""
    removed = [folder for folder in user_folders() if _quietly(folder.rmdir)]
    return removed + remove_empty_folders()


def _quietly(action: Callable[[], object]) -> bool:
    try:
        action()
    except OSError:
        return False
    return True


def _asked(plan: Plan, as_json: bool) -> bool:
    """Shows what would go, and asks whether it shall."""
    if as_json or not sys.stdin.isatty():
        raise InstallError(
            "Nobody can be asked whether all this shall be removed.", "Say --yes, or --dry-run to see it."
        )
    sys.stdout.write(plan.in_words())
    sys.stdout.write("\nRemove all this? [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _tell(facts: Dict[str, Any], plan: Plan, as_json: bool) -> None:
    sys.stdout.write(json.dumps(facts) + "\n" if as_json else plan.in_words())


def _in_words(report: Report) -> str:
    lines = ["Samelight is removed." if not report.problems else "Not all of Samelight could be removed."]
    if report.process:
        lines.append(f"The daemon (process {report.process}) was ended.")
    lines += [f"Left: {problem}" for problem in report.problems]
    if report.kept:
        lines.append("These files stay; they are yours:")
        lines += [f"  {path}  ({reason})" for path, reason in report.kept]
    return "\n".join([*lines, *report.notes]) + "\n"
