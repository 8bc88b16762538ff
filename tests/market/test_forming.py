"""One candle while trades still fall into it."""

from __future__ import annotations

from itertools import pairwise
from math import isnan, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Candle, Trade
from candlewick.market.forming import Forming, count, is_possible_candle, is_possible_trade


def trade(price: float, quantity: float = 1.0, ts: int = 5, received: int = 6, **ids: int) -> Trade:
    return Trade("sim:X", 1, price, quantity, "buy", ts, received, **ids)


def candle(**changed: Any) -> Candle:
    usual: dict[str, Any] = {
        "instrument": "sim:X", "interval": "1m", "time": 60, "open": 2.0, "high": 4.0, "low": 1.0,
        "close": 3.0, "volume": 7.0, "closed": True, "ts_exchange": 119 * NS_PER_S,
        "ts_received": 120 * NS_PER_S, "quote_volume": 15.0, "trades": 9,
    }  # fmt: skip
    return Candle(**usual | changed)


def ohlcv(bar: Forming) -> tuple[float, ...]:
    return bar.open, bar.high, bar.low, bar.close, bar.volume


def test_it_is_flat_until_something_trades() -> None:
    bar = Forming(60, 5.0)
    assert (bar.flat, *ohlcv(bar)) == (True, 5, 5, 5, 5, 0)
    bar.reprice(6.0)
    assert (bar.flat, *ohlcv(bar)) == (True, 6, 6, 6, 6, 0)
    bar.fold(trade(7.0), 1)
    assert (bar.flat, *ohlcv(bar)) == (False, 7, 7, 7, 7, 1)


def test_the_venues_order_decides_which_trade_opened_and_which_closed() -> None:
    bar = Forming(60, 5.0)
    for price, place in ((10.0, 2), (30.0, 4), (20.0, 3), (15.0, 1)):
        bar.fold(trade(price), place)
    assert ohlcv(bar) == (15, 30, 10, 30, 4)


@given(
    st.lists(
        st.tuples(st.integers(1, 50), st.integers(1, 9)), min_size=1, max_size=20, unique_by=lambda t: t[0]
    ),
    st.data(),
)
def test_candles_of_parts_are_the_candle_of_the_whole(
    trades: list[tuple[int, int]], data: st.DataObject
) -> None:
    ordered = sorted(trades)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(ordered)), max_size=4)) | {0, len(ordered)})
    parts = []
    for begin, end in pairwise(cuts):
        part = Forming(begin, 99.0)
        for place, price in data.draw(st.permutations(ordered[begin:end])):
            part.fold(trade(float(price)), place)
        parts += [part, Forming(end, 99.0)]
    whole = Forming(0, 99.0)
    for place, price in trades:
        whole.fold(trade(float(price)), place)
    merged = Forming.merged(parts)
    assert ohlcv(merged) == ohlcv(whole)
    assert (merged.trades, merged.first, merged.last) == (whole.trades, whole.first, whole.last)
    assert merged.same(whole)


def test_it_says_as_a_message_what_it_is() -> None:
    made = Forming.from_candle(candle()).candle("sim:X", "1m", 60, closed=True)
    assert made == candle()


def test_what_a_venue_did_not_say_stays_unknown() -> None:
    bar = Forming.from_candle(candle(quote_volume=None, trades=None))
    merged = Forming.merged([bar, Forming.from_candle(candle(time=120))])
    assert isnan(merged.quote_volume)
    made = merged.candle("sim:X", "2m", 120, closed=True)
    assert (made.volume, made.quote_volume, made.trades) == (14, None, None)


def test_a_revision_is_received_no_earlier_than_it_must_be() -> None:
    made = Forming.from_candle(candle()).candle("sim:X", "1m", 60, closed=True, rev=500 * NS_PER_S)
    assert made.ts_received == 500 * NS_PER_S


def test_an_aggregate_counts_its_single_trades() -> None:
    assert count(trade(1.0)) == 1
    assert count(trade(1.0, first_id=5, last_id=8)) == 4
    assert count(trade(1.0, first_id=8, last_id=5)) == 1


@pytest.mark.parametrize(
    ("ts", "received", "possible"),
    [(5, 6, True), (5, 0, True), (-1, 6, False), (4_000 * NS_PER_S, 10, False), (3_000 * NS_PER_S, 10, True)],
)
def test_a_trade_does_not_happen_an_hour_after_it_was_received(
    ts: int, received: int, possible: bool
) -> None:
    assert is_possible_trade(trade(1.0, ts=ts, received=received)) is possible


@pytest.mark.parametrize(
    "changed",
    [
        {"high": 2.5},
        {"low": 2.5},
        {"low": 0.0},
        {"open": nan},
        {"close": nan},
        {"volume": -1.0},
        {"time": -60},
    ],
)
def test_it_tells_a_candle_that_cannot_be(changed: dict[str, float]) -> None:
    assert is_possible_candle(candle())
    assert not is_possible_candle(candle(**changed))
