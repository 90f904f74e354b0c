"""The release that this copy of samelight_wire belongs to; a plug-in's may differ from the daemon's."""

from __future__ import annotations

__all__ = ["RELEASE"]

RELEASE = "0.1.0"
