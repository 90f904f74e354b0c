"""The networks' costs, noted in the user's cache folder, so that `samelight models` counts only once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from samelight import harmonizers

if TYPE_CHECKING:
    from samelight.cli.costs import Cost

__all__ = ["costs_of"]


def costs_of(names: Iterable[str]) -> dict[str, Cost]:
    """Each network's cost. Notes count only for the very code that they were made with.

    Raises:
        UnknownModelError: there is no network of one of these names.
    """
    from samelight.cli.costs import cost_of

    notes = _read()
    found = {name: notes[name] if name in notes else cost_of(name) for name in names}
    if found.keys() - notes.keys():
        _write({**notes, **found})
    return found


def _path() -> Path:
    return user_cache_path("samelight", appauthor=False) / "costs.json"


def _code() -> str:
    """A hash of all that the costs depend on."""
    import torch

    from samelight.cli import costs

    digest = hashlib.sha256(torch.__version__.encode())
    for path in [*sorted(Path(harmonizers.__file__).parent.rglob("*.py")), Path(costs.__file__)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _read() -> dict[str, Cost]:
    """The notes; none where there are none, or where they are damaged or of other code."""
    from samelight.cli.costs import Cost

    try:
        noted = json.loads(_path().read_text("utf-8"))
        if noted["code"] != _code():
            return {}
        return {name: Cost(**cost) for name, cost in noted["costs"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _write(costs: dict[str, Cost]) -> None:
    """Write the notes; a folder that cannot be written costs time only."""
    path = _path()
    text = json.dumps({"code": _code(), "costs": {name: asdict(cost) for name, cost in costs.items()}}, indent=2)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(text + "\n", encoding="utf-8")
        unfinished.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            unfinished.unlink()
