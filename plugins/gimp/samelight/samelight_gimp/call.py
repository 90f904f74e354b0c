"""One call of a procedure: choices, harmonize, outcome."""

from __future__ import annotations

from collections.abc import Sequence

from gi.repository import Gimp

from samelight_wire.errors import SamelightError

from .choices import chosen, recall, remember
from .harmonizing import harmonize_layers

__all__ = ["run"]


def run(
    image: Gimp.Image,
    drawables: Sequence[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
    interactive: bool,
    ask_first: bool,
) -> tuple[Gimp.PDBStatusType, str]:
    """Do what a procedure is for.

    Args:
        image: the artist's image.
        drawables: what is selected in it.
        config: the arguments of the call; what the artist chooses is put there.
        interactive: whether the artist chooses, now or in the last dialog; else the arguments count as they are.
        ask_first: whether the procedure is the one with the dialog.

    Returns:
        The status, and a sentence for the artist where it is an error.
    """
    try:
        if interactive and ask_first and not _ask(config, image):
            return Gimp.PDBStatusType.CANCEL, ""
        if interactive and not ask_first:
            recall(config)
        harmonize_layers(image, drawables, chosen(config))
    except SamelightError as error:
        return Gimp.PDBStatusType.EXECUTION_ERROR, f"{error.message} {error.hint}".strip()
    return Gimp.PDBStatusType.SUCCESS, ""


def _ask(config: Gimp.ProcedureConfig, image: Gimp.Image) -> bool:
    """Show the dialog; whether to go on."""
    from .dialog import ask  # GTK takes its time to load, and only this needs it

    accepted = ask(config.get_procedure(), config, image)
    if accepted:
        remember(config)
    return accepted
