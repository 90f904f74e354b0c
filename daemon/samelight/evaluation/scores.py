"""Every picture's figures by method, and the means and groups that tables are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from statistics import fmean, median

import numpy as np
from numpy.typing import NDArray

from samelight.evaluation.metrics import PictureFigures

__all__ = ["COMPOSITE", "FOREGROUND_RANGES", "REAL", "Row", "Scores", "foreground_range"]

COMPOSITE = "composite"
"""The untouched composite: what doing nothing scores."""
REAL = "real"
"""What the real pictures are called where they stand beside the methods' results; no method may have this name."""
FOREGROUND_RANGES = ((0.0, 0.05), (0.05, 0.15), (0.15, 1.0))
"""Foreground shares of the literature's tables."""

LEAST_ERROR = 1e-12
"""Stands for an error of 0 where something is divided by it."""
RESAMPLES = 1000
"""Resamples of the bootstrap."""


@dataclass(frozen=True)
class Row:
    """A method's mean figures over some of the pictures."""

    pictures: int
    """How many."""
    mse: float
    """Mean of the pictures' MSE, 8-bit range."""
    fmse: float
    """Mean of the pictures' fMSE, 8-bit range."""
    psnr: float
    """Mean of the pictures' PSNR in dB."""
    fpsnr: float
    """Mean of the pictures' foreground PSNR in dB."""
    fmse_ratio: float
    """Mean fMSE by the composites' mean fMSE on the same pictures: below 1 is better than doing nothing."""
    better: float
    """Share 0..1 of the pictures whose fMSE is below their composite's."""
    worse_by_3_db: int
    """Pictures whose foreground PSNR is more than 3 dB below their composite's."""
    ssim: float | None = None
    """Mean of the pictures' SSIM, at most 1; None where it was not measured."""
    fssim: float | None = None
    """Mean of the pictures' foreground SSIM, at most 1; None where it was not measured."""
    lpips: float | None = None
    """Mean of the pictures' LPIPS distance; None where it was not measured."""


@dataclass
class Scores:
    """Every picture's figures, by method, and the groups that tables are made of."""

    names: list[str] = field(default_factory=list)
    """The pictures, in the order of all other lists."""
    families: list[str] = field(default_factory=list)
    """How each was recoloured; "" where nobody knows."""
    shares: list[float] = field(default_factory=list)
    """Foreground share of each, 0..1."""
    figures: dict[str, list[PictureFigures]] = field(default_factory=dict)
    """By method; `COMPOSITE` is always there."""
    subsets: list[str] = field(default_factory=list)
    """The data set's part that each belongs to, such as HCOCO; "" (or an empty list) where it has none."""
    outlines: list[str] = field(default_factory=list)
    """Whose outline each foreground has: "own", "borrowed" or "drawn"; "" (or an empty list) where nobody knows."""
    seconds: dict[str, list[float]] = field(default_factory=dict)
    """By method: how long each picture took on the machine that measured; not of composites."""
    harmonious: dict[str, list[float]] = field(default_factory=dict)
    """By method: fMSE of each picture where the real picture itself was given as the composite; empty where that was
    not asked for. The best is 0: what is harmonious is left alone."""

    def row(self, method: str, chosen: Iterable[int] | None = None) -> Row:
        """A method's means over the chosen pictures (all by default).

        Raises:
            ValueError: none is chosen.
        """
        indices = self._indices(chosen)
        own = [self.figures[method][index] for index in indices]
        composite = [self.figures[COMPOSITE][index] for index in indices]
        pairs = list(zip(own, composite, strict=True))
        return Row(
            pictures=len(own),
            mse=fmean(figures.mse for figures in own),
            fmse=fmean(figures.fmse for figures in own),
            psnr=fmean(figures.psnr for figures in own),
            fpsnr=fmean(figures.fpsnr for figures in own),
            fmse_ratio=fmean(f.fmse for f in own) / max(fmean(f.fmse for f in composite), LEAST_ERROR),
            better=fmean(float(mine.fmse < untouched.fmse) for mine, untouched in pairs),
            worse_by_3_db=sum(mine.fpsnr < untouched.fpsnr - 3 for mine, untouched in pairs),
            ssim=_mean_of_known([figures.ssim for figures in own]),
            fssim=_mean_of_known([figures.fssim for figures in own]),
            lpips=_mean_of_known([figures.lpips for figures in own]),
        )

    def groups(self) -> dict[str, dict[str, list[int]]]:
        """The pictures' indices by "subset", "foreground", "family" and "outline", and in each by the group's label.

        A kind is left out where it does not tell pictures apart (no subsets, no families); a label where it has none.
        """
        kinds = {
            "subset": self.subsets,
            "foreground": [foreground_range(share) for share in self.shares],
            "family": self.families,
            "outline": self.outlines,
        }
        order = {foreground_range(high): None for _, high in FOREGROUND_RANGES}
        found = {}
        for kind, labels in kinds.items():
            names = order if kind == "foreground" else dict.fromkeys(labels)
            members = {name: [i for i, label in enumerate(labels) if label == name] for name in names if name}
            if any(members.values()):
                found[kind] = {name: indices for name, indices in members.items() if indices}
        return found

    def by_family(self, method: str) -> dict[str, Row]:
        """A method's means for each recolouring family."""
        return self._rows(method, "family")

    def by_foreground(self, method: str) -> dict[str, Row]:
        """A method's means for small, middle and large foregrounds; ranges without a picture are left out."""
        return self._rows(method, "foreground")

    def by_outline(self, method: str) -> dict[str, Row]:
        """A method's means for foregrounds of an own, a borrowed and a drawn outline."""
        return self._rows(method, "outline")

    def by_subset(self, method: str) -> dict[str, Row]:
        """A method's means for each of the data set's parts."""
        return self._rows(method, "subset")

    def ratios(self, method: str) -> list[float]:
        """Each picture's fMSE by its composite's; below 1 is better than doing nothing."""
        pairs = zip(self.figures[method], self.figures[COMPOSITE], strict=True)
        return [mine.fmse / max(untouched.fmse, LEAST_ERROR) for mine, untouched in pairs]

    def median_ratio(self, method: str) -> float:
        """Median over the pictures of fMSE by the composite's fMSE."""
        return median(self.ratios(method))

    def ratio_interval(self, method: str, chosen: Iterable[int] | None = None) -> tuple[float, float]:
        """95 % bootstrap confidence interval of `Row.fmse_ratio`: the pictures are drawn anew, the same every time.

        Raises:
            ValueError: none is chosen.
        """
        indices = self._indices(chosen)
        own, composite = (
            np.array([self.figures[name][index].fmse for index in indices]) for name in (method, COMPOSITE)
        )
        draws = _draws(len(indices))
        low, high = np.percentile((draws @ own) / np.maximum(draws @ composite, LEAST_ERROR), (2.5, 97.5))
        return float(low), float(high)

    def median_seconds(self, method: str) -> float | None:
        """Median time a picture; None where it was not measured."""
        return median(self.seconds[method]) if self.seconds.get(method) else None

    def harmonious_fmse(self, method: str) -> float | None:
        """Mean fMSE on pictures that were harmonious already; None where that was not measured."""
        return fmean(self.harmonious[method]) if self.harmonious.get(method) else None

    def _indices(self, chosen: Iterable[int] | None) -> list[int]:
        indices = list(range(len(self.names)) if chosen is None else chosen)
        if not indices:
            raise ValueError("no picture is chosen")
        return indices

    def _rows(self, method: str, kind: str) -> dict[str, Row]:
        return {label: self.row(method, chosen) for label, chosen in self.groups().get(kind, {}).items()}


@lru_cache(maxsize=1)
def _draws(count: int) -> NDArray[np.float64]:
    """How often each of `count` pictures is in each of the bootstrap's draws: the same for all methods, so that their
    intervals can be compared, and drawn once, because that takes seconds for thousands of pictures.
    """
    draws = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), RESAMPLES)
    return draws.astype(np.float64)


def foreground_range(share: float) -> str:
    """The literature's range that a foreground share of 0..1 belongs to, such as "5%-15%"; upper ends belong to it."""
    low, high = next((each for each in FOREGROUND_RANGES if share <= each[1]), FOREGROUND_RANGES[-1])
    return f"{low:.0%}-{high:.0%}"


def _mean_of_known(values: Sequence[float | None]) -> float | None:
    """Their mean; None where one is unknown, because a mean over other pictures could not be compared."""
    known = [value for value in values if value is not None]
    return fmean(known) if len(known) == len(values) else None
