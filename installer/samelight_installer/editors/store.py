r"""Editors from the Microsoft Store: what Windows itself knows of them.

A package is installed in a folder that may be closed to the person (C:\Program Files\WindowsApps), but what it writes
into the folders of its user's data lies in %LOCALAPPDATA%\Packages\FAMILY\LocalCache. The full name of a package is
NAME_RELEASE_PROCESSOR_..._PUBLISHER, its family NAME_PUBLISHER.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional

from .machine import Machine
from .places import Place
from .registry import PACKAGES, UNINSTALL

__all__ = ["StorePackage", "installed_folders", "store_packages"]


@dataclass(frozen=True)
class StorePackage:
    """A package of this user's.

    root: where it is installed; None where nothing says it.
    release: as its full name tells it.
    data: the folder with what it wrote.
    """

    root: Optional[Path]
    release: Optional[str]
    data: Path


def store_packages(place: Place, machine: Machine) -> List[StorePackage]:
    """The packages of this name: at most one in practice."""
    told = {}
    for full, values in machine.subkeys(PACKAGES).items():
        name, _, rest = full.partition("_")
        if name == place.identity:
            family = f"{name}_{full.rpartition('_')[2]}"
            folder = values.get("PackageRootFolder")
            told[family] = (Path(folder) if folder else None, _release(place, rest.split("_")[0]))
    found = []
    for data in machine.matches(f"{{LOCALAPPDATA}}/Packages/{place.identity}_*"):
        root, release = told.get(data.name, (None, None))
        found.append(StorePackage(root, release, data))
    return found


def _release(place: Place, packages: str) -> str:
    """An editor's release by its package's: Krita's is the same; GIMP's script puts the revision of the package behind
    the third number and a 0 behind all, so that 3.2.44.0 is the fourth revision of 3.2.4.
    """
    match = re.fullmatch(r"(\d+\.\d+)\.(\d*)\d\.0", packages)
    if place.editor != "GIMP" or match is None:
        return packages
    return f"{match.group(1)}.{match.group(2) or 0}"


def installed_folders(place: Place, machine: Machine) -> List[Path]:
    """Where installers put an editor, as they wrote it down themselves: it can be any folder."""
    found = []
    for key in UNINSTALL:
        for values in machine.subkeys(key).values():
            folder = values.get("InstallLocation", "").strip('"')
            if folder and values.get("DisplayName", "").startswith(place.identity):
                found.append(Path(folder))
    return found
