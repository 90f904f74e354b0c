"""What a harmonization did, in figures and in words: so that a person sees why the layer looks as it does now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samelight import srgb
from samelight.calibration import Kept
from samelight.lifting import Blend

__all__ = ["Shift", "shift_of"]

Picture = NDArray[np.float32]

NOTICEABLE_STOPS = 0.05
NOTICEABLE_CHANGE = 0.03
NEARLY_GRAY = 0.02
"""The least saturation that changes are multiples of: of gray, any colour is infinitely more."""
NOTICEABLY_KEPT = 0.25
HELD_BACK = " It fits its surroundings already as far as the network can tell, so little of a slight change was kept."
MOSTLY_KEPT = 0.75
LIMITED = " The network would shift its colour further, more than light mostly does: that was limited."


@dataclass(frozen=True)
class Shift:
    """How the foreground's colours change with all of the change: enough to tell what any blend of it does, and little
    beside a layer, because only the foreground of the working picture is kept.
    """

    before: Picture
    """N x 3, sRGB code values 0..1 of the foreground's N places."""
    after: Picture
    """The same with all of the change."""
    mask: Picture
    """N, how much each place counts, above 0."""
    kept_share: float
    """What restraint leaves of the network's change, 0..1."""
    kept_colour: float
    """What the limit leaves of its shift of colour."""
    gray: bool
    """Whether the layer has no colours: nothing is told of any then."""

    @property
    def byte_length(self) -> int:
        """Bytes that it keeps in memory."""
        return self.before.nbytes + self.after.nbytes + self.mask.nbytes

    def reasons(self, blend: Blend) -> dict[str, Any]:
        """The foreground's mean change, as much of it as was asked for.

        Returns: `exposure_stops` (mean luminance), `warmth_stops` (red against blue; positive is warmer), `tint_stops`
        (green against magenta; positive is greener), `saturation_change` (0.1 is a tenth more), `kept_share`,
        `kept_colour`, `strength` and `colour` (what was asked for) and `summary`, a few sentences. Of a gray layer what
        concerns colour is left out.
        """
        figures = self._figures(blend.between(self.before, self.after))
        shares = {"kept_share": round(self.kept_share, 3), "strength": blend.strength}
        if not self.gray:
            shares |= {"kept_colour": round(self.kept_colour, 3), "colour": blend.colour}
        return {**figures, **shares, "summary": _in_words(figures) + self._held_back(blend)}

    def _figures(self, after: Picture) -> dict[str, float]:
        mean_before, mean_after = (
            self.mask @ srgb.decode(picture) / self.mask.sum() for picture in (self.before, after)
        )
        exposure = float(np.log2((mean_after @ srgb.LUMINANCE + 1e-4) / (mean_before @ srgb.LUMINANCE + 1e-4)))
        if self.gray:
            return {"exposure_stops": round(exposure, 3)}
        stops = np.log2((mean_after + 1e-4) / (mean_before + 1e-4))
        return {
            "exposure_stops": round(exposure, 3),
            "warmth_stops": round(float(stops[0] - stops[2]), 3),
            "tint_stops": round(float(stops[1] - (stops[0] + stops[2]) / 2), 3),
            "saturation_change": round(_saturation(after, self.mask) / _saturation(self.before, self.mask) - 1, 3),
        }

    def _held_back(self, blend: Blend) -> str:
        """A sentence on what was not the artist's choice, but the pipeline's; nothing where there is none."""
        if blend.strength > 0 and self.kept_share < NOTICEABLY_KEPT:
            return HELD_BACK
        wanted = 0.0 if self.gray else blend.strength * blend.colour
        return LIMITED if wanted > 0 and self.kept_colour < MOSTLY_KEPT else ""


def shift_of(before: Picture, kept: Kept, mask: Picture, gray: bool) -> Shift:
    """What is to be remembered of a change.

    Args:
        before: H x W x 3, sRGB code values 0..1.
        kept: what is kept of the network's answer; its picture is like `before`.
        mask: H x W in 0..1, the foreground.
        gray: whether the layer is gray; of a change it takes the luminance.
    """
    inside = mask > 0
    own, changed = before[inside], kept.picture[inside]
    if gray:
        own, changed = _without_colour(own), _without_colour(changed)
    return Shift(own, changed, mask[inside], kept.share, kept.colour, gray)


def _without_colour(picture: Picture) -> Picture:
    """Gray of the same luminance, N x 3."""
    return np.repeat(srgb.encode((srgb.decode(picture) @ srgb.LUMINANCE)[:, None]), 3, axis=1)


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
        stops = figures.get(key, 0.0)
        if abs(stops) >= limit:
            parts.append(f"{abs(stops):.2f} stops {more if stops > 0 else less}")
    change = figures.get("saturation_change", 0.0)
    if abs(change) >= NOTICEABLE_CHANGE:
        parts.append(f"{abs(change):.0%} {'more' if change > 0 else 'less'} saturated")
    return ("The foreground became " + ", ".join(parts) + ".") if parts else "The foreground hardly changed."
