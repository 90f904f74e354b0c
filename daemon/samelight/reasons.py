"""What a harmonization did, in figures and in words: so that a person sees why the layer looks as it does now."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from samelight import srgb

__all__ = ["describe_shift"]

Picture = NDArray[np.float32]

NOTICEABLE_STOPS = 0.05
NOTICEABLE_CHANGE = 0.03
NEARLY_GRAY = 0.02
"""Saturation below which a change is not told as a multiple of it: of gray, any colour is infinitely more."""
NOTICEABLY_KEPT = 0.25
HELD_BACK = " It fits its surroundings already as far as the network can tell, so little of a slight change was kept."
MOSTLY_KEPT = 0.75
LIMITED = " The network would shift its colour further, more than light mostly does: that was limited."


def describe_shift(
    before: Picture, after: Picture, mask: Picture, kept_share: float = 1.0, kept_colour: float = 1.0
) -> dict[str, Any]:
    """The foreground's mean change.

    Args:
        before: H x W x 3, sRGB code values 0..1.
        after: the same, harmonized.
        mask: H x W in 0..1, the foreground.
        kept_share: how much of the network's change is in `after`, 0..1 (`restraint.py`).
        kept_colour: how much of its shift of colour the limit leaves, 0..1 (`calibration.py`).

    Returns: `exposure_stops` (mean luminance), `warmth_stops` (red against blue; positive is warmer), `tint_stops`
    (green against magenta; positive is greener), `saturation_change` (0.1 is a tenth more), `kept_share`,
    `kept_colour` and `summary`, a few sentences.
    """
    inside = mask > 0
    before, after, mask = before[inside], after[inside], mask[inside]
    mean_before, mean_after = (mask @ srgb.decode(picture) / mask.sum() for picture in (before, after))
    stops = np.log2((mean_after + 1e-4) / (mean_before + 1e-4))
    exposure = float(np.log2((mean_after @ srgb.LUMINANCE + 1e-4) / (mean_before @ srgb.LUMINANCE + 1e-4)))
    figures = {
        "exposure_stops": round(exposure, 3),
        "warmth_stops": round(float(stops[0] - stops[2]), 3),
        "tint_stops": round(float(stops[1] - (stops[0] + stops[2]) / 2), 3),
        "saturation_change": round(_saturation(after, mask) / max(_saturation(before, mask), NEARLY_GRAY) - 1, 3),
    }
    shares = {"kept_share": round(kept_share, 3), "kept_colour": round(kept_colour, 3)}
    restrained = HELD_BACK if kept_share < NOTICEABLY_KEPT else LIMITED if kept_colour < MOSTLY_KEPT else ""
    return {**figures, **shares, "summary": _in_words(figures) + restrained}


def _saturation(picture: Picture, mask: Picture) -> float:
    """The weighted mean distance between a pixel's largest and smallest channel, 0..1."""
    return float(((picture.max(axis=1) - picture.min(axis=1)) * mask).sum() / mask.sum())


def _in_words(figures: dict[str, float]) -> str:
    """A sentence that names what a person would notice."""
    parts = []
    for key, limit, more, less in (
        ("exposure_stops", NOTICEABLE_STOPS, "brighter", "darker"),
        ("warmth_stops", NOTICEABLE_STOPS, "warmer", "cooler"),
        ("tint_stops", NOTICEABLE_STOPS, "greener", "more magenta"),
    ):
        if abs(figures[key]) >= limit:
            parts.append(f"{abs(figures[key]):.2f} stops {more if figures[key] > 0 else less}")
    change = figures["saturation_change"]
    if abs(change) >= NOTICEABLE_CHANGE:
        parts.append(f"{abs(change):.0%} {'more' if change > 0 else 'less'} saturated")
    return ("The foreground became " + ", ".join(parts) + ".") if parts else "The foreground hardly changed."
