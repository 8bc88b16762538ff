"""Ten years of GOOG: what backtesting.py and vectorbt make of the same crossings, and so do we.

The figures are theirs (backtesting.py 0.6.6, vectorbt 1.2.0, on the file that backtesting.py's tests use),
written down once; `tests/backtest/peers/test_engines.py` asks the packages themselves where they are there.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import candlewick as cw
from candlewick import ta
from candlewick.market.bars import Bars
from candlewick.trading.strategy.param import Param
from candlewick.trading.strategy.signals import Signals, crossed_above, crossed_below
from candlewick.trading.strategy.strategy import Strategy


class SmaCross(Strategy):
    """The crossings of two means; `reverses`: short while the fast one is below."""

    fast = Param(10, low=2, high=200)
    slow = Param(20, low=3, high=400)
    reverses = Param(True)

    def indicators(self, bars: Bars) -> dict[str, Any]:
        return {"fast": ta.sma(bars.close, self.fast), "slow": ta.sma(bars.close, self.slow)}

    def signals(self, bars: Bars, ind: Any) -> Signals:
        up, down = crossed_above(ind["fast"], ind["slow"]), crossed_below(ind["fast"], ind["slow"])
        short = down if self.reverses else None
        return Signals(enter_long=up, exit_long=down, enter_short=short, exit_short=up)


@pytest.fixture(scope="module")
def goog(recordings: Path) -> Bars:
    with (recordings / "ohlcv/backtesting_py/GOOG.csv").open() as file:
        _, *rows = csv.reader(file)
    time = np.array([row[0] for row in rows], dtype="datetime64[s]").astype(np.int64)
    opened, high, low, close, volume = np.array([row[1:6] for row in rows], dtype=np.float64).T
    return Bars.from_arrays(
        symbol="GOOG", timeframe="1d", time=time, open=opened, high=high, low=low, close=close, volume=volume
    )


def test_it_trades_whole_shares_as_backtesting_py_does(goog: Bars) -> None:
    """Its quick start: means of 10 and 20 days, 0.2 % at entry and exit, always in the market."""
    result = cw.backtest(SmaCross(), cw.Market(goog, lot=1.0), cash=10_000, fee_taker=0.002, days_a_year=252)
    trades = result.trades
    assert result.equity[-1] == pytest.approx(56_263.51934, abs=1e-5)
    assert result.equity.max() == pytest.approx(56_309.05934, abs=1e-5)
    assert (int(trades.closed.sum()), len(trades)) == (93, 94)
    assert result.metrics["win_rate"] == pytest.approx(0.52688172)
    assert (result.metrics["best_trade"], result.metrics["worst_trade"]) == pytest.approx(
        (0.56918681, -0.16829432)
    )
    assert result.metrics["max_drawdown"] == pytest.approx(-0.33931592)
    first, last = trades[0], trades[92]
    assert (first.side, first.size, first.entry_bar, first.exit_bar) == ("short", 59.0, 63, 75)
    assert (first.entry_price, first.exit_price, first.fees) == pytest.approx((169.02, 179.13, 41.0817))
    assert first.pnl == pytest.approx(-637.5717)
    assert (last.side, last.size, last.entry_bar, last.exit_bar) == ("short", 69.0, 2059, 2087)
    assert last.pnl == pytest.approx(36.18084)


def test_it_agrees_with_backtesting_pys_own_test_but_for_the_end(goog: Bars) -> None:
    """Means of 10 and 30 days, free. It closes the last trade at the last bar's *open*; here it is open."""
    result = cw.backtest(SmaCross(slow=30), cw.Market(goog, lot=1.0), fee_taker=0.0, days_a_year=252)
    last = result.trades[-1]
    assert len(result.trades) == 66
    assert (last.is_open, last.size, last.entry_price) == (True, 64.0, 695.0)
    at_the_open = float(goog.open[-1])
    assert at_the_open == 797.8
    assert result.equity[-1] - last.size * (last.exit_price - at_the_open) == pytest.approx(51_422.99)
    assert result.trades[64].pnl == pytest.approx(-1_586.31)


@pytest.mark.parametrize(
    ("reverses", "trades", "end"), [(False, 47, 64_161.297665225786), (True, 94, 57_809.681934218796)]
)
def test_it_ends_where_vectorbt_ends(goog: Bars, reverses: bool, trades: int, end: float) -> None:
    """All there is in any fraction, filled at the next open, 0.2 % each way."""
    result = cw.backtest(SmaCross(reverses=reverses), goog, cash=10_000, fee_taker=0.002)
    assert len(result.trades) == trades
    assert result.equity[-1] == pytest.approx(end, rel=1e-12)
