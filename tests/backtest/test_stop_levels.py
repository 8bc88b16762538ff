"""From where stops, targets and trails are measured: kind by kind, as docs/backtesting.md tells it."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest

import candlewick as cw
from candlewick.backtest.market import Market
from candlewick.backtest.record import Drive
from candlewick.backtest.trades import Trade
from candlewick.market.bars import Bars
from candlewick.trading.strategy.context import Context
from candlewick.trading.strategy.strategy import Strategy

Row = tuple[float, float, float, float]
FLAT: Row = (100.0, 100.2, 99.9, 100.0)
DRIVES: tuple[Drive, ...] = get_args(Drive)
BY_ORDER: tuple[Drive, ...] = ("on_bar", "step")
HOUR = 3600


def bars(*rows: Row, timeframe: str = "1h", step: int = HOUR) -> Bars:
    columns = dict(zip(("open", "high", "low", "close"), map(list, zip(*rows, strict=True)), strict=True))
    time = [1_700_000_400 // HOUR * HOUR + step * i for i in range(len(rows))]
    return Bars.from_arrays(symbol="X", timeframe=timeframe, time=time, volume=[1.0] * len(rows), **columns)


class Signalled(Strategy):
    """One entry, signalled at the first close."""

    def __init__(self, side: str = "long", **distances: float) -> None:
        super().__init__()
        self.side, self.distances = side, distances

    def signals(self, bars: Bars, ind: Any) -> cw.Signals:
        said: dict[str, Any] = {f"enter_{self.side}": np.arange(len(bars)) == 0, **self.distances}
        return cw.Signals(**said)


class Ordered(Strategy):
    """One order, asked for at the first close."""

    def __init__(self, **terms: Any) -> None:
        super().__init__()
        self.terms = terms

    def on_bar(self, ctx: Context) -> None:
        if len(ctx.close) == 1:
            ctx.buy(0.5, **self.terms)


def only_trade(strategy: Strategy, drive: Drive, market: Bars | Market) -> Trade:
    result = cw.backtest(strategy, market, cash=10_000, fee_taker=0.0, slippage_bps=100, drive=drive)
    (trade,) = result.trades
    return trade


def left_at(trade: Trade) -> float:
    """Where the market was as it ended: the exit has a hundredth of slippage in it."""
    return trade.exit_price / (0.99 if trade.side == "long" else 1.01)


@pytest.mark.parametrize("drive", DRIVES)
@pytest.mark.parametrize(("side", "paid", "stop", "target"), [
    ("long", 101.0, 98.98, 105.04),
    ("short", 99.0, 100.98, 95.04),
])  # fmt: skip
def test_stop_and_target_of_a_signal_are_measured_from_the_price_paid(
    drive: Drive, side: str, paid: float, stop: float, target: float
) -> None:
    trade = only_trade(Signalled(side, stop_loss=0.02, take_profit=0.04), drive, bars(FLAT, FLAT, FLAT))
    assert (trade.entry_price, trade.stop, trade.target) == pytest.approx((paid, stop, target))


@pytest.mark.parametrize("drive", DRIVES)
def test_a_trail_begins_at_the_open_of_the_entry_without_its_slippage(drive: Drive) -> None:
    beyond_the_stop = (98.9, 98.9, 98.5, 98.6)  # of one at 98.98, which no trail is
    trail = only_trade(
        Signalled(trailing_stop=0.02), drive,
        bars(FLAT, (100.0, 100.0, 99.5, 99.5), beyond_the_stop, (98.6, 98.6, 97.5, 97.9)),
    )  # fmt: skip
    assert trail.entry_price == pytest.approx(101.0)
    assert trail.exit_bar == 3
    assert left_at(trail) == pytest.approx(98.0)


@pytest.mark.parametrize("drive", DRIVES)
def test_a_trail_follows_the_best_price_of_the_market(drive: Drive) -> None:
    trade = only_trade(
        Signalled(trailing_stop=0.02), drive,
        bars(FLAT, FLAT, (100.0, 110.0, 100.0, 109.0), (109.0, 109.0, 107.0, 107.5)),
    )  # fmt: skip
    assert trade.exit_bar == 3
    assert left_at(trade) == pytest.approx(107.8)


@pytest.mark.parametrize("drive", DRIVES)
def test_a_trail_of_a_short_follows_the_lowest_price_of_the_market(drive: Drive) -> None:
    trade = only_trade(
        Signalled("short", trailing_stop=0.02), drive,
        bars(FLAT, FLAT, (100.0, 100.0, 90.0, 91.0), (91.0, 92.0, 91.0, 91.5)),
    )  # fmt: skip
    assert trade.exit_bar == 3
    assert left_at(trade) == pytest.approx(91.8)


@pytest.mark.parametrize("drive", BY_ORDER)
def test_a_market_order_is_measured_as_a_signal_is(drive: Drive) -> None:
    ordered = Ordered(stop_distance=0.05, target_distance=0.04, trailing_stop=0.02)
    trade = only_trade(ordered, drive, bars(FLAT, (100.0, 100.0, 99.5, 99.5), (98.5, 98.5, 97.5, 97.9)))
    assert (trade.entry_price, trade.stop, trade.target) == pytest.approx((101.0, 95.95, 105.04))
    assert trade.reason == "trailing_stop"
    assert left_at(trade) == pytest.approx(98.0)


@pytest.mark.parametrize("drive", BY_ORDER)
@pytest.mark.parametrize(("terms", "paid"), [
    ({"limit": 99.0}, 99.0),
    ({"stop": 101.0}, 101.0 * 1.01),
])  # fmt: skip
def test_stop_and_target_of_an_order_that_waited_are_measured_from_what_it_paid(
    drive: Drive, terms: dict[str, float], paid: float
) -> None:
    ordered = Ordered(**terms, stop_distance=0.05, target_distance=0.04)
    trade = only_trade(ordered, drive, bars(FLAT, (100.0, 102.0, 98.5, 100.0), FLAT))
    assert trade.entry_bar == 1
    levels = (trade.entry_price, trade.stop, trade.target)
    assert levels == pytest.approx((paid, 0.95 * paid, 1.04 * paid))


@pytest.mark.parametrize("drive", BY_ORDER)
def test_after_an_entry_inside_a_bar_the_stop_may_act_in_it_and_the_target_may_not(drive: Drive) -> None:
    filled_in = (100.0, 105.0, 96.0, 100.0)
    stopped = only_trade(Ordered(limit=99.0, stop_distance=0.02), drive, bars(FLAT, filled_in, FLAT))
    assert (stopped.entry_bar, stopped.exit_bar) == (1, 1)
    assert left_at(stopped) == pytest.approx(0.98 * 99.0)
    held = only_trade(Ordered(limit=99.0, target_distance=0.005), drive, bars(FLAT, filled_in, FLAT))
    assert (held.entry_bar, held.exit_bar) == (1, 2)


@pytest.mark.parametrize("drive", BY_ORDER)
@pytest.mark.parametrize("terms", [{"limit": 99.0}, {"stop": 103.0}])
def test_after_an_entry_inside_a_bar_the_trail_begins_at_the_next_open(
    drive: Drive, terms: dict[str, float]
) -> None:
    filled_in, falls = (100.0, 104.0, 96.0, 98.5), (98.0, 98.0, 96.1, 96.5)
    trade = only_trade(
        Ordered(**terms, trailing_stop=0.02), drive, bars(FLAT, filled_in, falls, (96.5, 96.5, 95.0, 95.5))
    )
    assert trade.entry_bar == 1
    assert trade.exit_bar == 3
    assert left_at(trade) == pytest.approx(0.98 * 98.0)


@pytest.mark.parametrize("drive", BY_ORDER)
def test_with_finer_bars_the_trail_begins_at_the_open_of_the_next_finer_one(drive: Drive) -> None:
    half = HOUR // 2
    fine = bars(
        FLAT, FLAT, (100.0, 100.0, 98.5, 98.6), (98.4, 98.4, 97.0, 97.2), (97.2, 97.2, 96.0, 96.1), FLAT,
        timeframe="30m", step=half,
    )  # fmt: skip
    hours = bars(FLAT, (100.0, 100.0, 97.0, 97.2), (97.2, 100.2, 96.0, 100.0))
    trade = only_trade(Ordered(limit=99.0, trailing_stop=0.02), drive, Market(hours, finer=fine))
    assert (trade.entry_bar, trade.exit_bar) == (1, 2)
    assert left_at(trade) == pytest.approx(0.98 * 98.4)


@pytest.mark.parametrize("drive", BY_ORDER)
def test_an_order_that_trails_begins_at_the_open_at_which_it_is_sent(drive: Drive) -> None:
    trade = only_trade(
        Ordered(trail=0.02), drive, bars(FLAT, (100.0, 100.0, 97.0, 97.5), (97.5, 99.9, 97.4, 99.0))
    )
    assert trade.entry_bar == 2
    assert trade.entry_price == pytest.approx(1.01 * 1.02 * 97.0)
