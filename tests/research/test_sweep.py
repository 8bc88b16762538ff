"""Many sets on the same markets: what is shared, and what is let go."""

from __future__ import annotations

import gc
import multiprocessing
import pickle
import tracemalloc
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

import candlewick as cw
from candlewick import Param, Strategy, ta
from candlewick.backtest.market import markets_of
from candlewick.market.indicators import averages
from candlewick.research.search import optimise
from candlewick.research.sweep import Runner, Setup
from tests.research.hills import Cross, walk

pytestmark = pytest.mark.timeout(600)  # the core may have to be compiled first
SETS = [{"fast": fast, "slow": slow, "shorts": False} for fast in (2, 3, 4) for slow in (8, 12, 20)]


class Ladder(Strategy):
    """Gives orders of its own."""

    step = Param(2, low=1, high=6)

    def indicators(self, bars: cw.Bars) -> cw.Indicators:
        return {"mean": ta.sma(bars.close, 10)}

    def on_bar(self, ctx: cw.Context) -> None:
        close, mean = ctx.close[-1], ctx.ind["mean"][-1]
        if not ctx.position and close < mean * (1 - self.step / 100):
            ctx.buy()
        elif ctx.position and close > mean:
            ctx.exit()


def runner(**changes: Any) -> Runner:
    return Runner(Cross(), markets_of(walk()), Setup(), ("sharpe", "trades"), **changes)


def test_an_indicator_is_computed_once_for_all_sets_that_share_it(monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[int] = []
    real = averages.sma_of

    def counted(run: Any, values: Any, period: int) -> Any:
        computed.append(period)
        return real(run, values, period)

    monkeypatch.setattr(averages, "sma_of", counted)
    runner()(SETS)
    assert sorted(computed) == [2, 3, 4, 8, 12, 20]


def test_what_is_remembered_is_bounded_and_changes_no_figure() -> None:
    assert runner(most_bytes=0)(SETS) == runner()(SETS)


def test_memory_does_not_grow_with_the_number_of_sets() -> None:
    bars = walk(24 * 2_000)  # large beside what an interpreter keeps by the way
    made = Runner(Cross(), markets_of(bars), Setup(), ("sharpe", "trades"))
    made(SETS)
    gc.disable()  # nothing may wait for it
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        made(SETS * 20)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
        gc.enable()
    assert grown < 8 * len(bars)  # less than one column


def test_a_runner_goes_to_another_process_and_runs_the_same() -> None:
    made = runner()
    first = made(SETS)
    again: Runner = pickle.loads(pickle.dumps(made))
    assert again(SETS) == first


def test_a_result_of_a_runner_is_the_whole_backtest() -> None:
    result = runner().result(SETS[0])
    assert result.equity.tolist() == cw.backtest(Cross(**SETS[0]), walk()).equity.tolist()


def test_a_strategy_with_orders_of_its_own_is_searched_here_and_in_other_processes() -> None:
    bars = walk()
    here = optimise(Ladder, bars, figures=("total_return", "trades"))
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        there = optimise(Ladder, bars, figures=("total_return", "trades"), executor=pool)
    assert [dict(each.figures) for each in here] == [dict(each.figures) for each in there]
    for trial in here:
        alone = cw.backtest(Ladder(**trial.parameters), bars).metrics
        assert dict(trial.figures) == {name: alone[name] for name in trial.figures}
    assert len({each.figures["trades"] for each in here}) > 1
