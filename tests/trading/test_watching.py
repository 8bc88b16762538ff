"""Limits that prices alone can break: told in time, acted on once, and not told again and again."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import OrderRefused
from candlewick.core.events import Derivative, TimePassed
from candlewick.trading.commands import SetLimits, SetTradingState, Transfer
from candlewick.trading.effects import Alert, Journal, RiskNews, SendCancel
from candlewick.trading.entries import DayBegun, PeakReached
from tests.trading.ground import ACCOUNT, BTC, BTC_PERP, ETH, NO_LIMITS, START, D, House, check_recovery

DAY_S = 86_400


@pytest.fixture
def house() -> House:
    """Long one BTC perpetual at 50,000."""
    house = House(limits=NO_LIMITS)
    house.quotes(BTC, 50_000.0)
    house.quotes(BTC_PERP, 50_000.0)
    house.holds(BTC_PERP, "1")
    return house


def limits(house: House, **changes: Any) -> None:
    changed = replace(house.account.limits, **changes)
    house.do(SetLimits(account=ACCOUNT, limits=changed, actor="ann", ts=house.now))


def moves(house: House, price: float, seconds: float = 1.5) -> list[RiskNews]:
    """The perpetual is worth this now; what is told of it."""
    house.now += round(seconds * NS_PER_S)
    before = len(house.all(RiskNews))
    house.quotes(BTC_PERP, price)
    return house.all(RiskNews)[before:]


def state(house: House) -> str:
    return house.account.state


def entries(house: House, kind: type) -> list[Any]:
    return [each.entry for each in house.all(Journal) if isinstance(each.entry, kind)]


def test_it_warns_before_a_limit_is_broken(house: House) -> None:
    limits(house, max_daily_loss=D(1000))
    assert moves(house, 49_201.0) == []
    [news] = moves(house, 49_200.0)
    assert (news.level, news.code, news.value, news.limit) == ("warn", "max_daily_loss", D(800), D(1000))
    assert house.account.state == "ACTIVE"


def test_it_lets_the_account_only_reduce_when_a_limit_is_broken(house: House) -> None:
    limits(house, max_daily_loss=D(1000))
    house.accepts(house.place(BTC, "buy", "0.1", "40000", order_id="adds"))
    house.accepts(
        house.place(
            BTC_PERP,
            "sell",
            "1",
            order_type="stop",
            stop_price="45000",
            reduce_only=True,
            order_id="protects",
        )
    )
    [news] = moves(house, 49_000.0)
    assert news.level == "critical"
    assert house.account.state == "REDUCING"
    assert house.account.cause == "max_daily_loss"
    assert [each.order.id for each in house.all(SendCancel)] == ["adds"]
    assert house.order("protects").status == "OPEN"
    with pytest.raises(OrderRefused) as refused:
        house.place(BTC, "buy", "0.1")
    assert refused.value.code == "reducing"
    check_recovery(house)


def test_it_halts_if_it_was_told_to(house: House) -> None:
    limits(house, max_drawdown_pct=D(1), halt_on_breach=True)
    moves(house, 48_900.0)
    assert house.account.state == "HALTED"


def test_it_looks_at_what_was_booked_even_if_nothing_is_held_any_more(house: House) -> None:
    limits(house, max_daily_loss=D(1000))
    house.close(BTC_PERP)
    closing = next(iter(house.account.orders))
    house.fills(house.accepts(closing), price="48000")
    assert state(house) == "ACTIVE"
    house.passes(1)
    assert state(house) == "REDUCING"


def test_it_says_so_once(house: House) -> None:
    limits(house, max_daily_loss=D(1000))
    assert len(moves(house, 49_000.0)) == 1
    assert [moves(house, price) for price in (48_999.0, 49_001.0, 48_000.0)] == [[], [], []]


def test_it_stops_again_what_a_person_let_trade_again(house: House) -> None:
    limits(house, max_daily_loss=D(1000))
    moves(house, 49_000.0)
    house.do(SetTradingState(account=ACCOUNT, state="ACTIVE", reason="", actor="ann", ts=house.now))
    moves(house, 48_999.0)
    assert house.account.state == "REDUCING"


def test_it_tells_that_a_limit_is_kept_again_only_with_some_slack(house: House) -> None:
    limits(house, max_daily_loss=D(1000))
    moves(house, 49_200.0)
    assert moves(house, 49_210.0) == []
    assert [news.level for news in moves(house, 49_300.0)] == ["info"]
    assert [news.level for news in moves(house, 49_200.0)] == ["warn"]


def test_it_looks_at_most_once_a_second(house: House) -> None:
    limits(house, max_daily_loss=D(1000))
    moves(house, 49_999.0)
    assert moves(house, 48_000.0, seconds=0.5) == []
    assert len(moves(house, 47_999.0, seconds=0.6)) == 1


def test_it_looks_again_when_the_clock_is_set_back(house: House) -> None:
    limits(house, max_daily_loss=D(1000))
    moves(house, 49_999.0)
    at_venue, here = house.now + NS_PER_S, house.now - 3_600 * NS_PER_S
    house.do(Derivative(BTC_PERP.id, at_venue, here, mark=48_000.0))
    assert [news.code for news in house.told(RiskNews)] == ["max_daily_loss"]


def test_it_tells_of_margin_at_80_and_at_95_percent() -> None:
    house = House(limits=NO_LIMITS, cash="13000")
    house.quotes(BTC_PERP, 50_000.0)
    house.holds(BTC_PERP, "1")
    assert moves(house, 49_400.0) == []
    [news] = moves(house, 49_300.0)
    assert (news.level, news.code, news.text) == ("warn", "margin", "Margin at 80.2%")
    [news] = moves(house, 46_800.0)
    assert (news.level, news.text) == ("critical", "Margin at 95.5%")
    assert house.all(Alert)[-1].severity == "CRITICAL"
    assert moves(house, 46_900.0) == []
    assert [news.level for news in moves(house, 48_500.0)] == ["warn"]
    assert moves(house, 49_700.0) == []
    assert [news.level for news in moves(house, 56_000.0)] == ["info"]


def test_it_does_not_take_money_that_comes_or_goes_for_profit(house: House) -> None:
    limits(house, max_daily_loss=D(1000), max_drawdown_pct=D(1))
    house.do(
        Transfer(
            account=ACCOUNT,
            id="t1",
            currency="USDT",
            amount=D(-50_000),
            memo="",
            actor="ann",
            ts=house.now,
        )
    )
    assert moves(house, 50_001.0) == []
    assert house.account.day_equity == D(50_000)
    assert house.account.state == "ACTIVE"


def test_it_remembers_the_highest_equity(house: House) -> None:
    limits(house, max_drawdown_pct=D(10))
    moves(house, 60_000.0)
    assert [each.equity for each in entries(house, PeakReached)] == [D(110_000)]
    [news] = moves(house, 49_000.0)
    assert (news.code, house.account.state) == ("max_drawdown_pct", "REDUCING")


def test_it_does_not_write_a_peak_for_every_tick(house: House) -> None:
    for price in range(50_000, 50_100):
        moves(house, float(price))
    assert len(entries(house, PeakReached)) == 0


def test_it_begins_a_day_at_midnight(house: House) -> None:
    moves(house, 51_000.0)
    midnight = (START // NS_PER_S // DAY_S + 1) * DAY_S * NS_PER_S
    house.do(TimePassed(midnight - 1))
    assert entries(house, DayBegun) == []
    house.do(TimePassed(midnight))
    house.do(TimePassed(midnight + NS_PER_S))
    assert [(each.equity, each.ts) for each in entries(house, DayBegun)] == [(D(101_000), midnight)]


def test_it_begins_no_day_twice_when_the_clock_is_set_back(house: House) -> None:
    midnight = (START // NS_PER_S // DAY_S + 1) * DAY_S * NS_PER_S
    for ts in (midnight, midnight - 3_600 * NS_PER_S, midnight + 1):
        house.do(TimePassed(ts))
    assert len(entries(house, DayBegun)) == 1


def test_it_begins_one_day_when_the_clock_jumps_ahead_and_goes_on_when_it_comes_back(house: House) -> None:
    house.do(TimePassed(START + 40 * DAY_S * NS_PER_S))
    assert len(entries(house, DayBegun)) == 1
    house.do(TimePassed(START))
    assert len(entries(house, DayBegun)) == 2
    house.do(TimePassed(START + DAY_S * NS_PER_S))
    assert len(entries(house, DayBegun)) == 3


def test_it_lets_an_account_trade_again_on_the_next_day(house: House) -> None:
    limits(house, max_daily_loss=D(1000))
    moves(house, 49_000.0)
    assert state(house) == "REDUCING"
    house.passes(DAY_S)
    assert state(house) == "ACTIVE"
    assert house.account.day_equity == D(99_000)


def test_it_keeps_stopped_what_a_drawdown_or_a_person_stopped(house: House) -> None:
    limits(house, max_drawdown_pct=D(1))
    moves(house, 48_900.0)
    house.passes(DAY_S)
    assert house.account.state == "REDUCING"


def test_it_waits_for_a_price_before_it_says_what_a_day_began_with(house: House) -> None:
    house.quotes(ETH, 2_000.0)
    house.holds(ETH, "1", "2000")
    house.engine.watches[ETH.id].quote = None
    house.passes(DAY_S)
    assert house.account.day_equity is None
    house.quotes(ETH, 2_000.0)
    moves(house, 50_000.5)
    moves(house, 50_001.0)
    assert house.account.day_equity is not None
