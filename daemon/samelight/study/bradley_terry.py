"""Bradley and Terry's model of paired comparisons, fitted by maximum likelihood.

Method i has a score s_i, and is preferred to method j with probability 1 / (1 + exp(s_j - s_i)). Only differences of
scores mean anything, so they are centred: their mean is 0. A tie counts as half a win for either side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Fit", "fit", "fit_many", "groups_never_compared", "is_separated", "shares", "shares_deviation"]

Floats = NDArray[np.float64]

IMAGINARY = 0.5
"""Answers added in each direction to each pair that was compared, where the likelihood has no maximum."""
NEWTON_STEPS = 100
"""At most; five or six are usual."""


@dataclass(frozen=True)
class Fit:
    """Scores and how sure they are."""

    scores: Floats
    """K, natural logarithms of the methods' strengths, mean 0."""
    covariance: Floats
    """K x K, of the scores: the pseudo-inverse of the Fisher information, whose null space is the common offset."""
    regularised: bool
    """Whether imaginary answers had to be added, because without them a score would be infinite."""

    @property
    def deviations(self) -> Floats:
        """K, standard errors of the scores."""
        return np.sqrt(np.clip(np.diag(self.covariance), 0, None))


def fit(wins: Floats, compared: NDArray[np.bool_] | None = None) -> Fit:
    """Fit the scores.

    Where a method won or lost everything (or a group of methods did against all others), the most likely score is
    infinite. Half an imaginary answer in each direction is then added to each pair of methods that was compared; this
    keeps the order and gives a finite, cautious score.

    Args:
        wins: K x K, how often the row's method was preferred to the column's; not negative, the diagonal 0.
        compared: K x K, the pairs that imaginary answers may join; those of `wins` by default.

    Raises:
        ValueError: some methods were never compared with the others, so there is no common scale.
    """
    joined = (wins + wins.T) > 0 if compared is None else compared
    if len(groups_never_compared(joined.astype(float))) > 1:
        raise ValueError("the methods are not all connected by comparisons")
    separated = is_separated(wins)
    counted = wins + IMAGINARY * joined if separated else wins
    scores = _maximise(counted)
    covariance = np.asarray(np.linalg.pinv(_information(scores, counted), hermitian=True), np.float64)
    return Fit(scores, covariance, separated)


def fit_many(wins: Floats, start: Floats, compared: NDArray[np.bool_]) -> Floats:
    """Fit many tables at once, as a bootstrap needs it: the same scores as `fit`'s.

    Args:
        wins: N x K x K.
        start: K, scores near which all others will lie.
        compared: K x K, the pairs that imaginary answers may join in a table without a maximum.

    Returns:
        N x K, each centred.
    """
    separated = np.array([is_separated(each) for each in wins])
    counted = wins + IMAGINARY * (compared & separated[:, None, None])
    scores = np.tile(start, (len(wins), 1))
    centre = np.full((wins.shape[1], wins.shape[1]), 1 / wins.shape[1])  # holds the mean; the information does not
    for _ in range(NEWTON_STEPS):
        slopes = _slope(scores, counted)
        if np.abs(slopes).max() < 1e-9 * max(1.0, float(counted[0].sum())):
            break
        step = np.linalg.solve(_information(scores, counted) + centre, slopes[..., None])[..., 0]
        # A full step can overshoot where a score is far off; one that is never longer than 1 does not run away.
        longest = np.abs(step).max(axis=1, keepdims=True)
        scores = scores - step / np.maximum(longest, 1)
    return np.asarray(scores - scores.mean(axis=1, keepdims=True))


def groups_never_compared(wins: Floats) -> list[list[int]]:
    """The methods in groups between which there is no answer at all; one group where everything is connected."""
    return _components((wins + wins.T) > 0, connection="weak")


def is_separated(wins: Floats) -> bool:
    """Whether some group of methods never won against the rest: then no finite scores are the most likely ones.

    Ford's condition (1957): the maximum exists if and only if the graph of "won against" is strongly connected.
    """
    return len(_components(wins > 0, connection="strong")) > 1


def shares(scores: Floats) -> Floats:
    """Strengths that add up to 1, as SRIN's Table 4 prints them (0.089 + 0.247 + 0.294 + 0.368); last axis: methods."""
    strengths = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(strengths / strengths.sum(axis=-1, keepdims=True))


def shares_deviation(fitted: Fit) -> Floats:
    """K, standard errors of the shares, to first order in those of the scores."""
    share = shares(fitted.scores)
    slope = np.diag(share) - np.outer(share, share)
    return np.sqrt(np.clip(np.diag(slope @ fitted.covariance @ slope.T), 0, None))


def _components(edges: NDArray[np.bool_], connection: str) -> list[list[int]]:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    count, labels = connected_components(csr_array(edges), directed=True, connection=connection)
    return [np.flatnonzero(labels == label).tolist() for label in range(count)]


def _maximise(wins: Floats) -> Floats:
    """The scores of greatest likelihood; the last one is held at 0 meanwhile, because only differences count."""
    from scipy.optimize import minimize

    if len(wins) == 1:
        return np.zeros(1)

    def whole(free: Floats) -> Floats:
        return np.append(free, 0.0)

    found = minimize(
        lambda free: _loss(whole(free), wins),
        np.zeros(len(wins) - 1),
        jac=lambda free: _slope(whole(free), wins)[:-1],
        hess=lambda free: _information(whole(free), wins)[:-1, :-1],
        method="trust-exact",
        options={"gtol": 1e-10 * max(1.0, float(wins.sum()))},
    )
    scores = whole(np.asarray(found.x))
    return np.asarray(scores - scores.mean())


def _loss(scores: Floats, wins: Floats) -> float:
    """Minus the logarithm of the likelihood."""
    return float((wins * np.logaddexp(0, scores[None, :] - scores[:, None])).sum())


def _slope(scores: Floats, wins: Floats) -> Floats:
    """... x K, derivatives of the loss: wins that the scores expect, minus those that there were."""
    expected = (wins + wins.swapaxes(-1, -2)) * _probabilities(scores)
    return np.asarray(expected.sum(axis=-1) - wins.sum(axis=-1))


def _information(scores: Floats, wins: Floats) -> Floats:
    """... x K x K, Fisher's information, which here is the loss's matrix of second derivatives."""
    chance = _probabilities(scores)
    weights = (wins + wins.swapaxes(-1, -2)) * chance * chance.swapaxes(-1, -2)
    return np.asarray(np.eye(scores.shape[-1]) * weights.sum(axis=-1)[..., None] - weights)


def _probabilities(scores: Floats) -> Floats:
    """... x K x K, how likely the row's method is preferred to the column's."""
    return np.asarray(1 / (1 + np.exp(scores[..., None, :] - scores[..., :, None])))
