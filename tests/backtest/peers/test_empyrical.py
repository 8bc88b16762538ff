"""Equal to empyrical's to 1e-12 wherever the formulas agree; where they do not, the difference is named."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from candlewick.backtest import distribution, metrics, relative

Pair = tuple[NDArray[np.float64], NDArray[np.float64]]
PERIODS = [252, 365]


def same(number: float) -> object:
    return pytest.approx(number, rel=1e-12, abs=1e-12)


@pytest.fixture
def empyrical(peer: Callable[[str], ModuleType]) -> ModuleType:
    return peer("empyrical")


@pytest.mark.parametrize("year", PERIODS)
def test_it_agrees_on_what_a_year_brings(empyrical: ModuleType, pair: Pair, year: int) -> None:
    own, _ = pair
    assert metrics.total_return(own) == same(empyrical.cum_returns_final(own))
    assert metrics.cagr(own, periods_a_year=year) == same(empyrical.cagr(own, annualization=year))
    assert metrics.volatility(own, periods_a_year=year) == same(
        empyrical.annual_volatility(own, annualization=year)
    )
    assert metrics.sharpe(own, 1e-4, periods_a_year=year) == same(
        empyrical.sharpe_ratio(own, 1e-4, annualization=year)
    )
    assert metrics.sortino(own, 1e-4, periods_a_year=year) == same(
        empyrical.sortino_ratio(own, 1e-4, annualization=year)
    )
    assert metrics.calmar(own, periods_a_year=year) == same(empyrical.calmar_ratio(own, annualization=year))


def test_it_agrees_on_tails_and_falls(empyrical: ModuleType, pair: Pair) -> None:
    own, _ = pair
    fall = metrics.max_drawdown(own)
    assert fall is not None
    assert fall.depth == same(empyrical.max_drawdown(own))
    assert metrics.omega(own, 2e-4) == same(empyrical.omega_ratio(own, required_return=2e-4, annualization=1))
    assert distribution.tail_ratio(own) == same(empyrical.tail_ratio(own))
    for tail in (0.01, 0.05, 0.25):
        assert distribution.value_at_risk(own, tail) == same(empyrical.value_at_risk(own, tail))
        assert distribution.expected_shortfall(own, tail) == same(
            empyrical.conditional_value_at_risk(own, tail)
        )


def test_it_agrees_beside_a_benchmark(empyrical: ModuleType, pair: Pair) -> None:
    own, other = pair
    assert relative.beta(own, other) == same(empyrical.beta_aligned(own, other))
    # empyrical's is that of a period, ours of a year
    assert relative.information_ratio(own, other, periods_a_year=1) == same(
        empyrical.excess_sharpe(own, other)
    )
    # Jensen's alpha is a sum over the year; empyrical lets that of a period compound
    yearly = relative.alpha(own, other, 1e-4, periods_a_year=365)
    assert yearly is not None
    assert (1 + yearly / 365) ** 365 - 1 == pytest.approx(
        empyrical.alpha_aligned(own, other, 1e-4, annualization=365), rel=1e-9
    )
