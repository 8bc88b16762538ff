"""Markets on one clock: which bar a settlement falls into."""

from __future__ import annotations

import numpy as np
import pytest

import candlewick as cw
from candlewick.backtest.market import FundingRates, Market
from candlewick.market.bars import Bars
from tests.backtest.test_run import Said

PRICES = {"open": 100.0, "high": 101.0, "low": 99.0, "close": 100.0, "volume": 1e9}


def minutes(*rows: int, symbol: str = "X") -> Bars:
    """Flat bars of these minutes; the others are missing."""
    columns = {name: np.full(len(rows), price) for name, price in PRICES.items()}
    return Bars.from_arrays(symbol=symbol, timeframe="1m", time=60 * np.array(rows), **columns)


def rates(*at_s: int) -> FundingRates:
    return FundingRates(np.array(at_s), np.full(len(at_s), 0.01))


def funded(bars: Bars, *at_s: int, beside: Bars | None = None) -> list[float]:
    """What one unit, held from minute 1 on, was worth to its holder after each bar."""
    markets = [Market(bars, funding=rates(*at_s)), *([Market(beside)] if beside else [])]
    long = [time == 0 and bars.symbol == "X" for time in bars.time]
    strategy = Said(enter_long=long) if beside is None else OnlyX()
    result = cw.backtest(strategy, markets, cash=1_000, fee_taker=0.0)
    size = result.fills["size"][0]
    return [float(each) for each in (result.equity - 1_000) / (size * 100)]


class OnlyX(cw.Strategy):
    def signals(self, bars: Bars, ind: object) -> cw.Signals:
        return cw.Signals(enter_long=(bars.time == 0) & (bars.symbol == "X"))


def test_funding_due_at_an_open_is_paid_by_who_held_before_it() -> None:
    assert funded(minutes(0, 1, 2, 3), 60) == pytest.approx([0, 0, 0, 0])
    assert funded(minutes(0, 1, 2, 3), 120) == pytest.approx([0, 0, -0.01, -0.01])


def test_funding_due_inside_a_bar_is_paid_by_who_holds_at_its_close() -> None:
    assert funded(minutes(0, 1, 2, 3), 90) == pytest.approx([0, -0.01, -0.01, -0.01])


def test_funding_due_while_bars_are_missing_is_paid_as_the_next_one_opens() -> None:
    assert funded(minutes(0, 1, 5, 6), 180) == pytest.approx([0, 0, -0.01, -0.01])


def test_funding_due_while_only_this_market_has_no_bar_is_paid_as_its_next_one_opens() -> None:
    beside = minutes(0, 1, 2, 3, 4, 5, symbol="Y")
    assert funded(minutes(0, 1, 4, 5), 120, 150, beside=beside) == pytest.approx([0, 0, 0, 0, -0.02, -0.02])


def test_funding_before_the_first_bar_and_after_the_last_is_nobodys() -> None:
    assert funded(minutes(0, 1, 2), -30, 180, 240) == pytest.approx([0, 0, 0])
