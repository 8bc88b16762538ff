"""Searching parameters: CPU time of a grid and of a genetic search, and the memory of a larger grid."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np

import candlewick as cw
from benchmarks.report import Figure, cpu_seconds, show
from candlewick import Param, Strategy, ta
from candlewick.fills import signals as core
from candlewick.research import search
from candlewick.research.objectives import Verdict
from candlewick.research.samplers import Sampler
from candlewick.research.search import optimise
from candlewick.research.space import Parameters

BARS: Final = 100_000
PAIRS: Final = {"fast": range(10, 30), "slow": range(50, 150, 10)}
MORE: Final = {"fast": range(10, 30), "slow": range(50, 150, 2)}
TRIALS: Final = 1_000
MB: Final = 1e6


class SmaCross(Strategy):
    """Long while the fast mean is above the slow one."""

    fast = Param(20, low=5, high=50)
    slow = Param(50, low=20, high=200)

    def indicators(self, bars: cw.Bars) -> cw.Indicators:
        return {"fast": ta.sma(bars.close, self.fast), "slow": ta.sma(bars.close, self.slow)}

    def signals(self, bars: cw.Bars, ind: cw.Indicators) -> cw.Signals:
        up = cw.crossed_above(ind["fast"], ind["slow"])
        return cw.Signals(enter_long=up, exit_long=cw.crossed_below(ind["fast"], ind["slow"]))


def minutes() -> cw.Bars:
    """A random walk by the minute."""
    steps = np.random.default_rng(0).normal(0, 0.001, BARS)
    close = 100 * np.exp(np.cumsum(steps))
    opened = np.concatenate(([100.0], close[:-1]))
    return cw.Bars.from_arrays(
        symbol="X", timeframe="1m", time=1_700_000_040 + 60 * np.arange(BARS), open=opened,
        high=np.maximum(opened, close) * 1.0002, low=np.minimum(opened, close) * 0.9998, close=close,
        volume=np.ones(BARS),
    )  # fmt: skip


def peak_mb(work: Any) -> float:
    """The most that one `work()` holds at once."""
    work()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / MB
    finally:
        tracemalloc.stop()


class Timed:
    """A sampler, and how long it thinks."""

    def __init__(self, inner: Sampler) -> None:
        self.inner = inner
        self.seconds = 0.0

    def ask(self) -> list[Parameters]:
        begun = time.thread_time()
        sets = self.inner.ask()
        self.seconds += time.thread_time() - begun
        return sets

    def tell(self, sets: Sequence[Parameters], verdicts: Sequence[Verdict]) -> None:
        begun = time.thread_time()
        self.inner.tell(sets, verdicts)
        self.seconds += time.thread_time() - begun


def thinking_and_core(bars: cw.Bars) -> tuple[float, float]:
    """CPU seconds of a genetic search for itself, and in the compiled core."""
    timed: list[Timed] = []
    spent = 0.0
    real_sampler, real_run = search._sampler, core.run

    def sampler(*args: Any) -> Timed:
        timed.append(Timed(real_sampler(*args)))
        return timed[-1]

    def run(*args: Any) -> int:
        nonlocal spent
        begun = time.thread_time()
        count = real_run(*args)
        spent += time.thread_time() - begun
        return count

    search._sampler, core.run = sampler, run  # type: ignore[assignment]
    try:
        with ThreadPoolExecutor(1) as one:
            optimise(SmaCross, bars, method="nsga2", trials=TRIALS, executor=one)
    finally:
        search._sampler, core.run = real_sampler, real_run
    return timed[0].seconds, spent


def main() -> list[Figure]:
    """Seconds of CPU on one thread."""
    bars = minutes()

    def grid(space: Any) -> Any:
        with ThreadPoolExecutor(1) as one:
            return optimise(SmaCross, bars, space=space, executor=one)

    found = grid(PAIRS)
    seconds = cpu_seconds(lambda: grid(PAIRS), rounds=7)
    few, many = peak_mb(lambda: grid(PAIRS)), peak_mb(lambda: grid(MORE))
    columns = len({*MORE["slow"]}) - len({*PAIRS["slow"]})
    thinking, running = thinking_and_core(bars)
    fills = sum(2 * int(trial.figures["trades"] or 0) for trial in found) / len(found)
    note = f"{len(found)} pairs, {BARS:,} bars, {fills:,.0f} fills each"
    return [
        Figure("grid of parameters", seconds, "s", 0.15, note=note),
        Figure("memory of five times as many pairs", many - few - columns * BARS * 8 / MB, "MB", 5.0,
               note=f"beside {columns} more indicators; {few:,.0f} MB with {len(found)} pairs"),
        Figure("genetic search for itself", thinking / running * 100, "% of the core", 50,
               note=f"{thinking * 1e6 / TRIALS:,.0f} and {running * 1e6 / TRIALS:,.0f} µs a trial"),
    ]  # fmt: skip


if __name__ == "__main__":
    show(main())
