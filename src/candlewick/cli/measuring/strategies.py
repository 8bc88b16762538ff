"""Backtests of a million generated minutes: by signals, and bar by bar in plain Python."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from candlewick.backtest.run import backtest
from candlewick.cli.measuring.figure import cpu_seconds
from candlewick.market.bars import Bars
from candlewick.market.indicators.averages import sma
from candlewick.trading.strategy.context import Context
from candlewick.trading.strategy.signals import Signals, crossed_above, crossed_below
from candlewick.trading.strategy.strategy import Strategy

MINUTES: Final = 1_000_000
FAST, SLOW, FEE = 20, 50, 0.0005


class Cross(Strategy):
    """Long while the fast average is above the slow one."""

    def indicators(self, bars: Bars) -> dict[str, Any]:
        return {"fast": sma(bars.close, FAST), "slow": sma(bars.close, SLOW)}

    def signals(self, bars: Bars, ind: Any) -> Signals:
        return Signals(
            enter_long=crossed_above(ind["fast"], ind["slow"]),
            exit_long=crossed_below(ind["fast"], ind["slow"]),
        )


class EveryBar(Strategy):
    """The same cross, asked for in plain Python at each close; its indicators are worked out before."""

    def __init__(self, ind: dict[str, Any]) -> None:
        super().__init__()
        self.ind, self.up = ind, False

    def indicators(self, bars: Bars) -> dict[str, Any]:
        return self.ind

    def on_bar(self, ctx: Context) -> None:
        up = ctx.ind["fast"][-1] > ctx.ind["slow"][-1]
        if up is not self.up:
            self.up = up
            if up:
                ctx.buy()
            else:
                ctx.exit()


def minutes(seed: int, count: int, symbol: str) -> Bars:
    """Minutes of a random walk, each opening where the last one closed."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.0005, count)))
    opened = np.r_[100.0, close[:-1]]
    made = Bars.from_arrays(
        symbol=symbol, timeframe="1m", time=1_600_000_020 + 60 * np.arange(count), open=opened,
        high=np.maximum(opened, close) * (1 + np.abs(rng.normal(0, 0.0003, count))),
        low=np.minimum(opened, close) * (1 - np.abs(rng.normal(0, 0.0003, count))), close=close,
        volume=np.full(count, 1e9),
    )  # fmt: skip
    made.check()
    return made


def measured() -> tuple[float, float]:
    """CPU seconds of both over a million bars, trades and equity included; compiled before."""
    bars = minutes(7, MINUTES, "BENCH")
    every = EveryBar(Cross().indicators(bars))

    def run(strategy: Strategy) -> float:
        def once() -> None:
            result = backtest(strategy, bars, fee_taker=FEE)
            _ = result.trades, result.equity

        once()
        return cpu_seconds(once)

    return run(Cross()), run(every)
