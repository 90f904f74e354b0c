"""Editors from the Snap Store.

A snap is mounted in /snap/NAME/current, on some systems below /var/lib/snapd. The user's data for one revision lie in
~/snap/NAME/REVISION, to which `current` leads, and those for all of them in ~/snap/NAME/common. (snapcraft's
documentation on data locations and on base snaps)
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import List, Optional, Tuple

from .binaries import named_python
from .machine import Machine
from .places import Place

__all__ = ["base_python", "roots", "was_started"]

MOUNTS = ("/snap", "/var/lib/snapd/snap")


def roots(place: Place, machine: Machine) -> List[Path]:
    """Where a snap is mounted; both folders may be the same one."""
    found: List[Path] = []
    for mount in MOUNTS:
        for path in machine.matches(f"{mount}/{place.identity}/current"):
            if not any(path.resolve() == each.resolve() for each in found):
                found.append(path)
    return found


def base_python(machine: Machine, root: Path) -> Optional[Tuple[int, int]]:
    """The Python of the base that a snap stands on, which is a snap of its own such as core24."""
    try:
        recipe = (root / "meta" / "snap.yaml").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    base = re.search(r"^base:\s*['\"]?([\w-]+)", recipe, re.MULTILINE)
    if base is None:
        return None
    for mount in MOUNTS:
        for path in machine.matches(f"{mount}/{base.group(1)}/current/usr/bin/python3"):
            python = named_python(path)
            if python:
                return python
    return None


def was_started(place: Place, machine: Machine) -> bool:
    """Whether the user's folder of a snap is there. Only snapd may make it: `current` in it has to be a link."""
    return machine.path(f"{{HOME}}/snap/{place.identity}/current").exists()
