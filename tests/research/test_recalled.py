"""A strategy that says again what it said: the same trades, in this process or in another."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import candlewick as cw
from candlewick.core.errors import UsageError
from candlewick.research.recalled import delayed, recalled
from candlewick.trading.strategy.signals import Signals
from tests.research.ground import Follow, persistent


class Careful(Follow):
    """With everything that a run can depend on."""

    warm_up = 40
    sizing = cw.VolatilityTarget(0.5, period=20)
    protections = (cw.Cooldown(2),)
    time_exit = 9

    def signals(self, bars: Any, ind: Any) -> Signals:
        told = super().signals(bars, ind)
        return Signals(
            enter_long=told.enter_long, exit_long=told.exit_long, stop_loss=0.03,
            size=np.linspace(0.5, 1.0, len(bars)),
        )  # fmt: skip


def assert_same(one: Any, other: Any) -> None:
    for name in other.dtype.names:
        np.testing.assert_array_equal(one[name], other[name])  # NaN is like NaN here


def test_it_makes_the_same_trades() -> None:
    one, other = persistent(600, symbol="A"), persistent(600, seed=2, symbol="B")[50:]
    first = cw.backtest(Careful(look=2), [one, other])
    again = cw.backtest(recalled(first), first.markets)
    assert_same(again.fills, first.fills)
    np.testing.assert_array_equal(again.equity, first.equity)
    assert again.strategy.values == {"look": 2}


def test_it_does_so_in_another_process_too() -> None:
    first = cw.backtest(Careful(), persistent(400))
    sent = pickle.loads(pickle.dumps(recalled(first)))
    assert_same(cw.backtest(sent, first.markets).fills, first.fills)


def test_it_leaves_the_strategy_as_it_was() -> None:
    first = cw.backtest(Careful(), persistent(400))
    recalled(first, later=3)
    assert vars(first.strategy) == vars(Careful())
    assert first.strategy.warm_up == 40


def test_all_columns_come_later_together() -> None:
    late = delayed(
        Signals(
            enter_long=[1, 0, 1, 1], exit_short=[0, 1, 0, 0], stop_loss=[0.1, 0.2, 0.3, 0.4], take_profit=0.5,
            size=[2, 3, 4, 5], tag=["a", "b", "c", "d"],
        ),
        bars=4, later=2, settled=1,
    )  # fmt: skip
    assert np.asarray(late.enter_long).tolist() == [0, 0, 0, 0]
    assert np.asarray(late.exit_short).tolist() == [0, 0, 0, 1]
    np.testing.assert_array_equal(np.asarray(late.stop_loss), [np.nan, np.nan, 0.1, 0.2])
    assert np.asarray(late.size).tolist() == [1, 1, 2, 3]
    assert late.take_profit == 0.5
    assert late.tag == ["", "", "a", "b"]


def test_it_refuses_what_it_cannot_recall() -> None:
    class Orders(cw.Strategy):
        def on_bar(self, ctx: Any) -> None:
            pass

    result = cw.backtest(Orders(), persistent(50))
    with pytest.raises(UsageError, match="Orders gives orders of its own"):
        recalled(result)
    with pytest.raises(UsageError, match="cannot come -1 bars later"):
        delayed(Signals(), 3, -1)
