"""`python3 installer --dry-run`: says what an installation would do, and does nothing."""

from __future__ import annotations

import json
import shutil
import sys
from typing import Any, Dict

from .editors import find_editors
from .environment.interpreters import find_interpreter
from .environment.slots import Slots, environments_home
from .environment.torch_choice import CASES, nvidia_seen
from .environment.upgrade import Source, plan
from .errors import InstallError
from .login import login_kind
from .product import Options

__all__ = ["tell_plan"]


def tell_plan(options: Options) -> None:
    """Prints what would be done, in words or as JSON.

    Raises:
        InstallError: it could not be done: no suitable Python, or a folder that holds something else.
    """
    facts = _facts(options)
    if options.as_json:
        sys.stdout.write(json.dumps(facts) + "\n")
        return
    words = {
        "environment": f"{facts['environment']} (Python {facts['python']}), {facts['action']}",
        "torch": facts["torch"],
        "disk": f"up to {facts['needed_gigabytes']:.1f} GB needed, {facts['kept_gigabytes']:.1f} GB kept, "
        f"{facts['free_gigabytes']:.1f} GB free",
        "editors": ", ".join(facts["editors"]) or "none found",
        "login": facts["login"],
    }
    sys.stdout.write("This would be done:\n" + "".join(f"  {name:<12}{text}\n" for name, text in words.items()))


def _facts(options: Options) -> Dict[str, Any]:
    slots = Slots(environments_home(options.home))
    interpreter = find_interpreter()
    card = nvidia_seen()
    case, needed, current = plan(slots, Source(), options.torch, card)
    there = next(each for each in (slots.home, *slots.home.parents) if each.exists())
    try:
        editors = [f"{editor.name} {editor.version or ''} ({editor.kind})" for editor in find_editors()]
    except (InstallError, OSError):
        editors = []
    return {
        "environment": str(slots.home),
        "python": ".".join(map(str, interpreter.version)),
        "action": "nothing to do" if current else "installed" if slots.active is None else "brought up to date",
        "torch": case.words if case else f"{CASES['cpu'].words} if an index has it, else {CASES['small'].words}",
        "card": card,
        "needed_gigabytes": 0.0 if current else needed / 1e9,
        "kept_gigabytes": (case or CASES["small"]).gigabytes[1],
        "free_gigabytes": shutil.disk_usage(str(there)).free / 1e9,
        "editors": editors,
        "login": _login(options, slots),
    }


def _login(options: Options, slots: Slots) -> str:
    """What would become of the start at login."""
    if options.login is None and slots.active is not None:
        return "as it is"
    return "none" if options.login is False else login_kind()
