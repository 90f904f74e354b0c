"""How composites vary: data, not code."""

from __future__ import annotations

from dataclasses import dataclass

from samelight.training.recolouring import Family

__all__ = ["FAMILIES", "HARMONIOUS", "PASTED", "Variety"]

HARMONIOUS = "harmonious"
"""What `Composites.families` says of a foreground that was left as it is."""
PASTED = "pasted"
"""What it says of a foreground that is another photograph's: nobody knows how it should look."""

FAMILIES: tuple[Family, ...] = (
    Family("reinhard", {"least_share": 0.4}),
    Family("xiao-ma", {"least_share": 0.4}),
    Family("histogram", {"least_share": 0.4}),
    Family("idt", {"least_share": 0.4, "iterations": 6}),
    Family("camera", {"stops": 1.0, "balance": 0.7, "contrast": 0.3, "saturation": 0.3, "knee": 0.4}, weight=2.5),
    Family("light-gradient", {"stops": 1.1, "balance": 0.6}, weight=0.8),
    Family("light-spot", {"stops": 1.4, "balance": 0.6}, weight=0.4),
    Family("soft-shadow", {"stops": 2.2, "balance": 0.5}, weight=0.4),
    Family("colour-map", {"lighter": 0.13, "tint": 0.05, "bend": 0.06}, weight=1.2),
)
"""What the networks train on; methods of the same names are in `looks.METHODS`."""


@dataclass(frozen=True)
class Variety:
    """Everything about composites from photographs that is a matter of choice."""

    families: tuple[Family, ...] = FAMILIES
    """The recolourings, drawn by their weights."""
    harmonious: float = 0.1
    """Share of the composites that are left as they are, of those that are not pasted: the network also has to learn to
    do nothing."""
    pasted: float = 0.0
    """Share of the composites of photographs' own regions that are pasted upon another photograph as they are, like
    people's. Nobody knows the right answer to them: they are for a teacher's students (`samelight.training.teaching`).
    """
    strengths: tuple[float, float] = (1000.0, 6000.0)
    """Each composite's greatest fMSE lies in this range (8-bit code values squared): a stronger change is scaled down
    to it, because nobody pastes a picture whose colours are all gone."""
    ends_held: float = 0.5
    """Share of the recolourings that leave black black and white white, as lamps and cameras do: else a network
    would learn that whatever is dark was darkened."""
    light_on_top: float = 0.15
    """Share of the recolourings upon which a change of light follows that differs from place to place."""
    kin: float = 0.5
    """Share of the transfers whose reference is, of a few regions, that of most similar brightness."""
    own: float = 0.8
    """Share of the foregrounds that are the photograph's own regions, where it has any."""
    selected: float = 0.2
    """Share of the other foregrounds that follow the photograph's own colours, as a magic wand selects them."""
    borrowed: float = 0.8
    """Share of those left that have the shape of a region of another photograph; the rest are drawn."""
    several: float = 0.12
    """Share of the composites with two or three foregrounds: a layer may hold several objects."""
    differently: float = 0.25
    """Share of those whose foregrounds are each recoloured in a way of their own: pasted from several pictures."""
    hard_edges: float = 0.3
    """Share of the composites whose mask is 0 or 1 everywhere."""
    wide_edges: float = 0.2
    """Share of the composites with a feathered edge."""
    narrow_radius: tuple[float, float] = (0.4, 3.0)
    """Deviation of the Gaussian that softens all other edges, in pixels; small ones are the likeliest."""
    wide_radius: float = 0.06
    """Greatest deviation of a feathered edge by the shorter side of the picture."""
