"""Markets that might have been: every bar stays a possible one, and what is to stay as it is does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from candlewick.backtest.market import FundingRates, Market
from candlewick.core.errors import UsageError
from candlewick.market.bars import Bars
from candlewick.research.bootstrap import stationary_rows
from candlewick.research.synthetic import drawn_again, jumped, moves_of, noisy, rebuilt, scaled, without
from tests.research.ground import HOUR, START, bars_from, noise


def assert_possible(bars: Bars) -> None:
    """The check that a backtest makes; it forgets nothing it has not seen."""
    bars.check()


@given(st.integers(0, 10_000), st.integers(3, 400), st.floats(1.0, 50.0), st.floats(0.0, 0.05))
@settings(deadline=None)
def test_bars_drawn_again_are_possible_and_made_of_the_same_moves(
    seed: int, bars: int, block: float, wick: float
) -> None:
    market = Market(noise(bars, seed=seed, wick=wick))
    rows = stationary_rows(np.random.default_rng(seed), bars - 1, block)
    drawn = drawn_again(market, rows).bars
    assert_possible(drawn)
    np.testing.assert_allclose(moves_of(drawn), moves_of(market.bars)[:, rows], rtol=1e-12)
    assert drawn.volume[1:].tolist() == market.bars.volume[1:][rows].tolist()
    assert drawn.time is market.bars.time


def test_bars_rebuilt_from_their_own_moves_are_themselves() -> None:
    bars = noise(500)
    again = rebuilt(bars, moves_of(bars))
    for name in ("open", "high", "low", "close"):
        np.testing.assert_allclose(getattr(again, name), getattr(bars, name), rtol=1e-10)


@given(st.integers(0, 10_000), st.floats(0.1, 6.0))
@settings(deadline=None)
def test_scaled_moves_are_as_much_wilder_around_the_same_mean(seed: int, times: float) -> None:
    market = Market(noise(300, seed=seed))
    wilder = scaled(market, times).bars
    assert_possible(wilder)
    before, after = np.log(moves_of(market.bars)[3]), np.log(moves_of(wilder)[3])
    assert after.std() == pytest.approx(times * before.std())
    assert after.mean() == pytest.approx(before.mean(), abs=1e-12)
    assert wilder.close[-1] == pytest.approx(market.bars.close[-1], rel=1e-9)


def test_a_gap_lifts_every_later_price_and_none_before() -> None:
    bars = noise(10)
    rates = FundingRates(bars.time[[2, 8]], np.array([0.0, 0.0]), np.array([100.0, 100.0]))
    fallen = jumped(Market(bars, None, rates, bars), START + 4 * HOUR, -0.25)
    times = pytest.approx([1.0] * 4 + [0.75] * 6)
    assert fallen.bars.close / bars.close == times
    assert fallen.bars.low / bars.low == times
    assert fallen.finer is not None
    assert fallen.finer.high / bars.high == times
    assert fallen.funding is not None
    assert fallen.funding.mark is not None
    assert fallen.funding.mark.tolist() == [100.0, 75.0]


def test_an_outage_takes_its_bars_and_no_others() -> None:
    bars = noise(10)
    left = without(Market(bars), START + 3 * HOUR, START + 6 * HOUR).bars
    assert left.time.tolist() == [START + HOUR * n for n in (0, 1, 2, 6, 7, 8, 9)]
    assert left.close.tolist() == bars.close[[0, 1, 2, 6, 7, 8, 9]].tolist()
    assert_possible(left)


def test_noise_moves_opens_inside_their_bars_and_nothing_else() -> None:
    market = Market(noise(2_000, wick=0.01))
    moved = noisy(market, np.random.default_rng(1), 0.002).bars
    assert_possible(moved)
    assert moved.close is market.bars.close
    assert (moved.open / market.bars.open - 1.0).std() == pytest.approx(0.002, rel=0.1)


def test_it_says_when_no_number_holds_the_prices() -> None:
    with pytest.raises(UsageError, match="beyond all measure"):
        scaled(Market(bars_from(np.resize([30.0, -30.0], 50))), 100.0)
    with pytest.raises(UsageError, match="beyond all measure"):
        rebuilt(noise(50), np.full((4, 49), 1e300))
