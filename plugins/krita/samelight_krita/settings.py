"""What the artist chose last, kept by Krita in its own configuration file."""

from __future__ import annotations

from dataclasses import dataclass, replace

from krita import Krita

from samelight_wire import Options

__all__ = ["Settings", "load_settings", "save_settings"]

GROUP = "samelight"


@dataclass(frozen=True)
class Settings:
    """The last choices.

    model: the network's name; empty is the daemon's default.
    percent: the strength, 0..100.
    limit_to_selection: whether a selection limits the effect.
    """

    model: str = ""
    percent: int = 100
    limit_to_selection: bool = True

    def options(self) -> Options:
        """The choices as a request carries them."""
        return Options(self.model or None, self.percent / 100, self.limit_to_selection)

    def with_percent(self, percent: int) -> Settings:
        """The same at another strength."""
        return replace(self, percent=max(0, min(100, percent)))


def load_settings() -> Settings:
    """What was saved; the defaults for what was not, or what makes no sense."""
    read = Krita.instance().readSetting
    percent = read(GROUP, "strength", "100")
    settings = Settings(read(GROUP, "model", "")[:64], 100, read(GROUP, "limit_to_selection", "true") == "true")
    return settings.with_percent(int(percent)) if percent.isdigit() else settings


def save_settings(settings: Settings) -> None:
    """Keep these for the next time."""
    write = Krita.instance().writeSetting
    write(GROUP, "model", settings.model)
    write(GROUP, "strength", str(settings.percent))
    write(GROUP, "limit_to_selection", "true" if settings.limit_to_selection else "false")
