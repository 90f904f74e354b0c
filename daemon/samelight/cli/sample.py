"""The bundled sample: a composite and its mask."""

from __future__ import annotations

from pathlib import Path

__all__ = ["SAMPLE_COMPOSITE", "SAMPLE_MASK"]

_FOLDER = Path(__file__).parents[1] / "samples"

SAMPLE_COMPOSITE = _FOLDER / "composite.jpg"
"""An astronaut in studio light before a launch pad at dusk, 1200 x 800; samples/SOURCES.md names the photographs."""

SAMPLE_MASK = _FOLDER / "mask.png"
"""The astronaut's soft matte."""
