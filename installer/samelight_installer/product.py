"""`python3 installer`: Samelight in an environment of its own, in every editor, at login; a picture shows it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional

from .closing import describe_end
from .console import Console
from .environment.environment import Environment, own_variables
from .environment.slots import Slots, environments_home
from .environment.torch_choice import Wish
from .environment.upgrade import Source, bring_up_to_date
from .errors import InstallError
from .launcher import link_command, on_path
from .one_at_a_time import only_one
from .places import user_data
from .record import change_record, make_folder, read_record

__all__ = ["Options", "install"]

STEPS = 5

SAMPLE = "from samelight.cli.sample import *; print(SAMPLE_COMPOSITE); print(SAMPLE_MASK)"


@dataclass(frozen=True)
class Options:
    """What the person asked for.

    home: the folder of the environment; None for the one in use, or one among the user's data.
    start: whether the daemon is started; if not, the sample is harmonized without it.
    login: whether the daemon starts at login; None for what was asked before, and yes the first time.
    torch: which build of torch.
    as_json: whether the report is JSON on the standard output, and all else goes to the other one.
    """

    home: Optional[Path] = None
    start: bool = True
    login: Optional[bool] = None
    torch: Wish = field(default_factory=Wish)
    as_json: bool = False


def install(options: Options, source: Source = Source()) -> None:  # noqa: B008 - it does not change
    """Installs, repairs or upgrades Samelight, fills the editors, starts the daemon and harmonizes the sample.

    Raises:
        InstallError: a step failed; what was there before is still in use, and the next run goes on.
    """
    console = Console(STEPS, sys.stderr if options.as_json else sys.stdout)
    with only_one(lambda: console.note("Another installation or removal is at work; waiting until it has ended")):
        report = _install(options, source, console)
    if options.as_json:
        sys.stdout.write(json.dumps(report) + "\n")
    else:
        sys.stdout.write(describe_end(report))


def _install(options: Options, source: Source, console: Console) -> Dict[str, Any]:
    """All steps; gives what is there afterwards."""
    slots = Slots(environments_home(options.home))
    changed = bring_up_to_date(slots, source, options.torch, console)
    environment = slots.active
    if environment is None:  # it was just made the one in use
        raise InstallError("The environment is not known.", "Run this again.")
    unfinished = changed or read_record().get("finished") != _finish_line(environment)
    change_record(finished=None if unfinished else _finish_line(environment))
    command = _put_command(environment)
    console.step("Krita and GIMP, the start at login, the daemon")
    if unfinished:
        samelight(environment, "daemon", "stop")  # it may be an older one; the next command starts it anew
    report = samelight(environment, "install", *_passed_on(options))
    _note_all(report, console)
    console.step("Sample picture")
    report["sample"] = str(_sample(environment, user_data() / "sample", by_daemon=options.start, again=unfinished))
    console.note(f"before and after: {report['sample']}")
    slots.clear()
    change_record(finished=_finish_line(environment))
    facts = read_record().get("environment", {})
    return {"environment": {**facts, "changed": changed}, "command": command, **report}


def _finish_line(environment: Environment) -> str:
    """What the record says when all that belongs to this environment is done."""
    stamp = environment.stamp()
    return f"{environment.folder.name} {stamp.get('packages', '')[:16]} {stamp.get('samelight', '')[:16]}"


def _put_command(environment: Environment) -> str:
    """Puts the `samelight` command where a shell finds it; gives what to type."""
    link = link_command(environment.samelight)
    return "samelight" if link is not None and on_path(link) else str(link or environment.samelight)


def _passed_on(options: Options) -> List[str]:
    """The options of `samelight install`."""
    login = [] if options.login is None else ["--login" if options.login else "--no-login"]
    return login + ([] if options.start else ["--no-start"])


def _note_all(report: Dict[str, Any], console: Console) -> None:
    """Says what came of the editors, the login entry and the daemon; what fails there stops nothing."""
    if "error" in report:
        console.note(f"{report['error']['message']} {report['error']['hint']}")
    for part in ("login", "daemon"):
        facts = report.get(part, {})
        problem = f" - {facts['problem']}" if facts.get("problem") else ""
        console.note(f"{part}: {facts.get('state', 'unknown')}{problem}")
    for editor in report.get("editors", []):
        console.note(f"{editor['name']} {editor['version'] or ''} ({editor['kind']})")


def _sample(environment: Environment, folder: Path, *, by_daemon: bool, again: bool) -> Path:
    """Harmonizes the bundled sample, if that was not done before; gives the picture that shows both.

    Raises:
        InstallError: it cannot be harmonized.
    """
    sheet = folder / "before-after.png"
    if sheet.exists() and not again:
        return sheet
    paths = subprocess.run([str(environment.python), "-I", "-c", SAMPLE], capture_output=True, text=True, check=False)
    if paths.returncode != 0:
        raise InstallError(
            "Samelight was installed but does not start.", f"Delete {environment.folder}, run this again."
        )
    try:
        make_folder(folder)
    except OSError as why:
        raise InstallError(f"{folder} cannot be made: {why.strerror}.", "Make it writable, run this again.") from why
    composite, mask = paths.stdout.split("\n")[:2]
    arguments = [composite, mask, "-o", str(folder / "harmonized.png"), "--before-after", str(sheet)]
    reply = samelight(environment, "harmonize", *arguments, *([] if by_daemon else ["--no-daemon"]))
    if "error" in reply:
        error = reply["error"]
        raise InstallError(f"The sample could not be harmonized: {error['message']}", error["hint"])
    return sheet


def samelight(environment: Environment, *arguments: str) -> Dict[str, Any]:
    """Runs a command of the installed Samelight and gives its report.

    Raises:
        InstallError: it reports nothing.
    """
    command = [str(environment.samelight), *arguments, "--json"]
    answer = subprocess.run(
        command, env=own_variables(), stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
        check=False,
    )  # fmt: skip
    try:
        report = json.loads(answer.stdout)
    except ValueError:
        said = (answer.stderr or answer.stdout).strip()[-400:]
        raise InstallError(
            f"`samelight {' '.join(arguments)}` failed: {said}", f"Delete {environment.folder} and run this again."
        ) from None
    return dict(report)
