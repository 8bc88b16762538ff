"""Studies of a strategy that is called at each bar: every run begins with one that remembers nothing."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

import candlewick as cw
from candlewick.backtest.result import Result
from candlewick.research.bootstrap import stationary_rows
from candlewick.research.cross_validation import cross_validate
from candlewick.research.monte_carlo import monte_carlo
from candlewick.research.readiness import readiness
from candlewick.research.stress import stress
from candlewick.research.synthetic import drawn_again
from candlewick.research.walk_forward import walk_forward
from tests.research.ground import Follow, Remembers, persistent

BARS = 24 * 40


@pytest.fixture(scope="module")
def run() -> Result:
    return cw.backtest(Remembers(), persistent(BARS), fee_taker=0.0)


def test_fills_without_noise_are_the_fills_there_were(run: Result) -> None:
    found = monte_carlo(run, runs=3, method="fill_noise", noise_bps=0.0)
    assert found.draws.total_return == pytest.approx(np.full(3, run.metrics["total_return"]))


def test_drawn_bars_are_traded_by_a_fresh_one_each(run: Result) -> None:
    found = monte_carlo(run, runs=6, method="synthetic", seed=2, block=30)
    for number, returned in enumerate(found.draws.total_return):
        rows = stationary_rows(np.random.default_rng((2, number)), BARS - 1, 30.0)
        fresh = cw.backtest(Remembers(), drawn_again(run.markets[0], rows), fee_taker=0.0)
        assert fresh.metrics["total_return"] == pytest.approx(returned)


def test_a_scenario_that_changes_nothing_of_the_bars_trades_as_the_base_did(run: Result) -> None:
    found = stress(Remembers(), persistent(BARS), fee_taker=0.0)
    rows = {row.name: row for row in found.rows}
    free = rows["Fees × 3"].figures
    assert free is not None
    assert free["trades"] == run.metrics["trades"]
    assert "cannot be sent later" in rows["Late by 1 bar"].reason


def test_a_window_is_traded_from_its_beginning() -> None:
    bars = persistent(BARS)
    found = walk_forward(Remembers, bars, train="20d", test="10d", fee_taker=0.0)
    assert len(found.steps) == 2
    assert {trade.entry_bar for trade in found.trades} <= set(range(24 * 20))
    # the warm-up is not called: the first order may come after `wait` bars of the test
    waits = [(step.parameters or {})["wait"] for step in found.steps]
    assert min(trade.entry_bar for trade in found.trades) >= waits[0]


def test_it_is_judged_as_any_other() -> None:
    bars = persistent(24 * 120)
    found = readiness(Remembers, bars, train="40d", test="20d", fee_taker=0.0)
    again = readiness(Remembers, bars, train="40d", test="20d", fee_taker=0.0)
    assert found.summary == again.summary
    assert found.walk is not None
    assert found.future is not None
    assert found.future.is_clean


def test_other_processes_find_the_same(run: Result) -> None:
    skilled = cw.backtest(Follow(), persistent(BARS), fee_taker=0.0)
    bars = persistent(BARS)
    with ProcessPoolExecutor(2, get_context("spawn")) as processes:
        for result in (run, skilled):
            for method in ("fill_noise", "synthetic"):
                shared = monte_carlo(result, runs=60, method=method, executor=processes)
                alone = monte_carlo(result, runs=60, method=method)
                assert shared.summary == alone.summary
        assert (
            cross_validate(Remembers, bars, executor=processes).summary
            == cross_validate(Remembers, bars).summary
        )
