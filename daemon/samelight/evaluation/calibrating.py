"""Finding a network's calibration: its gains by least squares, and how much of small changes to hold back.

A picture's error is a quadratic form in the gains, so a few sums of products per picture say what any calibration
would give. They are taken of the network alone at 256 x 256, on composites and on pictures that need no change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import lsq_linear
from torch import Tensor

from samelight.calibration import GAINS, Calibration, Squares, apart, shares_kept
from samelight.evaluation.benchmark import BenchmarkSample
from samelight.evaluation.methods import Finder, Method, NetworkSpec
from samelight.evaluation.sets import PictureSet
from samelight.evaluation.sizes import ALONE, parse_size
from samelight_wire.errors import InputError, InvalidOptionError

__all__ = ["COLOUR_GAIN", "COLOUR_LIMIT", "HARMLESS", "Expected", "Seen", "calibrate", "expected_of", "look"]

COLOUR_LIMIT = 42.0
"""How far colour as a whole shifts at most, in 8-bit code values. Recolourings that are made for a benchmark shift
colours further than light does, and on real pastings such shifts take things' own colours for the light's: red bowls
go dull and brown (`docs/real-composites.md`)."""
COLOUR_GAIN = 1.15
"""By how much colour as a whole is scaled at most. A benchmark's pictures ask for more, real pastings for less: what
people paste has colours of its own (`docs/training-log.md`, 15)."""
HARMLESS = 35.0
"""Greatest mean fMSE by which pictures that need no change may be changed, in 8-bit code values squared: 40 is what is
asked, and other photographs gave up to a seventh more."""
SIZES = range(80, 401, 20)
"""Where the sizes at which half is kept are looked for, in 8-bit code values squared."""
FEWEST = 20
"""Pictures below which five gains are not to be found."""


@dataclass(frozen=True)
class Sums:
    """What a network's change of one picture gives under any calibration."""

    products: NDArray[np.float64]
    """5 x 5: mean products of the change's terms over the foreground, in 8-bit code values squared."""
    with_target: NDArray[np.float64]
    """5: the terms' mean products with the change that would be right."""
    squares: Squares
    """How large the change is."""


@dataclass(frozen=True)
class Seen:
    """A picture: what a network does to its composite, and to the real picture."""

    fmse: float
    """Of the composite."""
    composite: Sums
    """Of the network's change of it."""
    real: Sums
    """Of its change of the real picture, where nothing would be right."""


@dataclass(frozen=True)
class Expected:
    """What a calibration gives on the pictures that were seen, the network alone at 256 x 256."""

    fmse_ratio: float
    """Mean fMSE of the results by that of the composites."""
    better: float
    """Share 0..1 of the pictures that come nearer to the real one."""
    worse_by_3_db: int
    """Pictures that are 3 dB worse afterwards."""
    harmonious_fmse: float
    """Mean fMSE of what is done to pictures that need nothing."""


def look(
    pictures: PictureSet, spec: NetworkSpec, count: int, segmenter: str, begin: Callable[[str], None]
) -> list[Seen]:
    """Run the network on some of the pictures, drawn at random but always the same, and on what they were.

    Args:
      pictures: other than those on which the network will be measured.
      spec: the network.
      count: how many pictures at most; what cannot be read is left out.
      segmenter: what finds instances for networks that read them.
      begin: told each picture's name before its turn.

    Raises:
        WeightsError: the network's weights are missing or damaged.
        InvalidOptionError: fewer than 20 pictures can be used.
    """
    size = parse_size(ALONE)
    method = spec.open(size, Finder(segmenter, torch.device(spec.device)))
    seen = []
    drawn = np.random.default_rng(0).permutation(len(pictures.names))[:count]
    for index in sorted(drawn.tolist()):
        begin(pictures.names[index])
        try:
            seen.append(_seen(method, size.apply(pictures.read(index))))
        except InputError:
            continue
    if len(seen) < FEWEST:
        raise InvalidOptionError(
            f"There are {len(seen)} pictures to calibrate on, and fewer than {FEWEST} say too little.",
            "Name more photographs.",
        )
    return seen


def calibrate(
    seen: Sequence[Seen],
    colour_limit: float = COLOUR_LIMIT,
    harmless: float = HARMLESS,
    colour_gain: float = COLOUR_GAIN,
) -> Calibration:
    """The calibration that suits the pictures.

    The gains are those of least squares over all pictures, from 0 on and for colour up to `colour_gain`. Of the sizes
    at which half is kept, those are taken that leave the least ratio less the share of pictures that get better, among
    those by which what needs nothing is changed by `harmless` at most.

    Raises:
        InvalidOptionError: no size holds back enough, or `colour_gain` is no number from 0 on.
    """
    if not colour_gain >= 0:
        raise InvalidOptionError(f"Colour cannot be scaled by {colour_gain:g} at most.", "Name a number from 0 on.")
    gains = {name: round(float(gain), 2) for name, gain in zip(GAINS, _gains(seen, colour_gain), strict=True)}
    free = Calibration(**gains, colour_limit=colour_limit)
    wanted = [replace(free, half_at=whole, light_half_at=light) for whole, light in product(SIZES, SIZES)]
    rated = [(expected_of(seen, each), each) for each in wanted]
    fitting = [(e.fmse_ratio - e.better, n) for n, (e, _) in enumerate(rated) if e.harmonious_fmse <= harmless]
    if not fitting:
        raise InvalidOptionError(
            f"Whatever is held back, pictures that need nothing are changed by more than {harmless:g} (fMSE).",
            "Train the network for longer, or allow more by --harmless.",
        )
    return rated[min(fitting)[1]][1]


def expected_of(seen: Sequence[Seen], calibration: Calibration) -> Expected:
    """What a calibration gives on these pictures."""
    before = np.array([picture.fmse for picture in seen])
    after = np.array([_fmse(picture.composite, picture.fmse, calibration) for picture in seen])
    changed = [_fmse(picture.real, 0.0, calibration) for picture in seen]
    return Expected(
        float(after.sum() / before.sum()),
        float((after < before).mean()),
        int((after > before * 10**0.3).sum()),
        float(np.mean(changed)),
    )


def _fmse(sums: Sums, before: float, calibration: Calibration) -> float:
    """The fMSE that a calibration leaves of `before`."""
    shares = shares_kept(sums.squares, calibration)
    gains = shares * [getattr(calibration, name) for name in GAINS]
    return float(before - 2 * gains @ sums.with_target + gains @ sums.products @ gains)


def _gains(seen: Sequence[Seen], most_colour: float) -> NDArray[np.float64]:
    """The gains of least error over all pictures together, where nothing is held back: 0 or more.

    The error of gains g is g P g - 2 g t and a constant, which is |R g - r|^2 with P = R' R and t = R' r.
    """
    products = np.sum([picture.composite.products for picture in seen], axis=0)
    with_target = np.sum([picture.composite.with_target for picture in seen], axis=0)
    values, vectors = np.linalg.eigh(products)
    lengths = np.sqrt(values.clip(min=values[-1] * 1e-12))
    most = np.full(len(GAINS), np.inf)
    most[GAINS.index("colour")] = max(most_colour, 1e-9)  # bounds have to differ
    found = lsq_linear(lengths[:, None] * vectors.T, vectors.T @ with_target / lengths, (0, most), tol=1e-14)
    return np.asarray(found.x, np.float64)


def _seen(method: Method, sample: BenchmarkSample) -> Seen:
    composite, real, mask = _array(sample.composite), _array(sample.real), sample.mask[0].numpy()
    fitting = replace(sample, composite=sample.real)
    fmse = float((np.square(255 * (real - composite)).mean(axis=2) * mask).sum() / mask.sum())
    return Seen(
        fmse,
        _sums(composite, _array(method(sample).clamp(0, 1)), mask, real),
        _sums(real, _array(method(fitting).clamp(0, 1)), mask, real),
    )


def _sums(
    picture: NDArray[np.float32], harmonized: NDArray[np.float32], mask: NDArray[np.float32], real: NDArray[np.float32]
) -> Sums:
    parts, inside = apart(picture, harmonized, mask), mask > 0
    terms = np.stack([parts.scaled(gain)[inside] for gain in np.eye(len(GAINS))]).astype(np.float64)
    weights = mask[inside, None] * (255**2 / (3 * mask.sum()))
    products = np.einsum("ipc,jpc->ij", terms * weights, terms)
    with_target = np.einsum("ipc,pc->i", terms * weights, (real - picture)[inside])
    return Sums(products, with_target, parts.squares())


def _array(picture: Tensor) -> NDArray[np.float32]:
    """H x W x 3."""
    return np.ascontiguousarray(picture.permute(1, 2, 0).float().numpy())
