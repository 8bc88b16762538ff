"""Backtests of a million minutes: every way to drive a strategy, beside a bare kernel.

One market, moving averages of 20 and 50 that cross, 5 bps a fill, filled at the next open.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np

import candlewick as cw
from benchmarks.report import Figure, cpu_seconds, show
from candlewick.cli.measuring.strategies import FAST, FEE, MINUTES, SLOW, Cross, EveryBar, minutes
from candlewick.market.bars import Bars
from candlewick.trading.strategy.signals import Signals
from candlewick.trading.strategy.strategy import Strategy

MARKETS, SHARED = 50, 100_000
COLD = (
    "import numpy as np, candlewick as cw\n"
    "from benchmarks.bench_backtest import Cross, bars\n"
    "cw.backtest(Cross, bars(1, 10_000, 'X')).metrics['sharpe']\n"
)


bars = cache(minutes)


class Bracket(Cross):
    """Enters where they cross, with a stop of 2 % and a target of 4 %."""

    def signals(self, bars: Bars, ind: Any) -> Signals:
        return Signals(
            enter_long=cw.crossed_above(ind["fast"], ind["slow"]), stop_loss=0.02, take_profit=0.04
        )


class Third(Cross):
    """The same with a tenth of the equity in each market."""

    sizing = cw.Fraction(0.1)


@numba.njit
def bare(opened: Any, close: Any, fast: int, slow: int, fee: float, equity: Any, fills: Any) -> int:
    """The least that such a backtest can be: averages, crosses, fills and equity in one loop."""
    cash, size, count, quick, long = 10_000.0, 0.0, 0, 0.0, 0.0
    before, wish = 0.0, 0
    for i in range(len(close)):
        if wish > 0 and size == 0.0:
            size = cash / (opened[i] * (1.0 + fee))
            cash = 0.0
            fills[count, 0], fills[count, 1], fills[count, 2] = i, opened[i], size
            count += 1
        elif wish < 0 and size > 0.0:
            cash = size * opened[i] * (1.0 - fee)
            fills[count, 0], fills[count, 1], fills[count, 2] = i, opened[i], -size
            count += 1
            size = 0.0
        wish = 0
        quick += close[i]
        long += close[i]
        if i >= fast:
            quick -= close[i - fast]
        if i >= slow:
            long -= close[i - slow]
        if i >= slow - 1:
            now = quick / fast - long / slow
            wish = 1 if now > 0.0 >= before else -1 if now < 0.0 <= before else 0
            before = now
        equity[i] = cash + size * close[i]
    return count


def main() -> list[Figure]:
    """All figures."""
    market = bars(7, MINUTES, "X")
    cross, bracket = _public(Cross, market), _public(Bracket, market)
    equity, fills = np.empty(MINUTES), np.empty((MINUTES // 10, 3))
    floor = _warm(lambda: bare(market.open, market.close, FAST, SLOW, FEE, equity, fills))
    core = _core(market)
    ind = Cross().indicators(market)
    every = _warm(lambda: cw.backtest(EveryBar(ind), market, fee_taker=FEE))
    step = _warm(lambda: cw.backtest(Bracket(), market, fee_taker=FEE, drive="step"), rounds=2)
    many = [bars(n, SHARED, f"M{n}") for n in range(MARKETS)]
    return [
        Figure("cw.backtest, averages cross, 1M bars", cross * 1e3, "ms", 12.0, note="trades and equity too"),
        Figure(
            "the core alone, by the bare kernel", core / floor, "×", 1.5, note=f"{floor * 1e3:.1f} ms bare"
        ),
        Figure("brackets, 1M bars", bracket * 1e3, "ms", 10.0, note="2 % stop, 4 % target"),
        Figure("50 markets × 100,000 bars, shared cash", _warm(lambda: cw.backtest(Third, many)), "s", 0.15),
        Figure("on_bar in plain Python", MINUTES / every, "bars/s", 2e6, at_least=True),
        Figure("step, a bracket resting", MINUTES / step, "steps/s", 1e6, at_least=True),
        Figure("first result of a cold process", _cold(COLD), "s", 1.0, note="compiled before"),
        Figure("import candlewick", _cold("import candlewick"), "s", 0.15),
    ]


def _public(strategy: type[Strategy], market: Bars) -> float:
    def run() -> None:
        result = cw.backtest(strategy, market, fee_taker=FEE)
        _ = result.trades, result.equity

    return _warm(run)


def _core(market: Bars) -> float:
    """CPU seconds of the compiled pass itself, signals given, into memory that was touched before."""
    from candlewick.fills import signals

    whole, best = signals.run, float("inf")

    def timed(*arguments: Any) -> int:
        nonlocal best
        for written in arguments[-3:-1]:  # equity and fills, as the bare kernel's are
            written.view(np.uint8).fill(0)
        begun = time.process_time()
        count: int = whole(*arguments)
        best = min(best, time.process_time() - begun)
        return count

    vars(signals)["run"] = timed
    try:
        for _ in range(7):
            cw.backtest(Cross, market, fee_taker=FEE)
    finally:
        vars(signals)["run"] = whole
    return best


def _warm(work: Callable[[], object], rounds: int = 5) -> float:
    work()
    return cpu_seconds(work, rounds=rounds)


def _cold(code: str) -> float:
    """CPU seconds of a Python that runs this and nothing else, less those of one that runs nothing.

    Bytecode is kept, as it is for everybody who installs the package: a build machine may be told not to.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def spent(what: str) -> float:
        report = f"import time\n{what}\nprint(time.process_time())"
        out = [subprocess.run([sys.executable, "-c", report], check=True, capture_output=True, text=True,
                              env=environment)
               for _ in range(3)]  # fmt: skip
        return min(float(each.stdout.split()[-1]) for each in out)

    return spent(code) - spent("pass")


if __name__ == "__main__":
    show(main())
