"""Drift: why a strategy made something else than its backtest, cause by cause, to the last cent."""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.clock import NS_PER_S, iso
from candlewick.core.errors import NotYet
from candlewick.core.events import Funding
from candlewick.core.reports import FundingPaid
from candlewick.market.bars import Bars
from candlewick.runtime.strategies import desk
from candlewick.runtime.strategies.drift import Filled, Funded, Trade, drift_of, plain, trades_of
from candlewick.runtime.strategies.drifting import settlements
from candlewick.runtime.strategies.expected_process import Asked, Settled, expected
from candlewick.runtime.strategies.messages import Columns
from candlewick.store.models import StrategyAtWork
from tests.runtime.ground import INSTRUMENT, bar
from tests.runtime.strategies.ground import BTC, Floor, until


def trade(**more: Any) -> Trade:
    """Long from 100 to 110, one unit, without costs."""
    told: dict[str, Any] = {
        "symbol": "BTC", "side": "long", "signal": 60, "entry_time": 120, "exit_time": 300,
        "entry_price": 100.0, "exit_price": 110.0, "size": 1.0, "fees": 0.0, "funding": 0.0,
        "reason": "signal",
    }  # fmt: skip
    return Trade(**(told | more))


def causes(expected: list[Trade], actual: list[Trade]) -> dict[str, Any]:
    return {name: pytest.approx(each) for name, each in drift_of(expected, actual).causes.items() if each}


def test_the_same_trade_differs_in_nothing() -> None:
    found = drift_of([trade()], [trade(entry_mark=100.0, exit_mark=110.0)])
    assert (found.expected, found.actual, found.gap) == (10.0, 10.0, 0.0)
    assert not any(found.causes.values())


def test_what_the_market_moved_until_the_order_was_sent_is_latency_and_the_rest_slippage() -> None:
    actual = trade(entry_price=100.5, entry_mark=100.2, exit_price=109.0, exit_mark=109.9)
    assert causes([trade()], [actual]) == {"latency": -0.2 - 0.1, "slippage": -0.3 - 0.9}


def test_of_a_short_it_is_the_other_way_round() -> None:
    expected = trade(side="short", exit_price=90.0)
    actual = trade(side="short", entry_price=99.0, entry_mark=99.5, exit_price=90.5, exit_mark=90.0)
    assert causes([expected], [actual]) == {"latency": -0.5, "slippage": -0.5 - 0.5}


def test_a_stop_that_stood_elsewhere_is_price_and_another_end_is_exit() -> None:
    expected = trade(exit_price=95.0, reason="stop_loss")
    stopped = trade(entry_mark=100.0, exit_price=94.5, reason="stop_loss", exit_mark=94.0)
    assert causes([expected], [stopped]) == {"price": -0.5}
    by_hand = trade(entry_mark=100.0, exit_price=97.0, reason="by hand")
    assert causes([expected], [by_hand]) == {"exit": 2.0}


def test_more_units_fees_and_funding_are_told_apart() -> None:
    actual = trade(size=2.0, fees=0.5, funding=-0.25, entry_mark=100.0, exit_mark=110.0)
    assert causes([trade(fees=0.2)], [actual]) == {"size": 9.8, "fee": 0.4 - 0.5, "funding": -0.25}


def test_what_only_one_of_them_did_is_missed_or_extra() -> None:
    found = drift_of([trade()], [trade(signal=120, exit_price=101.0)])
    assert {name: each for name, each in found.causes.items() if each} == {
        "missed_signal": -10.0, "extra_trade": 1.0,
    }  # fmt: skip
    assert found.gap == -9.0


prices = st.floats(1.0, 1e5)


@st.composite
def some(draw: st.DrawFn) -> Trade:
    marks = st.none() | prices
    return trade(
        symbol=draw(st.sampled_from(["BTC", "ETH"])),
        side=draw(st.sampled_from(["long", "short"])),
        signal=draw(st.integers(0, 3)),
        entry_price=draw(prices),
        exit_price=draw(prices),
        size=draw(st.floats(0.001, 100.0)),
        fees=draw(st.floats(-1.0, 10.0)),
        funding=draw(st.floats(-5.0, 5.0)),
        reason=draw(st.sampled_from(["signal", "stop_loss", "open"])),
        entry_mark=draw(marks),
        exit_mark=draw(marks),
    )


@given(st.lists(some(), max_size=6), st.lists(some(), max_size=6))
def test_the_causes_sum_to_the_gap(expected: list[Trade], actual: list[Trade]) -> None:
    found = drift_of(expected, actual)
    worths = [each.size * (each.entry_price + each.exit_price) for each in (*expected, *actual)]
    scale = 1.0 + sum(worths)
    grown = max([1.0, *(a.size / e.size for e in expected for a in actual)])
    assert sum(found.causes.values()) == pytest.approx(found.gap, abs=1e-12 * scale * grown)
    for each in found.trades:
        assert sum(each.causes.values()) == pytest.approx(each.gap, abs=1e-12 * scale * grown)
    assert sum(each.expected is not None for each in found.trades) == len(expected)
    assert sum(each.actual is not None for each in found.trades) == len(actual)


def fill(buys: bool, price: float, size: float, **more: Any) -> Filled:
    told: dict[str, Any] = {
        "symbol": "BTC", "buys": buys, "price": price, "size": size, "fee": 0.1, "time": 0, "signal": 60,
        "mark": price, "reason": "signal", "own": True,
    }  # fmt: skip
    return Filled(**(told | more))


def test_fills_become_trades_from_flat_to_flat_at_their_mean_prices() -> None:
    (one, two) = trades_of(
        [
            fill(True, 100.0, 1.0),
            fill(True, 102.0, 1.0),
            Funded("BTC", -0.5),
            fill(False, 110.0, 2.0, time=9, reason="stop_loss"),
            fill(False, 108.0, 1.0, signal=120),
        ],
        {"BTC": 105.0},
    )
    assert (one.entry_price, one.exit_price, one.size, one.reason) == (101.0, 110.0, 2.0, "stop_loss")
    assert one.pnl == pytest.approx(18.0 - 0.3 - 0.5)
    assert (two.side, two.exit_price, two.exit_time, two.reason) == ("short", 105.0, None, "open")


async def test_a_strategy_at_work_is_compared_with_its_own_backtest(floor: Floor) -> None:
    row = await floor.started()
    await goes_in_and_out(floor, row)
    await floor.close_bar(row, 101.0)  # so that the bar is there at whose open it should have sold
    await floor.house.execution.settled()
    found = await until_told(floor, row.pk)
    first, second = found["trades"]
    # the scripted bars open at 100: what the market had moved until the order was sent is no slippage
    assert (first["expected"]["entry_price"], first["actual"]["entry_price"]) == (100.0, 101.05)
    assert first["actual"]["entry_mark"] == pytest.approx(101.0)
    assert first["expected"]["signal"] == first["actual"]["signal"]
    assert first["causes"]["slippage"] < 0
    assert sum(found["causes"].values()) == pytest.approx(found["gap"])
    assert second["expected"] is None, "the next bar has not opened yet"
    assert second["actual"]["symbol"] == BTC


async def test_what_the_open_bar_has_filled_already_is_compared_too(floor: Floor) -> None:
    row = await floor.started()
    await goes_in_and_out(floor, row)
    floor.under_way = bar(floor.time, 99.0, closed=False)
    await floor.house.execution.settled()
    found = await until_told(floor, row.pk)
    (trade,) = found["trades"]
    assert trade["expected"]["exit_time"] == floor.time
    assert (trade["expected"]["reason"], trade["actual"]["reason"]) == ("signal", "signal")
    assert trade["causes"].get("exit", 0.0) == 0.0
    assert found["as_of"] == iso(floor.house.clock.now_ns())


async def test_a_strategy_that_was_stopped_keeps_its_last_drift(floor: Floor) -> None:
    row = await floor.started()
    await floor.close_bar(row, 101.0)
    await until(lambda: floor.held)
    desk.stop(row, "ann", close=True)
    floor.strategies.look()
    await until(lambda: floor.state(row) == "stopped")
    await until(lambda: floor.row(row).drift)
    drift: Any = floor.row(row).drift
    (trade,) = drift["trades"]
    assert trade["actual"]["exit_time"] is not None
    assert sum(drift["causes"].values()) == pytest.approx(drift["gap"])


def funding(time: int, rate: float, mark: float | None = None) -> Funding:
    return Funding("sim:BTCUSDT-PERP", rate, mark, time * NS_PER_S + 3_000_000, time * NS_PER_S)


def test_funding_is_the_venues_and_where_the_account_paid_it_the_accounts() -> None:
    paid = FundingPaid(
        account=1, id="x", instrument="sim:BTCUSDT-PERP", rate=Decimal("0.0002"), mark=Decimal(101),
        quantity=Decimal(1), amount=Decimal("-0.0202"), currency="USDT", ts=(28_800 + 70) * NS_PER_S,
    )  # fmt: skip
    other = msgspec.structs.replace(paid, instrument="sim:ETHUSDT-PERP")
    told = [funding(0, 0.0001, 99.0), funding(28_800, 0.0001, 100.0), funding(57_600, -0.0003)]
    first, second, third = settlements("sim:BTCUSDT-PERP", told, [(paid, False), (other, False)])
    assert (first, second) == ((0, 0.0001, 99.0), (28_800, 0.0002, 101.0))
    assert third[:2] == (57_600, -0.0003)
    assert math.isnan(third.mark)
    assert settlements("sim:BTCUSDT-PERP", [], [(paid, False)]) == [(28_860, 0.0002, 101.0)]


HOLDS = """
import candlewick as cw


class Holds(cw.Strategy):
    warm_up = 0

    def signals(self, bars, ind):
        return cw.Signals(enter_long=bars.close > 0.0)
"""


def test_the_backtest_pays_the_funding_that_was_settled(tmp_path: Path) -> None:
    (tmp_path / "strategy.py").write_text(HOLDS, encoding="utf-8")
    flat = np.full(60, 100.0)
    bars = Bars.from_arrays(
        symbol="sim:BTCUSDT-PERP", timeframe="1h", time=3_600 * np.arange(60), open=flat, high=flat + 1,
        low=flat - 1, close=flat, volume=flat,
    )  # fmt: skip
    perp = msgspec.structs.replace(INSTRUMENT, id="sim:BTCUSDT-PERP", symbol="BTCUSDT-PERP", kind="perp")
    settled = [Settled(28_800, 0.01, 100.0), Settled(57_600, 0.01, math.nan)]
    (held,) = expected(
        Asked(
            strategy="Holds", file=str(tmp_path / "strategy.py"), parameters={}, timeframe="1h",
            bars=[Columns.of(bars)], instruments=[perp], funding=[settled], begins=0, cash=1_000.0,
            fee_taker=0.0, fee_maker=0.0, slippage_bps=0.0,
        )
    )  # fmt: skip
    assert held.funding == pytest.approx(-held.size * 100.0 * 0.02)


async def goes_in_and_out(floor: Floor, row: StrategyAtWork) -> None:
    await floor.close_bar(row, 101.0)
    await until(lambda: floor.held)
    await floor.close_bar(row, 103.0)
    await floor.close_bar(row, 99.0)
    await until(lambda: not floor.held)


async def until_told(floor: Floor, id: str) -> dict[str, Any]:
    while True:
        try:
            return await floor.strategies.drift(id)
        except NotYet:
            continue


def test_it_is_told_with_the_profit_of_each() -> None:
    told = plain(drift_of([trade()], []))
    assert told["trades"][0]["expected"]["pnl"] == 10.0
    assert told["trades"][0]["actual"] is None
