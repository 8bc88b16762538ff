"""Compile the fill core before the tests begin: on a fresh machine it takes longer than a test may.

`python -m tests.compile`; what is compiled already is loaded in a second.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import candlewick as cw
from candlewick.fills.warm import warm_up


class _Signals(cw.Strategy):
    def signals(self, bars: cw.Bars, ind: Any) -> cw.Signals:
        row = np.arange(len(bars))
        return cw.Signals(enter_long=row == 1, exit_long=row == 4, stop_loss=0.1)


class _Orders(cw.Strategy):
    def on_bar(self, ctx: cw.Context) -> None:
        if ctx.index == 1:
            ctx.buy(0.5, stop_distance=0.1)


def compile_all() -> None:
    """Run everything that is compiled once."""
    warm_up()
    prices = np.linspace(100.0, 101.0, 8)
    bars = cw.Bars.from_arrays(
        symbol="X", timeframe="1m", time=60 * np.arange(8), open=prices, high=prices, low=prices,
        close=prices, volume=prices,
    )  # fmt: skip
    for strategy in (_Signals(), _Orders()):
        assert cw.backtest(strategy, bars, leverage=2).trades.mae is not None


if __name__ == "__main__":
    compile_all()
