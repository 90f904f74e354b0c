"""Runs inside an environment, by itself, to tell what is installed there and whether it is whole.

Prints a JSON object: package name -> [version, whether all of its files are there at their sizes]. This file imports
nothing of the installer and must work in an environment in which nothing else does.
"""

from __future__ import annotations

import importlib.metadata
import json


def is_whole(distribution: importlib.metadata.Distribution) -> bool:
    """Whether every file that the package's record lists is there, as long as the record says."""
    files = distribution.files
    if files is None:
        return False
    for file in files:
        if file.suffix == ".pyc":
            continue
        try:
            size = file.locate().stat().st_size  # type: ignore[attr-defined]  # always a real path here
        except OSError:
            return False
        if file.size is not None and size != file.size:
            return False
    return True


def main() -> None:
    """Prints the report."""
    found = {}
    for distribution in importlib.metadata.distributions():
        found[distribution.metadata["Name"]] = [distribution.version, is_whole(distribution)]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
