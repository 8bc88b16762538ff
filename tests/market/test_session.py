"""The rolling day: the open minute and the 1,440 before it, or the venue's own ticker."""

from __future__ import annotations

import random
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Candle, Ticker, Trade
from candlewick.market.session import Session

T0 = 1_700_006_400
DAY = 86_400


def trade(id: int | str, at: float, price: float, quantity: float = 1.0) -> Trade:
    ts = T0 * NS_PER_S + round(at * NS_PER_S)
    return Trade("sim:X", id, price, quantity, "buy", ts, ts)


def ticker(at: float, *, last: float = 105.0, high: float = 110.0, volume: float = 10.0) -> Ticker:
    ts = T0 * NS_PER_S + round(at * NS_PER_S)
    return Ticker("sim:X", last, 100.0, high, 90.0, volume, volume * 101, ts, ts)


def minute(at: int, price: float, volume: float, quote_volume: float | None) -> Candle:
    return Candle(
        "sim:X", "1m", T0 + at, price, price + 1, price - 1, price, volume, True, 0, 0, quote_volume
    )


NOTHING = (None,) * 7


def known(session: Session) -> tuple[float, ...] | None:
    day = session.known()
    return None if day is None else tuple(day)


def figures(session: Session) -> tuple[float | None, ...]:
    day = (session.open, session.high, session.low, session.volume, session.quote_volume)
    return *day, session.change, session.vwap


def test_it_knows_nothing_at_first() -> None:
    session = Session()
    assert (figures(session), known(session)) == (NOTHING, None)
    assert (session.change_pct, session.last, session.since, session.complete) == (None, None, None, False)


def test_it_shows_nothing_as_a_day_that_is_not_one() -> None:
    session = Session()
    for each in (trade(1, 0, 100, 2), trade(2, 30, 110, 1), trade(3, 600, 90, 1)):
        assert session.add(each)
    assert figures(session) == NOTHING
    assert known(session) == (100, 110, 90, 4, 400)
    assert (session.last, session.since, session.complete) == (90, T0, False)


def test_it_sums_the_trades_of_a_whole_day() -> None:
    session = Session()
    for each in (trade(1, 0, 100, 2), trade(2, 30, 110, 1), trade(3, DAY, 90, 1)):
        session.add(each)
    assert figures(session) == (100, 110, 90, 4, 400, -10, 100)
    assert session.change_pct == pytest.approx(-10)
    assert session.since == T0


def test_a_day_with_trades_missing_is_not_whole() -> None:
    session = Session()
    for each in (trade(1, 0, 100), trade(3, DAY, 90)):
        session.add(each)
    assert not session.complete
    session.add(trade(2, 60, 120))
    assert session.high == 120


def test_it_lets_go_of_what_is_older_than_a_day() -> None:
    session = Session()
    for each in (trade(1, 0, 500, 7), trade(2, 60, 100, 1), trade(3, DAY + 61, 101, 1)):
        session.add(each)
    assert figures(session)[:5] == (100, 101, 100, 2, 201)
    session.advance(T0 + DAY + 120)
    assert figures(session)[:5] == (101, 101, 101, 1, 101)
    session.advance(T0 + 3 * DAY)
    assert figures(session) == NOTHING
    assert session.last == 101


def test_a_trade_older_than_the_day_changes_nothing() -> None:
    session = Session()
    session.add(trade(1, DAY, 100))
    session.add(trade(2, 2 * DAY - 60, 101))
    before = known(session)
    assert not session.add(trade(0, DAY - 1441 * 60, 999))
    assert known(session) == before


def test_it_takes_each_trade_once() -> None:
    session = Session()
    assert session.add(trade(1, 0, 100))
    assert not session.add(trade(1, 0, 100))
    assert known(session) == (100, 100, 100, 1, 100)


@pytest.mark.parametrize(
    ("price", "quantity"), [(nan, 1), (inf, 1), (-1, 1), (100, nan), (100, 0), (100, inf)]
)
def test_it_rejects_an_impossible_trade(price: float, quantity: float) -> None:
    session = Session()
    session.add(trade(1, 0, 100))
    assert not session.add(trade(2, 1, price, quantity))
    assert (known(session), session.rejected) == ((100, 100, 100, 1, 100), 1)


def test_it_counts_seeded_minutes_and_lets_no_trade_change_them() -> None:
    session = Session()
    session.add(trade(1, DAY, 100))
    session.seed([minute(0, 50, 2, 100), minute(60, 60, 1, 60), minute(DAY, 1, 1, 1)])
    assert figures(session) == (50, 100, 49, 4, 260, 50, 65)
    session.add(trade(2, 61, 999))
    assert known(session) == (50, 100, 49, 4, 260)
    assert session.since == T0


def test_it_knows_the_last_price_from_seeds_alone() -> None:
    session = Session()
    session.take_ticker(ticker(-3600))
    session.seed([minute(0, 50, 2, 100), minute(DAY - 60, 60, 1, None)])
    session.take_ticker(ticker(-3600))
    session.advance(T0 + DAY)
    assert (session.last, session.volume, session.quote_volume, session.vwap) == (60, 3, None, None)


def test_it_shows_the_venues_day_widened_by_later_trades() -> None:
    session = Session()
    session.add(trade(1, 0, 500))
    assert session.take_ticker(ticker(1))
    assert figures(session) == (100, 110, 90, 10, 1010, 5, 101)
    session.add(trade(2, 2, 111))
    assert figures(session) == (100, 111, 90, 10, 1010, 11, 101)
    session.add(trade(3, 3, 89))
    assert (session.low, session.last) == (89, 89)
    assert session.since == T0 + 3 - DAY


def test_every_later_trade_widens_the_venues_day() -> None:
    session = Session()
    session.take_ticker(ticker(0))
    for id, price in enumerate((100, 112, 88, 115, 85, 100), start=1):
        session.add(trade(id, id, price))
    assert (session.high, session.low) == (115, 85)
    session.take_ticker(ticker(7))
    assert (session.high, session.low) == (110, 90), "the venue has taken them in, or knows better"


def test_it_goes_back_to_its_own_sums_when_the_ticker_is_old() -> None:
    session = Session()
    session.take_ticker(ticker(0))
    session.add(trade(1, 61, 100, 3))
    assert known(session) == (100, 100, 100, 3, 300)
    assert figures(session) == NOTHING


def test_it_refuses_an_older_or_impossible_ticker() -> None:
    session = Session()
    assert session.take_ticker(ticker(5))
    assert not session.take_ticker(ticker(4, last=1))
    assert not session.take_ticker(ticker(6, high=nan))
    assert not session.take_ticker(ticker(6, volume=-1))
    assert (session.last, session.high, session.rejected) == (105, 110, 2)


@st.composite
def histories(draw: st.DrawFn) -> list[Trade]:
    step = st.one_of(st.integers(0, 20), st.integers(0, 9_000))
    steps = draw(st.lists(st.tuples(step, st.integers(1, 40), st.integers(1, 9)), min_size=1, max_size=50))
    trades, at = [], 0
    for id, (seconds, price, quantity) in enumerate(steps, start=1):
        at += seconds
        trades.append(trade(id, at, float(price), float(quantity)))
    return trades


@given(histories(), st.randoms(use_true_random=False))
def test_it_is_the_sum_of_the_days_trades_in_whatever_order_they_came(
    history: list[Trade], rng: random.Random
) -> None:
    arrivals = [*history, *rng.choices(history, k=3)]
    if rng.random() < 0.5:
        rng.shuffle(arrivals)
    session = Session()
    for each in arrivals:
        session.add(each)
        assert session.known() is not None
    now = history[-1].ts_exchange // NS_PER_S
    begin = (now - now % 60 - DAY) * NS_PER_S
    day = [each for each in history if each.ts_exchange >= begin]
    assert known(session) == (
        day[0].price,
        max(each.price for each in day),
        min(each.price for each in day),
        sum(each.quantity for each in day),
        sum(each.price * each.quantity for each in day),
    )
    newest = max(each.ts_exchange for each in history)
    assert session.last in {each.price for each in history if each.ts_exchange == newest}
