"""One call of a procedure: choices, harmonize, outcome."""

from __future__ import annotations

from collections.abc import Sequence

from gi.repository import Gimp

from samelight_wire.errors import SamelightError

from .choices import chosen, recall
from .harmonizing import harmonize_layers

__all__ = ["run"]


def run(
    image: Gimp.Image,
    drawables: Sequence[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
    ask_first: bool,
    recall_from: str,
) -> tuple[Gimp.PDBStatusType, str]:
    """Do what a procedure is for.

    Args:
        image: the artist's image.
        drawables: what is selected in it.
        config: the arguments of the call; those that the artist chooses in the dialog are put there.
        ask_first: whether to show the dialog.
        recall_from: the procedure whose last choices are taken over; empty to take the arguments as they are.

    Returns:
        The status, and a sentence for the artist where it is an error.
    """
    try:
        if recall_from:
            recall(config, recall_from)
        if ask_first and not _ask(config, image):
            return Gimp.PDBStatusType.CANCEL, ""
        harmonize_layers(image, drawables, chosen(config))
    except SamelightError as error:
        return Gimp.PDBStatusType.EXECUTION_ERROR, f"{error.message} {error.hint}".strip()
    return Gimp.PDBStatusType.SUCCESS, ""


def _ask(config: Gimp.ProcedureConfig, image: Gimp.Image) -> bool:
    """Show the dialog; whether to go on."""
    from .dialog import ask  # GTK takes its time to load, and only this needs it

    return ask(config.get_procedure(), config, image)
