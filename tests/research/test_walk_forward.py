"""Parameters chosen in one time and judged in the next: nothing of a test is known before it begins."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import candlewick as cw
from candlewick.backtest.market import Market
from candlewick.backtest.run import backtest
from candlewick.core.errors import UsageError
from candlewick.market.bars import Bars
from candlewick.research.search import optimise
from candlewick.research.stitching import WINDOW_END, chain_of
from candlewick.research.walk_forward import Choice, WalkForward, untraded_before, walk_forward
from candlewick.research.windows import cut
from tests.backtest.randomly import perpetual
from tests.research.ground import HOUR, START, Follow, bars_from, noise, persistent

DAY = 24 * HOUR
BARS = 24 * 100


@pytest.fixture(scope="module")
def found() -> WalkForward:
    return walk_forward(Follow, persistent(BARS), train="30d", test="14d", fee_taker=0.0001, cash=5_000)


def test_each_choice_is_what_the_search_finds_on_the_training_alone(found: WalkForward) -> None:
    markets = (Market(persistent(BARS)),)
    for step in found.steps:
        trained = cut(markets, step.window.train_start, step.window.test_start)
        best = optimise(Follow, trained, fee_taker=0.0001, cash=5_000).best
        assert step.parameters == best.parameters
        assert step.in_sample["sharpe"] == best.figures["sharpe"]
        assert step.trials == 5


def test_what_is_stitched_is_what_each_window_made(found: WalkForward) -> None:
    growth = np.prod([1.0 + (step.out_of_sample["total_return"] or 0.0) for step in found.steps])
    assert found.equity[-1] == pytest.approx(5_000 * growth)
    assert found.equity[-1] == pytest.approx(5_000 + sum(trade.pnl for trade in found.trades))
    assert found.metrics["trades"] == len(found.trades) > 50
    assert found.metrics["total_return"] == pytest.approx(growth - 1.0)


def test_it_covers_every_bar_of_the_tests_once(found: WalkForward) -> None:
    assert found.time.tolist() == (START + HOUR * np.arange(24 * 30, BARS)).tolist()
    assert len(found.equity) == len(found.time)


def test_a_window_is_the_run_that_anyone_would_make_of_it(found: WalkForward) -> None:
    step = found.steps[0]
    bars = persistent(BARS)
    first, last = 24 * 30, 24 * 44
    # the bars of the test alone, with one before it: its signal is known as the test begins
    alone = backtest(Follow(**(step.parameters or {})), bars[first - 6 : last], fee_taker=0.0001, cash=5_000)
    entries = [trade.entry_time for trade in alone.trades if trade.entry_bar >= 6]
    own = [trade.entry_time for trade in found.trades if trade.entry_bar < last - first]
    assert own[-5:] == entries[-5:]


def test_what_is_held_at_a_windows_end_is_closed_for_what_that_costs() -> None:
    class Hold(Follow):
        def signals(self, bars: Bars, ind: Any) -> cw.Signals:
            return cw.Signals(enter_long=True)

    bars = persistent(BARS)
    found = walk_forward(
        Hold, bars, train="30d", test="35d", fee_taker=0.001, slippage_bps=10, objective="total_return"
    )
    assert [trade.reason for trade in found.trades] == [WINDOW_END] * 2
    first, last = 24 * 30, 24 * 65
    gross = bars.close[last - 1] / (bars.open[first] * 1.001)
    paid, left = 10_000 / 1.001, 10_000 / 1.001 * gross * (1 - 0.001)  # the slippage, no fee
    assert found.equity[last - first - 1] == pytest.approx(left * (1 - 0.001))
    (one, two) = found.trades
    assert one.exit_price == pytest.approx(bars.close[last - 1] * (1 - 0.001))
    assert one.fees == pytest.approx((paid + left) * 0.001), "slippage is no fee"
    assert (one.entry_bar, one.exit_bar, two.entry_bar) == (0, last - first - 1, last - first)


def test_what_a_partial_exit_left_is_closed_and_no_more_at_a_price_on_a_tick() -> None:
    class Parted(Follow):
        partial_exits = ((0.01, 0.5),)

        def signals(self, bars: Bars, ind: Any) -> cw.Signals:
            return cw.Signals(enter_long=np.arange(len(bars)) == 2)

    bars = bars_from(np.r_[np.zeros(8), 0.05, np.zeros(11)])
    market = Market(bars, perpetual("X", "0.5", "0.001"))
    result = cw.backtest(Parted(), market, cash=10_000, fee_taker=0.001, slippage_bps=10)
    chain = chain_of([market], 10_000, 365.0)
    chain.add(result, 0)
    (entry, part), (trade,) = result.fills, chain.trades
    left, close = entry["size"] - part["size"], bars.close[-1]
    assert trade.exit_price == math.floor(close * 0.999 / 0.5) * 0.5
    assert trade.fees == pytest.approx(entry["fee"] + part["fee"] + left * trade.exit_price * 0.001)
    marked = result.trades[0].pnl
    closing = left * (trade.exit_price - close) - left * trade.exit_price * 0.001
    assert trade.pnl == pytest.approx(marked + closing)
    assert chain.equity[-1] == pytest.approx(10_000 + trade.pnl)


def test_nothing_is_traded_before_the_test_and_its_first_open_is_not_missed() -> None:
    bars = persistent(200)
    run = backtest(untraded_before(Follow(), int(bars.time[100])), bars)
    entries = [trade.entry_bar for trade in run.trades]
    plain = [trade.entry_bar for trade in backtest(Follow(), bars).trades]
    assert min(entries) >= 100
    assert [bar for bar in plain if bar > 110] == [bar for bar in entries if bar > 110]
    always = backtest(untraded_before(_Always(), int(bars.time[100])), bars)
    assert always.trades[0].entry_bar == 100


def test_a_strategy_that_waits_longer_than_that_is_waited_for() -> None:
    class Patient(_Always):
        warm_up = 150

    bars = persistent(200)
    assert backtest(untraded_before(Patient(), int(bars.time[100])), bars).trades[0].entry_bar == 151


class _Always(Follow):
    def signals(self, bars: Bars, ind: Any) -> cw.Signals:
        return cw.Signals(enter_long=True)


def test_the_future_does_not_change_what_was_chosen_or_made_before(found: WalkForward) -> None:
    bars = persistent(BARS)
    cut_off = walk_forward(Follow, bars[: 24 * 72], train="30d", test="14d", fee_taker=0.0001, cash=5_000)
    for one, other in zip(cut_off.steps, found.steps, strict=False):
        assert (one.parameters, one.out_of_sample) == (other.parameters, other.out_of_sample)
    np.testing.assert_array_equal(cut_off.equity, found.equity[: len(cut_off.equity)])


def test_an_edge_survives_and_luck_does_not() -> None:
    edge = walk_forward(Follow, persistent(BARS), train="30d", test="14d", fee_taker=0.0)
    assert (edge.sharpe_retention or 0) > 0.7
    assert (edge.efficiency or 0) > 0.5
    ratios = [
        walk_forward(Follow, noise(BARS, seed=seed), train="30d", test="14d", fee_taker=0.0).sharpe_retention
        for seed in range(8)
    ]
    assert np.mean([each or 0.0 for each in ratios]) < 0.4


def test_efficiency_is_the_return_of_a_year_outside_by_that_inside(found: WalkForward) -> None:
    inside = sum(float(step.in_sample["total_return"] or 0) for step in found.steps)
    outside = sum(float(step.out_of_sample["total_return"] or 0) for step in found.steps)
    days_in = sum(step.window.train_s for step in found.steps)
    days_out = sum(step.window.test_s for step in found.steps)
    assert found.efficiency == pytest.approx(outside / days_out / (inside / days_in))


def test_drift_tells_how_parameters_wander() -> None:
    found = walk_forward(Follow, noise(BARS, seed=3), train="20d", test="10d")
    drift = found.drift["look"]
    values = [step.parameters["look"] for step in found.steps if step.parameters]
    assert drift.values == tuple(values)
    assert drift.changed == pytest.approx(np.mean(np.diff(values) != 0))
    assert drift.spread == pytest.approx(np.std(values) / 4)


def test_a_window_in_which_nothing_may_be_chosen_rests() -> None:
    moves = np.concatenate([np.zeros(24 * 20), np.random.default_rng(2).normal(0, 0.01, 24 * 30)])
    from tests.research.ground import bars_from

    found = walk_forward(Follow, bars_from(moves), train="10d", test="10d", fee_taker=0.0)
    assert found.steps[0].parameters is None
    assert "None of 5 trials may be chosen" in found.steps[0].reason
    assert set(found.equity[: 24 * 10]) == {10_000.0}
    assert found.steps[-1].parameters is not None


def test_what_is_lost_in_one_window_is_not_there_in_the_next() -> None:
    class Bold(Follow):
        leverage = 60.0

    found = walk_forward(Bold, noise(24 * 60), train="20d", test="10d", objective="total_return")
    assert found.equity[-1] == pytest.approx(0.0, abs=1e-9)
    gone = int(np.argmax(found.equity <= 1e-9))
    assert all(trade.entry_bar <= gone for trade in found.trades)
    assert found.metrics["max_drawdown"] == pytest.approx(-1.0)
    assert [step.parameters is None for step in found.steps] == [False] * 4


def test_it_goes_on_from_choices_that_were_kept(found: WalkForward) -> None:
    kept: dict[int, Choice] = {}
    bars = persistent(BARS)
    asked: dict[str, Any] = {"train": "30d", "test": "14d", "fee_taker": 0.0001, "cash": 5_000}
    walk_forward(Follow, bars, on_piece=kept.__setitem__, **asked)
    assert sorted(kept) == list(range(len(found.steps)))
    made: list[int] = []
    half = {number: choice for number, choice in kept.items() if number < 3}
    told: list[float] = []
    again = walk_forward(
        Follow, bars, done=half, on_piece=lambda number, _: made.append(number),
        progress=lambda share, _: told.append(share), **asked,
    )  # fmt: skip
    assert made == [3, 4]
    assert told[0] == 3 / 5, "three of five windows were done before"
    assert again.summary == found.summary


def test_it_tells_how_far_it_is() -> None:
    told: list[tuple[float, str]] = []
    walk_forward(
        Follow, persistent(BARS), train="30d", test="35d",
        progress=lambda share, step: told.append((share, step)),
    )  # fmt: skip
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert told[-1][0] == 1.0
    assert told[0][1].startswith("Window 1 of 2")


def test_markets_that_came_later_are_traded_once_they_are_there() -> None:
    old, young = persistent(BARS, symbol="OLD"), persistent(BARS, seed=5, symbol="NEW")[24 * 50 :]
    found = walk_forward(Follow, [old, young], train="30d", test="14d", fee_taker=0.0)
    assert {trade.symbol for trade in found.trades if trade.entry_bar < 24 * 14} == {"OLD"}
    assert {trade.symbol for trade in found.trades} == {"OLD", "NEW"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"train": "9 months"}, "is no span of time"),
        ({"train": "200d"}, "not one window of 200d and 14d fits in"),
        ({"constraints": ["trades >= 100000"]}, "In not one window could parameters be chosen"),
        ({"space": {"lok": [1]}}, "Follow has no parameter 'lok' to search"),
        ({"method": "guess"}, "There is no method 'guess'"),
        ({"cash": -5}, "cash is -5"),
    ],
)
def test_it_says_what_is_wrong_with_a_request(changes: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        walk_forward(Follow, persistent(BARS), **{"train": "30d", "test": "14d", **changes})
