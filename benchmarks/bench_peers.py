"""The same backtests in other people's packages, in the same process: how many times as long they take.

They are not installed with the project's own tools: `uv pip install --group peers` adds them. A figure
counts only where the peer finds as many trades as we do, or nearly: vectorbt looks at no stop on the bar of
an entry, and sees a cross where averages begin.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.util import find_spec
from itertools import product
from typing import Any, Final

import numpy as np

import candlewick as cw
from benchmarks import bench_search
from benchmarks.bench_backtest import MARKETS, SHARED, Bracket, bars
from benchmarks.report import Figure, cpu_seconds, show
from candlewick.cli.measuring.strategies import FAST, FEE, MINUTES, SLOW, Cross, EveryBar
from candlewick.market.bars import Bars

PEERS: Final = ("backtesting", "pandas", "vectorbt")
PLENTY: Final = 1e12  # so that fees end nobody's trading: backtesting.py takes whole units only
NEARLY: Final = 0.02
Counted = Callable[[], int]


def main() -> list[Figure]:
    """Ratios of CPU time, or nothing where the peers are not installed."""
    if missing := [name for name in PEERS if find_spec(name) is None]:
        print(f"bench peers: {', '.join(missing)} not installed (group `peers`)", file=sys.stderr)
        return []
    minutes, grid = bars(7, MINUTES, "X"), bench_search.minutes()
    many = [bars(n, SHARED, f"M{n}") for n in range(MARKETS)]
    cross, every = ours(Cross, minutes), ours(EveryBar(Cross().indicators(minutes)), minutes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of theirs
        bt, vbt = backtesting_of(minutes), VectorBt()
        return [
            times("vectorbt, averages cross, 1M bars", vbt.cross(minutes), cross, 5.0),
            times("vectorbt, brackets, 1M bars", vbt.brackets(minutes), ours(Bracket, minutes), 5.0),
            times("vectorbt, 50 markets, shared cash", vbt.shared(many), ours(Valued, many), 8.0),
            times("vectorbt, 200 pairs, 100,000 bars", vbt.pairs(grid), pairs(grid), 15.0),
            times("backtesting.py, averages cross, 1M bars", bt, cross, 350.0, rounds=1),
            times("backtesting.py, on_bar, 1M bars", bt, every, 8.0, rounds=1),
            *nautilus(minutes, every),
        ]


def times(name: str, theirs: Counted, ours: Counted, limit: float, *, rounds: int = 3) -> Figure:
    """How many times as long `theirs` takes, both after a first run that compiles."""
    found, trades = theirs(), ours()
    assert abs(found - trades) <= trades * NEARLY, f"{name}: {found} trades, we find {trades}"
    mine, other = cpu_seconds(ours), cpu_seconds(theirs, rounds=rounds)
    counts = f"{trades:,} trades" + (f", theirs {found:,}" if found != trades else "")
    note = f"{counts}; {other * 1e3:,.0f} ms, ours {mine * 1e3:,.1f}"
    return Figure(name, other / mine, "× ours", limit, at_least=True, note=note)


class VectorBt:
    """Backtests in vectorbt, by its fastest engine; averages, crosses, trades and equity its own."""

    def __init__(self) -> None:
        self._package = import_module("vectorbt")

    def counted(self, opened: Any, close: Any, fast: Any = FAST, slow: Any = SLOW, **terms: Any) -> Any:
        """What it finds where averages of `fast` and `slow` bars cross."""
        quick, long = (self._package.MA.run(close, window=each) for each in (fast, slow))
        up, down = quick.ma_crossed_above(long).to_numpy(), quick.ma_crossed_below(long).to_numpy()
        if "sl_stop" in terms:
            down = np.zeros_like(down)  # out by the stops alone
        opened, close = (
            np.broadcast_to(each[:, None] if up.ndim > each.ndim else each, up.shape)
            for each in (opened, close)
        )
        return self._package.Portfolio.from_signals(
            close,
            np.roll(up, 1, axis=0),  # theirs fill on the bar of a signal: it is told a bar later
            np.roll(down, 1, axis=0),
            price=opened,
            fees=FEE,
            init_cash=PLENTY,
            freq="1min",
            **terms,
        )

    def cross(self, of: Bars, **terms: Any) -> Counted:
        """One market."""

        def run() -> int:
            made = self.counted(of.open, of.close, **terms)
            return int(made.trades.count()) if len(made.value()) else 0

        return run

    def brackets(self, of: Bars) -> Counted:
        """One market, out by stop or target."""
        stops = {"sl_stop": 0.02, "tp_stop": 0.04, "stop_entry_price": "fillprice"}
        return self.cross(of, open=of.open, high=of.high, low=of.low, **stops)

    def shared(self, many: list[Bars]) -> Counted:
        """Markets that share their cash."""
        opened, close = (
            np.column_stack([getattr(each, name) for each in many]) for name in ("open", "close")
        )
        terms = {"size": PLENTY / 1000, "size_type": "value", "cash_sharing": True, "group_by": True}

        def run() -> int:
            made = self.counted(opened, close, **terms)
            return int(made.trades.count()) if len(made.value()) else 0

        return run

    def pairs(self, of: Bars) -> Counted:
        """A grid of two hundred pairs of averages."""
        wanted = product(bench_search.PAIRS["fast"], bench_search.PAIRS["slow"])
        fast, slow = (list(each) for each in zip(*wanted, strict=True))

        def run() -> int:
            made = self.counted(of.open, of.close, fast, slow)
            return int(made.trades.count().sum()) if len(made.sharpe_ratio()) else 0

        return run


def nautilus(of: Bars, every: Counted) -> list[Figure]:
    """nautilus_trader, where it is installed: it wants an older pandas than vectorbt may."""
    if find_spec("nautilus_trader") is None:
        return []
    from benchmarks.nautilus import nautilus_of

    return [times("nautilus_trader, on_bar, 1M bars", nautilus_of(of), every, 75.0, rounds=1)]


def ours(strategy: Any, of: Any) -> Counted:
    def run() -> int:
        result = cw.backtest(strategy, of, fee_taker=FEE, cash=PLENTY)
        return len(result.trades) if len(result.equity) else 0

    return run


class Valued(Cross):
    """A thousandth of the first cash in each market."""

    sizing = cw.Notional(PLENTY / 1000)


def pairs(of: Bars) -> Counted:
    def run() -> int:
        with ThreadPoolExecutor(1) as one:
            found = cw.optimise(bench_search.SmaCross, of, space=bench_search.PAIRS, executor=one,
                                fee_taker=FEE, cash=PLENTY)  # fmt: skip
        return sum(int(trial.figures["trades"] or 0) for trial in found)

    return run


def backtesting_of(of: Bars) -> Counted:
    """backtesting.py, its averages worked out before too."""
    backtesting, pandas = import_module("backtesting"), import_module("pandas")
    frame = pandas.DataFrame({name.title(): getattr(of, name) for name in ("open", "high", "low", "close")})
    ind = Cross().indicators(of)

    def init(self: Any) -> None:
        self.fast = self.I(lambda: ind["fast"])
        self.slow = self.I(lambda: ind["slow"])

    def following(self: Any) -> None:
        if self.fast[-1] > self.slow[-1] and self.fast[-2] <= self.slow[-2]:
            self.buy()
        elif self.fast[-1] < self.slow[-1] and self.fast[-2] >= self.slow[-2]:
            self.position.close()

    theirs = type("Theirs", (backtesting.Strategy,), {"init": init, "next": following})

    def run() -> int:
        made = backtesting.Backtest(frame, theirs, commission=FEE, cash=PLENTY, finalize_trades=True).run()
        return len(made["_trades"])

    return run


if __name__ == "__main__":
    show(main())
