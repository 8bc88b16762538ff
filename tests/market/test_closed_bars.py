"""What was closed lately, and what is put together from it."""

from __future__ import annotations

from candlewick.core.clock import NS_PER_S
from candlewick.market.closed_bars import HOUR, KEEP_HOURS_S, KEEP_MINUTES_S, KEEP_SECONDS, MINUTE, ClosedBars
from candlewick.market.forming import Forming
from candlewick.market.trade_ids import TradeIds

T0 = 1_700_006_400


def bars(*, known_from: int = T0) -> ClosedBars:
    ids = TradeIds()
    ids.know_from(known_from * NS_PER_S)
    return ClosedBars(ids)


def fill(closed: ClosedBars, begin: int, end: int) -> None:
    closed.minutes.update((time, Forming(time, 1.0)) for time in range(begin, end, MINUTE))


def test_an_hour_is_settled_once_its_minutes_are_all_there() -> None:
    closed = bars()
    fill(closed, T0, T0 + HOUR - MINUTE)
    closed.settle_hour(T0)
    assert closed.hours == {}
    fill(closed, T0 + HOUR - MINUTE, T0 + HOUR)
    closed.settle_hour(T0)
    assert closed.hours[T0].whole
    assert closed.known(T0, T0 + HOUR)


def test_an_hour_is_not_whole_when_a_minute_of_it_is_not() -> None:
    closed = bars(known_from=T0 + 90)
    fill(closed, T0, T0 + HOUR)
    closed.settle_hour(T0)
    assert not closed.hours[T0].whole
    assert not closed.known(T0, T0 + HOUR)
    assert closed.known(T0 + 2 * MINUTE, T0 + HOUR)


def test_the_venues_own_hour_stands() -> None:
    closed = bars()
    closed.hours[T0] = Forming.silent(T0, 7.0)
    fill(closed, T0, T0 + HOUR)
    closed.settle_hour(T0)
    assert closed.hours[T0].close == 7.0


def test_it_puts_together_hours_where_there_are_and_minutes_elsewhere() -> None:
    closed = bars()
    closed.hours[T0] = Forming.silent(T0, 7.0)
    fill(closed, T0, T0 + HOUR + 2 * MINUTE)
    times = [bar.time for bar in closed.parts(T0, T0 + HOUR + 2 * MINUTE)]
    assert times == [T0, T0 + HOUR, T0 + HOUR + MINUTE]
    assert not closed.known(T0, T0 + HOUR + 3 * MINUTE), "a missing minute is unknown, not silent"


def test_flat_bars_take_the_close_before_them() -> None:
    closed = bars()
    fill(closed, T0, T0 + 5 * MINUTE)
    closed.minutes[T0].reprice(2.0)
    closed.minutes[T0 + 3 * MINUTE].trades = 1
    assert closed.reprice(MINUTE, T0, T0 + MINUTE) == T0 + 3 * MINUTE
    assert [bar.close for bar in closed.minutes.values()] == [2, 2, 2, 1, 1]


def test_it_forgets_what_can_no_longer_change() -> None:
    closed, now = bars(), T0 + 30 * HOUR + 90
    closed.seconds = {now - age: Forming(now - age, 1.0) for age in (KEEP_SECONDS, KEEP_SECONDS + 1)}
    hour = now - now % HOUR
    closed.minutes = {
        hour - age: Forming(hour - age, 1.0) for age in (KEEP_MINUTES_S, KEEP_MINUTES_S + MINUTE)
    }
    closed.hours = {T0 + HOUR * n: Forming(T0 + HOUR * n, 1.0) for n in (-1, 0)}
    closed.forget(now)
    assert list(closed.seconds) == [now - KEEP_SECONDS]
    assert list(closed.minutes) == [hour - KEEP_MINUTES_S]
    assert list(closed.hours) == [T0], f"the open day and {KEEP_HOURS_S} s before it"
