"""A strategy that knows the future is found out; one that does not is believed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import candlewick as cw
from candlewick import ta
from candlewick.backtest.lookahead import lookahead
from candlewick.core.errors import UsageError
from candlewick.market.bars import Bars
from candlewick.trading.strategy.context import Context
from candlewick.trading.strategy.signals import Signals
from candlewick.trading.strategy.strategy import Strategy
from tests.backtest.randomly import walk

BARS = walk(1, 600, symbol="A", tick=0.0)


class Cross(Strategy):
    """Honest."""

    def indicators(self, bars: Bars) -> dict[str, Any]:
        return {"fast": ta.ema(bars.close, 5), "slow": ta.ema(bars.close, 20)}

    def signals(self, bars: Bars, ind: Any) -> Signals:
        return Signals(
            enter_long=cw.crossed_above(ind["fast"], ind["slow"]),
            exit_long=cw.crossed_below(ind["fast"], ind["slow"]),
        )


class Scaled(Cross):
    """Divides by a mean of all bars, those to come as well."""

    def indicators(self, bars: Bars) -> dict[str, Any]:
        return {"fast": bars.close / bars.close.mean(), "slow": np.ones(len(bars))}


class Peeking(Cross):
    """Sells a bar before the fall."""

    def signals(self, bars: Bars, ind: Any) -> Signals:
        falls = np.r_[np.diff(bars.close) < 0, False]
        return Signals(enter_long=~falls, exit_long=falls)


class OneDay(Cross):
    """Reads the row to come in a single bar: only a cut at a bar that signals finds it."""

    def signals(self, bars: Bars, ind: Any) -> Signals:
        enter = np.zeros(len(bars), bool)
        if len(bars) > 334:
            enter[333] = True
        return Signals(enter_long=enter)


class Hoarding(Strategy):
    """Keeps all bars for itself, and trades by them."""

    def indicators(self, bars: Bars) -> dict[str, Any]:
        self.all = bars.close
        return {}

    def on_bar(self, ctx: Context) -> None:
        if ctx.index + 1 < len(self.all) and self.all[ctx.index + 1] > ctx.close[-1] and not ctx.position:
            ctx.buy()


class Waiting(Strategy):
    def indicators(self, bars: Bars) -> dict[str, Any]:
        return {"mean": ta.sma(bars.close, 10)}

    def on_bar(self, ctx: Context) -> None:
        if ctx.close[-1] > ctx.ind["mean"][-1] and not ctx.position:
            ctx.buy(0.5, stop_distance=0.02)


def test_it_believes_what_does_not_look_ahead() -> None:
    for strategy in (Cross, Waiting):
        found = lookahead(strategy, BARS)
        assert found.is_clean
        assert found.cuts > 10
        assert "does not look ahead" in found.sentences[0]


def test_it_finds_an_indicator_that_knows_the_mean_of_all_bars() -> None:
    found = lookahead(Scaled, BARS)
    leaks = {(leak.what, leak.name) for leak in found.leaks}
    assert ("indicator", "fast") in leaks
    assert ("indicator", "slow") not in leaks
    assert found.sentences[0] == "Scaled looks ahead: do not believe its backtest."


def test_it_finds_signals_that_know_the_next_bar() -> None:
    leaks = {leak.name: leak for leak in lookahead(Peeking, BARS).leaks}
    assert set(leaks) & {"enter_long", "exit_long"}
    assert all(leak.before != leak.after for leak in leaks.values())


def test_it_looks_at_every_bar_that_signals() -> None:
    (leak,) = lookahead(OneDay, BARS, most=5).leaks
    assert (leak.name, leak.row, leak.before, leak.after) == ("enter_long", 333, "no", "yes")
    assert "(bar 333) is no at its close, but yes once the future is known" in str(leak)


def test_it_finds_orders_that_know_what_the_strategy_was_not_shown() -> None:
    (leak,) = lookahead(Hoarding, BARS).leaks
    assert leak.what == "order"
    assert "nothing" in (leak.before, leak.after)


def test_it_says_how_many_bars_an_average_needs() -> None:
    needs = {each.name: each for each in lookahead(Cross, BARS).warm_ups}
    assert needs["slow"].bars is not None
    assert needs["slow"].bars > 20
    assert not needs["slow"].is_enough
    assert "set warm_up" in str(needs["slow"])

    class Patient(Cross):
        warm_up = 200

    assert all(each.is_enough for each in lookahead(Patient, BARS).warm_ups)


def test_it_says_when_no_history_is_long_enough() -> None:
    class Summing(Cross):
        def indicators(self, bars: Bars) -> dict[str, Any]:
            return {"fast": np.cumsum(bars.close), "slow": ta.sma(bars.close, 10)}

    needs = {each.name: each for each in lookahead(Summing, BARS).warm_ups}
    assert needs["fast"].bars is None
    assert "depends on where the history begins" in str(needs["fast"])
    assert needs["slow"].is_enough


def test_it_wants_more_bars_than_pass_before_the_first_signal() -> None:
    with pytest.raises(UsageError, match=r"There are 10 bars, and .* give more bars"):
        lookahead(Cross, BARS[:10])
