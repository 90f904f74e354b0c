"""The page's plots as geometry: small panels side by side, drawn by the template as inline SVG in the page's colours.

Every panel is labelled by itself, so no legend has to be matched by colour, and any number of methods can be read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from samelight.evaluation.evaluation import MethodFacts
from samelight.evaluation.scores import COMPOSITE, Row, Scores

__all__ = ["Bar", "BarPanel", "ScatterPanel", "error_bars", "ratio_bars", "scatters"]

MOST_POINTS = 1500
"""Points of a scatter plot; of more pictures evenly chosen ones are drawn."""

SIZE = 100.0
"""Side of a scatter plot's area in its own units."""


@dataclass(frozen=True)
class Bar:
    """One method's bar."""

    label: str
    """The method."""
    kind: str
    """"composite", "network", "baseline" or "results": decides the colour."""
    text: str
    """The figure in words."""
    length: float
    """0..1 of the panel's width."""
    best: bool
    """Whether none is shorter."""


@dataclass(frozen=True)
class BarPanel:
    """Bars of all methods for one group of pictures."""

    title: str
    """The group."""
    pictures: int
    """How many it has."""
    bars: Sequence[Bar]
    """In the tables' order."""
    reference: float | None
    """Where the line for "as the composite" stands, 0..1; None where there is no such line."""


@dataclass(frozen=True)
class ScatterPanel:
    """A method's pictures: the composite's fMSE to the right, the result's upwards, both logarithmic."""

    method: str
    """Whose."""
    better: str
    """An SVG path of the points below the diagonal, in 0..100."""
    worse: str
    """Those above it."""
    ticks: Sequence[tuple[float, str]]
    """Places in 0..100 and labels, the same on both axes."""
    shown: int
    """Points drawn."""
    pictures: int
    """Pictures there are."""
    improved: int
    """Pictures below the diagonal, drawn or not."""


def error_bars(scores: Scores, methods: Mapping[str, MethodFacts]) -> list[BarPanel]:
    """Mean fMSE by foreground ratio and over all pictures."""
    groups: dict[str, Sequence[int] | None] = {**scores.groups().get("foreground", {}), "all pictures": None}
    return _panels(scores, methods, groups, lambda row: row.fmse, lambda value: f"{value:,.1f}")


def ratio_bars(scores: Scores, methods: Mapping[str, MethodFacts]) -> list[BarPanel]:
    """Mean fMSE by the composites', by recolouring family or, where there are none, by subset."""
    found = scores.groups()
    groups: dict[str, Sequence[int] | None] = dict(found.get("family") or found.get("subset") or {})
    if not groups:
        return []
    return _panels(scores, methods, groups, lambda row: row.fmse_ratio, lambda value: f"{value:.3f}", reference=True)


def scatters(scores: Scores) -> list[ScatterPanel]:
    """A panel for each method but the composite."""
    methods = [name for name in scores.figures if name != COMPOSITE]
    values = [figures.fmse for found in scores.figures.values() for figures in found]
    low = 10 ** math.floor(math.log10(max(min(values), 0.1)))
    high = 10 ** math.ceil(math.log10(max(*values, low * 10) if len(values) > 1 else low * 10))
    return [_scatter(scores, method, low, high) for method in methods]


def _panels(
    scores: Scores,
    methods: Mapping[str, MethodFacts],
    groups: Mapping[str, Sequence[int] | None],
    figure: Callable[[Row], float],
    words: Callable[[float], str],
    *,
    reference: bool = False,
) -> list[BarPanel]:
    rows = {label: {name: scores.row(name, chosen) for name in scores.figures} for label, chosen in groups.items()}
    longest = max((figure(row) for found in rows.values() for row in found.values()), default=0.0) or 1.0
    return [
        BarPanel(
            title=label,
            pictures=next(iter(found.values())).pictures,
            bars=_bars({name: figure(row) for name, row in found.items()}, methods, longest, words),
            reference=1 / longest if reference else None,
        )
        for label, found in rows.items()
    ]


def _bars(
    values: Mapping[str, float], methods: Mapping[str, MethodFacts], longest: float, words: Callable[[float], str]
) -> list[Bar]:
    best = min(values.values())
    return [
        Bar(
            label=name,
            kind=methods[name].kind if name in methods else COMPOSITE,
            text=words(value),
            length=value / longest,
            best=value == best,
        )
        for name, value in values.items()
    ]


def _scatter(scores: Scores, method: str, low: float, high: float) -> ScatterPanel:
    pairs = [
        (untouched.fmse, mine.fmse)
        for untouched, mine in zip(scores.figures[COMPOSITE], scores.figures[method], strict=True)
    ]
    stride = max(1.0, len(pairs) / MOST_POINTS)
    drawn = [pairs[int(number * stride)] for number in range(min(len(pairs), MOST_POINTS))]

    def place(value: float) -> float:
        return SIZE * math.log(max(value, low) / low) / math.log(high / low)

    def path(points: Sequence[tuple[float, float]]) -> str:
        return "".join(f"M{place(x):.1f} {SIZE - place(y):.1f}h0" for x, y in points)

    decades = range(round(math.log10(low)), round(math.log10(high)) + 1)
    return ScatterPanel(
        method=method,
        better=path([(x, y) for x, y in drawn if y < x]),
        worse=path([(x, y) for x, y in drawn if y >= x]),
        ticks=[(place(10.0**decade), _short(10.0**decade)) for decade in decades],
        shown=len(drawn),
        pictures=len(pairs),
        improved=sum(y < x for x, y in pairs),
    )


def _short(value: float) -> str:
    """A power of ten in few letters: 0.1, 10, 1k."""
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"
