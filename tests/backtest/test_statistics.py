"""Whether a Sharpe ratio is luck: the numbers that the papers print, and what must hold of any."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from candlewick.backtest.statistics import (
    deflated_sharpe,
    expected_max_sharpe,
    min_track_record,
    probabilistic_sharpe,
    sharpe_error,
)
from candlewick.core.errors import UsageError

RATIOS = st.floats(-0.5, 0.5)
LENGTHS = st.integers(20, 5000)

# "The Deflated Sharpe Ratio", section "A numerical example": a yearly ratio of 2.5 from five years of 250
# days, the best of 100 trials whose yearly ratios have a variance of one half
DAILY = 2.5 / math.sqrt(250)
SPREAD = math.sqrt(0.5 / 250)


def test_it_expects_of_luck_what_the_paper_expects() -> None:
    assert expected_max_sharpe(100, SPREAD) == pytest.approx(0.1132, abs=5e-5)


@pytest.mark.parametrize(
    ("trials", "skew", "kurtosis", "printed"),
    [(100, -3.0, 10.0, 0.9004), (46, -3.0, 10.0, 0.9505), (88, 0.0, 3.0, 0.9505)],
)
def test_it_deflates_as_the_paper_does(trials: int, skew: float, kurtosis: float, printed: float) -> None:
    found = deflated_sharpe(DAILY, 1250, trials=trials, spread=SPREAD, skew=skew, kurtosis=kurtosis)
    assert found == pytest.approx(printed, abs=5e-5)


# "The Sharpe Ratio Efficient Frontier": a monthly ratio of 0.458, of two and three years
@pytest.mark.parametrize(
    ("months", "skew", "kurtosis", "printed"),
    [(24, 0.0, 3.0, 0.982), (24, -2.448, 10.164, 0.913), (36, -2.448, 10.164, 0.953)],
)
def test_it_is_as_sure_as_the_paper_is(months: int, skew: float, kurtosis: float, printed: float) -> None:
    assert probabilistic_sharpe(0.458, months, skew, kurtosis) == pytest.approx(printed, abs=1e-3)


# the same: years in which a yearly ratio of 2 can be told from 1, at 95 %
@pytest.mark.parametrize(
    ("a_year", "skew", "kurtosis", "printed"),
    [(252, 0.0, 3.0, 2.73), (52, 0.0, 3.0, 2.83), (12, 0.0, 3.0, 3.24), (12, -0.72, 5.78, 4.99)],
)
def test_it_takes_as_long_as_the_paper_says(
    a_year: int, skew: float, kurtosis: float, printed: float
) -> None:
    periods = min_track_record(2 / math.sqrt(a_year), skew, kurtosis, 1 / math.sqrt(a_year))
    assert periods is not None
    assert periods / a_year == pytest.approx(printed, abs=5e-3)


@given(RATIOS, LENGTHS, st.floats(-1, 1), st.floats(3, 9))
def test_it_agrees_with_itself(sharpe: float, periods: int, skew: float, kurtosis: float) -> None:
    """After the minimum track record, the probability is the confidence that was asked for."""
    needed = min_track_record(sharpe, skew, kurtosis, benchmark=-0.6, confidence=0.9)
    assert needed is not None
    assert probabilistic_sharpe(sharpe, needed, skew, kurtosis, benchmark=-0.6) == pytest.approx(0.9)
    assert probabilistic_sharpe(sharpe, periods, skew, kurtosis, benchmark=sharpe) == pytest.approx(0.5)


@given(RATIOS, LENGTHS)
def test_it_is_surer_the_longer_it_looks(sharpe: float, periods: int) -> None:
    shorter, longer = probabilistic_sharpe(sharpe, periods), probabilistic_sharpe(sharpe, 2 * periods)
    assert shorter is not None
    assert longer is not None
    assert abs(longer - 0.5) >= abs(shorter - 0.5)


@given(st.floats(0.01, 0.5), LENGTHS, st.floats(-2, 0))
def test_it_is_less_sure_where_losses_are_rare_and_large(sharpe: float, periods: int, skew: float) -> None:
    leaning, even = probabilistic_sharpe(sharpe, periods, skew), probabilistic_sharpe(sharpe, periods)
    assert leaning is not None
    assert even is not None
    assert leaning <= even


@given(st.integers(1, 100_000), st.floats(0.001, 0.3))
def test_it_deflates_the_more_the_more_was_tried(trials: int, spread: float) -> None:
    once = deflated_sharpe(0.1, 500, trials=trials, spread=spread)
    twice = deflated_sharpe(0.1, 500, trials=2 * trials, spread=spread)
    assert once is not None
    assert twice is not None
    assert twice <= once
    assert deflated_sharpe(0.1, 500, trials=1, spread=spread) == probabilistic_sharpe(0.1, 500)


@given(st.floats(1.0, 100.0), st.floats(0.0, 10.0))
@example(1.0, 0.1)
def test_it_expects_no_less_of_more_tries_be_they_whole_or_not(trials: float, more: float) -> None:
    fewer, all_of_them = expected_max_sharpe(trials, 1.0), expected_max_sharpe(trials + more, 1.0)
    assert fewer is not None
    assert all_of_them is not None
    assert 0.0 <= fewer <= all_of_them + 1e-12


def test_it_expects_the_best_of_normal_draws() -> None:
    draws = np.random.default_rng(0).normal(size=(4000, 50)).max(axis=1)
    assert expected_max_sharpe(50, 1.0) == pytest.approx(float(draws.mean()), rel=0.02)


def test_it_measures_the_error_that_ratios_of_normal_returns_have() -> None:
    samples = np.random.default_rng(1).normal(0.2, 1.0, (20_000, 100))
    ratios = samples.mean(axis=1) / samples.std(axis=1, ddof=1)
    assert sharpe_error(0.2, 100) == pytest.approx(float(ratios.std()), rel=0.03)


def test_it_says_nothing_where_nothing_can_be_told() -> None:
    assert sharpe_error(0.1, 1) is None
    assert probabilistic_sharpe(0.1, 1) is None
    assert probabilistic_sharpe(1.0, 10, skew=2.0, kurtosis=5.0) is None  # an error of nothing
    assert min_track_record(0.1, benchmark=0.1) is None
    assert min_track_record(-0.1) is None
    assert expected_max_sharpe(0.5, 0.1) is None
    assert expected_max_sharpe(10, -0.1) is None
    assert deflated_sharpe(0.1, 100, trials=0, spread=0.1) is None
    with pytest.raises(UsageError, match=r"such as 0\.95"):
        min_track_record(0.1, confidence=95.0)
