"""What the artist chose: in the dialog, the last time, or in a script."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gi.repository import Gimp

from samelight_wire import Options

__all__ = ["Choices", "chosen", "recall", "remember"]

NAMES = ("model", "strength", "colour", "limit-to-selection", "hide-original")
DEFAULT_MODEL = "default"


@dataclass(frozen=True)
class Choices:
    """The arguments of a call.

    model: the network's name; None leaves it to the daemon.
    strength: 0..1.
    colour: 0..1, how much of the shift of colour is applied.
    limit_to_selection: whether a selection limits the effect.
    hide_original: whether the original layer is hidden.
    """

    model: str | None
    strength: float
    colour: float
    limit_to_selection: bool
    hide_original: bool

    @property
    def options(self) -> Options:
        """What the daemon has to know of it."""
        return Options(
            model=self.model, strength=self.strength, colour=self.colour, limit_to_selection=self.limit_to_selection
        )


def chosen(config: Gimp.ProcedureConfig) -> Choices:
    """The choices that a procedure was called with."""
    model, strength, colour, limit, hide = (config.get_property(name) for name in NAMES)
    return Choices(None if model in (None, DEFAULT_MODEL) else model, strength, colour, limit, hide)


def remember(config: Gimp.ProcedureConfig) -> None:
    """Keep what was chosen in the dialog for the procedure without one.

    GIMP itself remembers the last arguments of each procedure by itself, but for no other one to read.
    """
    values = {name: config.get_property(name) for name in NAMES}
    path = _remembered()
    with suppress(OSError):  # a full disk is no reason not to harmonize
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")


def recall(config: Gimp.ProcedureConfig) -> None:
    """Put what was last chosen in the dialog into a config; the defaults stay where nothing was, or nothing fit.

    Each choice counts by itself: a file of an older release lacks those that are new, and still has the others.
    """
    values = _last_values()
    for name in NAMES:
        if name in values:
            with suppress(TypeError, ValueError):
                config.set_property(name, values[name])


def _last_values() -> dict[str, Any]:
    """What was remembered, by name; nothing where there is no such file, or it holds something else."""
    try:
        values = json.loads(_remembered().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _remembered() -> Path:
    return Path(Gimp.directory()) / "plug-in-settings" / "samelight-choices.json"
