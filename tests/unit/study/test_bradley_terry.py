"""Bradley-Terry scores against cases worked out by hand, and against the answers of simulated people."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from samelight.study.bradley_terry import fit, fit_many, groups_never_compared, is_separated, shares, shares_deviation

TO_SIX_DIGITS = 1e-6


def wins(*rows: tuple[float, ...]) -> NDArray[np.float64]:
    return np.array(rows, np.float64)


def test_two_methods() -> None:
    # Preferred 30 times to 10: the difference is log 3; its variance 1 / (40 * 3/4 * 1/4) = 4/30, a centred score has
    # a quarter of it. The shares are 3/4 and 1/4 with variance p (1 - p) / n.
    found = fit(wins((0, 30), (10, 0)))
    assert found.scores == pytest.approx([math.log(3) / 2, -math.log(3) / 2], abs=TO_SIX_DIGITS)
    assert found.deviations == pytest.approx([math.sqrt(4 / 30 / 4)] * 2, abs=TO_SIX_DIGITS)
    assert shares(found.scores) == pytest.approx([0.75, 0.25], abs=TO_SIX_DIGITS)
    assert shares_deviation(found) == pytest.approx([math.sqrt(0.75 * 0.25 / 40)] * 2, abs=TO_SIX_DIGITS)
    assert not found.regularised


def test_three_methods_whose_answers_fit_exactly() -> None:
    # Strengths 1 : 2 : 4 expect 1 of 3, 1 of 5 and 1 of 3 answers; with 6, 10 and 9 answers these are whole numbers.
    found = fit(wins((0, 2, 2), (4, 0, 3), (8, 6, 0)))
    assert shares(found.scores) == pytest.approx([1 / 7, 2 / 7, 4 / 7], abs=TO_SIX_DIGITS)
    assert found.scores == pytest.approx([-math.log(2), 0, math.log(2)], abs=TO_SIX_DIGITS)


def test_three_methods_in_a_circle_are_equal() -> None:
    # Each won 2 of 3 against the next. The information is n p q = 3/4 a pair: 3/4 (3 I - J), whose pseudo-inverse is
    # (4/9) (I - J/3), so every score has variance 4/9 * 2/3 = 8/27.
    found = fit(wins((0, 2, 1), (1, 0, 2), (2, 1, 0)))
    assert found.scores == pytest.approx([0, 0, 0], abs=TO_SIX_DIGITS)
    assert found.deviations == pytest.approx([math.sqrt(8 / 27)] * 3, abs=TO_SIX_DIGITS)


def test_three_methods_of_which_two_never_met() -> None:
    # A chain is fitted link by link: log 2 between the first two, log 3 between the last two.
    found = fit(wins((0, 2, 0), (1, 0, 3), (0, 1, 0)))
    a, b, c = found.scores
    assert a - b == pytest.approx(math.log(2), abs=TO_SIX_DIGITS)
    assert b - c == pytest.approx(math.log(3), abs=TO_SIX_DIGITS)
    assert a + b + c == pytest.approx(0, abs=TO_SIX_DIGITS)


def test_ties_are_half_a_win_each() -> None:
    # 2 wins, 1 loss and 2 ties are 3 to 2.
    assert fit(wins((0, 3), (2, 0))).scores[0] == pytest.approx(math.log(1.5) / 2, abs=TO_SIX_DIGITS)


def test_who_won_everything_gets_a_finite_score_that_says_so() -> None:
    # Half an imaginary answer each way: 10.5 to 0.5.
    found = fit(wins((0, 10), (0, 0)))
    assert found.regularised
    assert found.scores[0] == pytest.approx(math.log(21) / 2, abs=TO_SIX_DIGITS)


def test_a_group_that_won_everything_is_separated_too() -> None:
    table = wins((0, 2, 3, 3), (1, 0, 3, 3), (0, 0, 0, 2), (0, 0, 1, 0))
    assert is_separated(table)
    found = fit(table)
    assert found.regularised
    assert list(np.argsort(-found.scores)) == [0, 1, 2, 3]
    assert np.isfinite(found.scores).all()


def test_methods_that_never_met_have_no_common_scale() -> None:
    table = wins((0, 1, 0, 0), (2, 0, 0, 0), (0, 0, 0, 1), (0, 0, 1, 0))
    assert groups_never_compared(table) == [[0, 1], [2, 3]]
    with pytest.raises(ValueError, match="not all connected"):
        fit(table)


def test_large_studies_and_small_ones_are_fitted_alike() -> None:
    small = wins((0, 7, 9), (3, 0, 6), (1, 4, 0))
    assert fit(small * 1e5).scores == pytest.approx(fit(small).scores, abs=TO_SIX_DIGITS)


def test_the_gradient_is_zero_at_the_scores() -> None:
    rng = np.random.default_rng(3)
    table = rng.integers(1, 30, (7, 7)).astype(np.float64)
    np.fill_diagonal(table, 0)
    scores = fit(table).scores
    chance = 1 / (1 + np.exp(scores[None, :] - scores[:, None]))
    assert ((table + table.T) * chance).sum(axis=1) == pytest.approx(table.sum(axis=1), abs=TO_SIX_DIGITS)


def test_many_tables_at_once_are_fitted_as_each_alone() -> None:
    rng = np.random.default_rng(8)
    tables = rng.integers(0, 6, (60, 5, 5)).astype(np.float64)
    tables[:, range(5), range(5)] = 0
    tables[:5, 0] = 0  # never won
    tables[5, :, 2] = tables[5, 2] = 0  # not met at all
    tables[6, :2, 2:], tables[6, 2:, :2] = 5, 0  # a group that won everything
    tables[7] *= 1000
    everything = ~np.eye(5, dtype=bool)
    together = fit_many(tables, np.zeros(5), everything)
    for table, scores in zip(tables, together, strict=True):
        assert scores == pytest.approx(fit(table, compared=everything).scores, abs=TO_SIX_DIGITS)
