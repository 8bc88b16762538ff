"""The same crossings of GOOG by other people's engines: every trade, and the equity of every day."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import candlewick as cw
from candlewick.market.bars import Bars
from tests.backtest.test_goog import SmaCross, goog

__all__ = ["goog"]


def test_every_trade_is_backtesting_pys(
    goog: Bars, recordings: Path, peer: Callable[[str], ModuleType]
) -> None:
    theirs, pandas = peer("backtesting"), peer("pandas")
    means = (10, 20)

    class Peer(theirs.Strategy):  # type: ignore[misc,name-defined]
        def init(self) -> None:
            close = pandas.Series(self.data.Close)
            self.fast, self.slow = (self.I(lambda n=n: close.rolling(n).mean()) for n in means)

        def next(self) -> None:
            crosses = peer("backtesting.lib").crossover
            if crosses(self.fast, self.slow):
                self.buy()
            elif crosses(self.slow, self.fast):
                self.sell()

    frame = pandas.read_csv(recordings / "ohlcv/backtesting_py/GOOG.csv", index_col=0, parse_dates=True)
    stats = theirs.Backtest(frame, Peer, commission=0.002, exclusive_orders=True).run()
    told: Any = stats["_trades"]

    result = cw.backtest(SmaCross(), cw.Market(goog, lot=1.0), cash=10_000, fee_taker=0.002)

    rows = result.trades.rows[: len(told)]
    assert rows["entry_bar"].tolist() == told["EntryBar"].tolist()
    assert rows["exit_bar"].tolist() == told["ExitBar"].tolist()
    assert (rows["size"] * rows["side"]).tolist() == told["Size"].tolist()
    np.testing.assert_allclose(rows["pnl"], told["PnL"], rtol=1e-9)
    np.testing.assert_allclose(result.equity, stats["_equity_curve"]["Equity"], rtol=1e-12)


@pytest.mark.parametrize("reverses", [False, True])
def test_equity_and_trades_are_vectorbts(
    goog: Bars, peer: Callable[[str], ModuleType], reverses: bool
) -> None:
    theirs, pandas = peer("vectorbt"), peer("pandas")
    time = pandas.to_datetime(goog.time, unit="s")
    opened, close = pandas.Series(goog.open, time), pandas.Series(goog.close, time)
    fast, slow = close.rolling(10).mean(), close.rolling(20).mean()
    up = ((fast > slow) & (fast.shift() <= slow.shift())).shift(1, fill_value=False)
    down = ((fast < slow) & (fast.shift() >= slow.shift())).shift(1, fill_value=False)
    short = {"short_entries": down, "short_exits": up} if reverses else {}
    told = theirs.Portfolio.from_signals(
        close, entries=up, exits=down, price=opened, fees=0.002, init_cash=10_000, freq="1D", **short
    )

    result = cw.backtest(SmaCross(reverses=reverses), goog, cash=10_000, fee_taker=0.002)

    np.testing.assert_allclose(result.equity, told.value().to_numpy(), rtol=1e-9)
    records = told.trades.records
    assert result.trades.rows["entry_bar"].tolist() == records["entry_idx"].tolist()
    np.testing.assert_allclose(result.trades.pnl, records["pnl"], atol=1e-9)
