"""What the artist chose: in the dialog, the last time, or in a script."""

from __future__ import annotations

from dataclasses import dataclass

from gi.repository import Gimp, Gio, GLib

from samelight_wire import Options

__all__ = ["Choices", "chosen", "recall"]

NAMES = ("model", "strength", "limit-to-selection", "hide-original")
DEFAULT_MODEL = "default"


@dataclass(frozen=True)
class Choices:
    """The arguments of a call.

    model: the network's name; None leaves it to the daemon.
    strength: 0..1.
    limit_to_selection: whether a selection limits the effect.
    hide_original: whether the original layer is hidden.
    """

    model: str | None
    strength: float
    limit_to_selection: bool
    hide_original: bool

    @property
    def options(self) -> Options:
        """What the daemon has to know of it."""
        return Options(self.model, self.strength, self.limit_to_selection)


def chosen(config: Gimp.ProcedureConfig) -> Choices:
    """The choices that a procedure was called with."""
    model, strength, limit, hide = (config.get_property(name) for name in NAMES)
    return Choices(None if model in (None, DEFAULT_MODEL) else model, strength, limit, hide)


def recall(config: Gimp.ProcedureConfig, procedure_name: str) -> None:
    """Take over the choices that were last made in another procedure's dialog, if there are any.

    GIMP remembers the last arguments of each procedure in a file of its own; both of Samelight's have the same ones.

    Args:
        config: the arguments of the call; changed in place.
        procedure_name: the procedure with the dialog.
    """
    parts = (Gimp.directory(), "plug-in-settings", f"GimpProcedureConfigRun-{procedure_name}.last")
    remembered = Gio.File.new_for_path(GLib.build_filenamev(parts))
    if not remembered.query_exists(None):
        return
    try:
        Gimp.Config.deserialize_file(config, remembered, None)
    except GLib.Error:
        Gimp.Config.reset(config)  # written by another release, perhaps: then the defaults
