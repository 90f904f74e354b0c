"""What the artist chose last, kept by Krita in its own configuration file."""

from __future__ import annotations

from dataclasses import dataclass

from krita import Krita

from samelight_wire import USUAL_COLOUR, Options

__all__ = ["Settings", "load_settings", "save_settings"]

GROUP = "samelight"

STRENGTH, COLOUR = 100, round(100 * USUAL_COLOUR)
"""What an artist begins with, in percent."""


@dataclass(frozen=True)
class Settings:
    """The last choices.

    model: the network's name; empty is the daemon's default.
    strength: how much of the change is applied, in percent.
    colour: how much of its shift of colour is applied, in percent.
    limit_to_selection: whether a selection limits the effect.
    """

    model: str = ""
    strength: int = STRENGTH
    colour: int = COLOUR
    limit_to_selection: bool = True

    def options(self) -> Options:
        """The choices as a request carries them."""
        return Options(self.model or None, self.strength / 100, self.colour / 100, self.limit_to_selection)


def load_settings() -> Settings:
    """What was saved; the defaults for what was not, or what makes no sense."""
    read = Krita.instance().readSetting
    return Settings(
        model=read(GROUP, "model", "")[:64],
        strength=_percent(read(GROUP, "strength", ""), STRENGTH),
        colour=_percent(read(GROUP, "colour", ""), COLOUR),
        limit_to_selection=read(GROUP, "limit_to_selection", "true") == "true",
    )


def save_settings(settings: Settings) -> None:
    """Keep these for the next time."""
    write = Krita.instance().writeSetting
    write(GROUP, "model", settings.model)
    write(GROUP, "strength", str(settings.strength))
    write(GROUP, "colour", str(settings.colour))
    write(GROUP, "limit_to_selection", "true" if settings.limit_to_selection else "false")


def _percent(text: str, first: int) -> int:
    """A saved percentage; the first one for what is none."""
    return int(text) if text.isdecimal() and int(text) <= 100 else first
