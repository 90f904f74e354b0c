#!/usr/bin/env python3
"""Samelight in GIMP 3: "Harmonize layer" gives a layer the light of the picture below it.

GIMP runs this file as a program of its own: once to ask what there is, then for each call. Only what every Python
plug-in of GIMP needs is imported here; all that may be missing is imported in `run`, so that the menu entries are there
in any case and say what to do.
"""

from __future__ import annotations

import sys
import traceback
from typing import Any

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
gi.require_version("Babl", "0.1")
from gi.repository import Gimp, GLib, GObject  # noqa: E402 - only after the versions are chosen

HARMONIZE = "samelight-harmonize"
OPTIONS = "samelight-harmonize-options"

ERROR_DOMAIN = "samelight-error-quark"

# As samelight_wire.messages has it, which this file cannot count on.
USUAL_COLOUR = 0.7

# The daemon's networks; the first entry leaves the choice to the daemon's configuration.
MODELS = (
    ("default", "The daemon's default"),
    ("hdnet-lite", "HDNet lite: hierarchical dynamics"),
    ("hdnet", "HDNet: hierarchical dynamics"),
    ("srin-lite", "SRIN lite: semantic regions"),
    ("srin", "SRIN: semantic regions"),
    ("srih-lite", "SRIH lite: looks like what is around"),
    ("srih", "SRIH: looks like what is around"),
    ("frih-lite", "FRIH lite: regions by colour"),
    ("frih", "FRIH: regions by colour"),
    ("rcl-lite", "RCL lite: contrast of regions"),
    ("rcl", "RCL: contrast of regions"),
)

BLURB = "Gives the selected layers the light of the picture below them"
HELP = (
    "Each selected layer is replaced by a new one, directly above it, whose colours fit to what is visible below; the "
    "original is hidden, not changed. In a flattened picture, the selected part is fitted to the rest. A selection "
    "limits the effect with its soft edge. The work is done by the Samelight daemon on this machine."
)
LAST_CHOICES = "It is done with the choices that were last made in “Harmonize layer with options…”."


class SamelightPlugIn(Gimp.PlugIn):  # type: ignore[misc]
    """The plug-in as GIMP sees it: two procedures that do the same, without and with a dialog."""

    def do_set_i18n(self, procedure_name: str) -> bool:
        """There are no translations."""
        return False

    def do_query_procedures(self) -> list[str]:
        """The names of the procedures."""
        return [HARMONIZE, OPTIONS]

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        """Describe a procedure: menu, help texts, arguments."""
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, self.run, None)
        # Pictures that cannot be harmonized (gray, nothing chosen) are answered with a sentence, which a greyed-out
        # menu entry could not say.
        procedure.set_image_types("*")
        mask = Gimp.ProcedureSensitivityMask
        procedure.set_sensitivity_mask(mask.DRAWABLE | mask.DRAWABLES | mask.NO_DRAWABLES)
        with_dialog = name == OPTIONS
        procedure.set_menu_label("Harmonize layer with options…" if with_dialog else "Harmonize layer")
        procedure.add_menu_path("<Image>/Filters")
        procedure.add_menu_path("<Layers>/Layers Menu")
        procedure.set_documentation(BLURB, HELP if with_dialog else f"{HELP} {LAST_CHOICES}", name)
        procedure.set_attribution("The Samelight developers", "The Samelight developers, MIT licence", "2026")
        _add_arguments(procedure)
        return procedure

    def run(
        self,
        procedure: Gimp.Procedure,
        run_mode: Gimp.RunMode,
        image: Gimp.Image,
        drawables: list[Gimp.Drawable],
        config: Gimp.ProcedureConfig,
        data: Any,
    ) -> Gimp.ValueArray:
        """Harmonize; whatever goes wrong becomes a sentence for the artist, and nothing in the picture has changed."""
        interactive, with_dialog = run_mode == Gimp.RunMode.INTERACTIVE, procedure.get_name() == OPTIONS
        try:
            from samelight_gimp.places import use_vendored

            use_vendored()
            from samelight_gimp import call

            status, message = call.run(image, drawables, config, interactive, with_dialog)
        except ImportError as error:
            status, message = Gimp.PDBStatusType.EXECUTION_ERROR, _incomplete(error)
        except Exception as error:
            traceback.print_exc()
            status, message = Gimp.PDBStatusType.EXECUTION_ERROR, _mistake(error)
        error = GLib.Error.new_literal(GLib.quark_from_string(ERROR_DOMAIN), message, 0) if message else GLib.Error()
        return procedure.new_return_values(status, error)


def _add_arguments(procedure: Gimp.Procedure) -> None:
    """The same choices for both procedures."""
    models = Gimp.Choice.new()
    for index, (name, label) in enumerate(MODELS):
        models.add(name, index, label, "")
    flags = GObject.ParamFlags.READWRITE
    help_text = "The network that harmonizes. `samelight models` says more about each."
    procedure.add_choice_argument("model", "_Model", help_text, models, MODELS[0][0], flags)
    help_text = "A blend between the layer as it was (0) and as it was harmonized (1)"
    procedure.add_double_argument("strength", "S_trength", help_text, 0.0, 1.0, 1.0, flags)
    help_text = (
        "How much of the shift of colour is applied; brightness stays. Lower it where the object has strong colours of "
        "its own, such as a red car; raise it where the light has one, such as an evening's."
    )
    procedure.add_double_argument("colour", "Colo_ur", help_text, 0.0, 1.0, USUAL_COLOUR, flags)
    help_text = "Harmonize only the selected part of each layer. Without a selection there is no difference."
    procedure.add_boolean_argument("limit-to-selection", "Limit to s_election", help_text, True, flags)
    help_text = "Hide the original layer, which the new one replaces. Shown together, soft edges grow harder."
    procedure.add_boolean_argument("hide-original", "Hi_de the original", help_text, True, flags)


def _incomplete(error: ImportError) -> str:
    """What to say when a part is missing."""
    return f"Samelight's plug-in is incomplete ({error}). Run `python3 installer` again, then restart GIMP."


def _mistake(error: Exception) -> str:
    """What to say for what should never happen."""
    kind = type(error).__name__
    return (
        f"Samelight made a mistake of its own ({kind}: {error}). The picture is as it was. Start GIMP from a terminal "
        "to see the whole message, and please report it."
    )


if __name__ == "__main__":
    Gimp.main(SamelightPlugIn.__gtype__, sys.argv)
