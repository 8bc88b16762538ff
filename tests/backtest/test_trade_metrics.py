"""Figures of closed trades, against the obvious, and against the exact ones of accounts."""

from __future__ import annotations

import math
import statistics
from decimal import Decimal
from itertools import groupby

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from candlewick.backtest import metrics
from candlewick.backtest import trade_metrics as trades

CENTS = st.lists(st.integers(-10_000, 10_000).map(lambda cents: cents / 100), min_size=1, max_size=60)
FEW = [30.0, -10.0, -5.0, 0.0, -1.0, 20.0, -4.0]


def test_it_judges_trades() -> None:
    assert trades.win_rate(FEW) == pytest.approx(2 / 7)
    assert trades.profit_factor(FEW) == pytest.approx(50 / 20)
    assert trades.expectancy(FEW) == pytest.approx(30 / 7)
    assert trades.average_win(FEW) == 25.0
    assert trades.average_loss(FEW) == -5.0
    assert trades.payoff_ratio(FEW) == 5.0
    assert trades.longest_losing_streak(FEW) == 2
    assert (trades.highest(FEW), trades.lowest(FEW)) == (30.0, -10.0)
    assert trades.sqn(FEW) == pytest.approx(math.sqrt(7) * (30 / 7) / statistics.stdev(FEW))


@given(CENTS)
def test_it_agrees_with_the_exact_figures_of_accounts(pnl: list[float]) -> None:
    exact = [Decimal(repr(each)) for each in pnl]
    won, lost = (
        sum((each for each in exact if each > 0), Decimal(0)),
        sum((each for each in exact if each < 0), Decimal(0)),
    )
    factor, worth = metrics.profit_factor(won, lost), metrics.expectancy(won + lost, len(pnl))
    assert trades.profit_factor(pnl) == (None if factor is None else pytest.approx(float(factor)))
    assert worth is not None
    assert trades.expectancy(pnl) == pytest.approx(float(worth), abs=1e-9)
    assert trades.win_rate(pnl) == metrics.win_rate(sum(each > 0 for each in pnl), len(pnl))


@given(CENTS)
def test_it_is_worth_what_its_wins_and_losses_are(pnl: list[float]) -> None:
    """Expectancy is win rate · average win + loss rate · average loss."""
    losing = sum(each < 0 for each in pnl) / len(pnl)
    whole = (trades.win_rate(pnl) or 0.0) * (trades.average_win(pnl) or 0.0)
    whole += losing * (trades.average_loss(pnl) or 0.0)
    assert trades.expectancy(pnl) == pytest.approx(whole, abs=1e-9)


@given(CENTS)
def test_it_counts_the_longest_row_of_losses(pnl: list[float]) -> None:
    rows = [len(list(row)) for losing, row in groupby(pnl, key=lambda each: each < 0) if losing]
    assert trades.longest_losing_streak(pnl) == max(rows, default=0)


@given(CENTS, st.floats(0.1, 1000))
def test_it_does_not_depend_on_the_size_of_all_trades(pnl: list[float], times: float) -> None:
    assume(len(pnl) > 1 and statistics.stdev(pnl) > 0)
    scaled = [times * each for each in pnl]
    assert trades.sqn(scaled) == pytest.approx(trades.sqn(pnl), rel=1e-6, abs=1e-9)
    factor = trades.profit_factor(pnl)
    assert trades.profit_factor(scaled) == (None if factor is None else pytest.approx(factor))


def test_it_measures_trades_by_what_they_risked() -> None:
    multiples = trades.r_multiples([10.0, -5.0, 3.0, 4.0], [5.0, 5.0, math.nan, 0.0])
    assert multiples[:2].tolist() == [2.0, -1.0]
    assert all(math.isnan(each) for each in multiples[2:])
    assert trades.mean(multiples) == 0.5


def test_it_says_nothing_of_nothing() -> None:
    for figure in (trades.win_rate, trades.profit_factor, trades.expectancy, trades.average_win,
                   trades.average_loss, trades.payoff_ratio, trades.sqn, trades.longest_losing_streak,
                   trades.mean, trades.highest, trades.lowest):  # fmt: skip
        assert figure([]) is None
        assert figure([math.nan]) is None


def test_it_has_no_ratio_without_a_loss_or_a_spread() -> None:
    assert trades.profit_factor([5.0, 0.0]) is None
    assert trades.payoff_ratio([5.0, 0.0]) is None
    assert trades.profit_factor([-5.0]) == 0.0
    assert trades.sqn([5.0]) is None
    assert trades.sqn([5.0, 5.0]) is None
    assert trades.longest_losing_streak([5.0]) == 0
