"""What a harmonization did, in figures and in words: so that a person sees why the layer looks as it does now."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from samelight import srgb
from samelight.calibration import Kept
from samelight.lifting import Blend

__all__ = ["describe_shift"]

Picture = NDArray[np.float32]

WHOLE = Blend()

NOTICEABLE_STOPS = 0.05
NOTICEABLE_CHANGE = 0.03
NEARLY_GRAY = 0.02
"""The least saturation that changes are multiples of: of gray, any colour is infinitely more."""
NOTICEABLY_KEPT = 0.25
HELD_BACK = " It fits its surroundings already as far as the network can tell, so little of a slight change was kept."
MOSTLY_KEPT = 0.75
LIMITED = " The network would shift its colour further, more than light mostly does: that was limited."


def describe_shift(before: Picture, kept: Kept, mask: Picture, blend: Blend = WHOLE) -> dict[str, Any]:
    """The foreground's mean change, as much of it as was asked for.

    Args:
        before: H x W x 3, sRGB code values 0..1.
        kept: what is kept of the network's answer; its picture is like `before`.
        mask: H x W in 0..1, the foreground.
        blend: what was asked for.

    Returns: `exposure_stops` (mean luminance), `warmth_stops` (red against blue; positive is warmer), `tint_stops`
    (green against magenta; positive is greener), `saturation_change` (0.1 is a tenth more), `kept_share` (what
    restraint leaves of the network's change, 0..1), `kept_colour` (what the limit leaves of its shift of colour),
    `strength` and `colour` (what was asked for) and `summary`, a few sentences.
    """
    after = blend.between(before, kept.picture)
    inside = mask > 0
    before, after, mask = before[inside], after[inside], mask[inside]
    mean_before, mean_after = (mask @ srgb.decode(picture) / mask.sum() for picture in (before, after))
    stops = np.log2((mean_after + 1e-4) / (mean_before + 1e-4))
    exposure = float(np.log2((mean_after @ srgb.LUMINANCE + 1e-4) / (mean_before @ srgb.LUMINANCE + 1e-4)))
    figures = {
        "exposure_stops": round(exposure, 3),
        "warmth_stops": round(float(stops[0] - stops[2]), 3),
        "tint_stops": round(float(stops[1] - (stops[0] + stops[2]) / 2), 3),
        "saturation_change": round(_saturation(after, mask) / _saturation(before, mask) - 1, 3),
    }
    shares = {
        "kept_share": round(kept.share, 3),
        "kept_colour": round(kept.colour, 3),
        "strength": blend.strength,
        "colour": blend.colour,
    }
    return {**figures, **shares, "summary": _in_words(figures) + _held_back(kept, blend)}


def _held_back(kept: Kept, blend: Blend) -> str:
    """A sentence on what was not the artist's choice, but the pipeline's; nothing where there is none."""
    if blend.strength > 0 and kept.share < NOTICEABLY_KEPT:
        return HELD_BACK
    return LIMITED if blend.strength * blend.colour > 0 and kept.colour < MOSTLY_KEPT else ""


def _saturation(picture: Picture, mask: Picture) -> float:
    """The weighted mean distance between a pixel's largest and smallest channel, NEARLY_GRAY..1."""
    distance = float(((picture.max(axis=1) - picture.min(axis=1)) * mask).sum() / mask.sum())
    return max(distance, NEARLY_GRAY)


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
