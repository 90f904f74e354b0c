"""The dialog of "Harmonize layer with options…"."""

from __future__ import annotations

from collections.abc import Sequence

import gi

from samelight_wire import StatusReply
from samelight_wire.errors import SamelightError

gi.require_version("Gtk", "3.0")
gi.require_version("GimpUi", "3.0")
from gi.repository import Gimp, GimpUi, GObject, Gtk  # noqa: E402 - only after the versions are chosen

from .choices import DEFAULT_MODEL, NAMES  # noqa: E402
from .waiting import ask_status, connect  # noqa: E402

__all__ = ["ask"]

STATE = "samelight-state"
LOADING = "starting"  # the daemon's device while it still loads its programs
SHARES = ("strength", "colour")
WIDTH_CHARACTERS = 52


def ask(procedure: Gimp.Procedure, config: Gimp.ProcedureConfig, image: Gimp.Image) -> bool:
    """Show the dialog; whether the artist chose OK. The choices are in the config then.

    The daemon's state is part of it: a network whose weights are missing cannot be chosen, and where the daemon does
    not run the dialog says so before any work is done.
    """
    GimpUi.init("samelight")
    state, models = _daemon_state()
    dialog = GimpUi.ProcedureDialog.new(procedure, config, "Harmonize layer")
    for share in SHARES:
        dialog.get_scale_entry(share, 1.0)
    _offer(dialog.get_widget("model", GObject.TYPE_NONE).get_widget(), models)  # the combo box beside its label
    dialog.set_sensitive("limit-to-selection", not Gimp.Selection.is_empty(image), None, None, False)
    label = dialog.get_label(STATE, state, False, False)
    _wrap(label)
    dialog.fill([*NAMES, STATE])
    chosen: bool = dialog.run()
    dialog.destroy()
    return chosen


def _daemon_state() -> tuple[str, Sequence[str] | None]:
    """A sentence on the daemon, and the networks it has weights for; None if that cannot be known."""
    try:
        with connect() as client:
            status = ask_status(client)
    except SamelightError as error:
        return f"{error.message} {error.hint}".strip(), None
    # Before its programs are loaded the daemon does not know its networks, and names none.
    return _describe(status), None if status.device == LOADING else status.models


def _describe(status: StatusReply) -> str:
    if status.device == LOADING:
        return "The Samelight daemon is getting ready. You can go on; the work begins as soon as it is."
    waiting = f", {status.queued} waiting" if status.queued else ""
    busy = f"busy{waiting}" if status.running else "ready"
    return f"The Samelight daemon is {busy} on {status.device}. Its default model is {status.default_model}."


def _offer(combo: GimpUi.StringComboBox, models: Sequence[str] | None) -> None:
    """Let only those networks be chosen that the daemon has."""
    if models is not None:
        combo.set_sensitivity(lambda name, *_: name == DEFAULT_MODEL or name in models)


def _wrap(label: Gtk.Label) -> None:
    label.set_line_wrap(True)
    label.set_xalign(0.0)
    label.set_max_width_chars(WIDTH_CHARACTERS)
