"""Funding: at the venue's hour, at the rate announced before it, on what is held then."""

from __future__ import annotations

from decimal import Decimal

from candlewick.core.reports import FundingPaid
from tests.venues.paper.ground import PERP, START, House, S, told

HOUR = 3600 * S
BOOK = ([(99.9, 50.0)], [(100.0, 50.0)])


def house_that_holds(quantity: str = "2") -> House:
    house = House()
    house.book(*BOOK, instrument=PERP)
    house.mark(100.0, rate=0.0001, next_funding=START + 8 * HOUR)
    house.place("buy" if Decimal(quantity) > 0 else "sell", quantity.lstrip("-"), instrument=PERP)
    return house


def test_longs_pay_the_rate_that_was_announced_last_before_the_hour() -> None:
    house = house_that_holds()
    house.mark(101.0, rate=0.0003, next_funding=START + 8 * HOUR, after_s=4 * 3600)
    (paid,) = house.mark(102.0, rate=-0.0005, next_funding=START + 16 * HOUR, after_s=4 * 3600)
    assert paid == FundingPaid(
        account=1,
        id=str(START + 8 * HOUR),
        instrument=PERP.id,
        rate=Decimal("0.0003"),
        mark=Decimal("102.0"),
        quantity=Decimal("2.00"),
        amount=Decimal("-0.0612"),
        currency="Y",
        ts=START + 8 * HOUR,
    )


def test_shorts_receive_it() -> None:
    house = house_that_holds("-2")
    (paid,) = house.wait(8 * 3600)
    assert isinstance(paid, FundingPaid)
    assert paid.amount == Decimal("0.02")


def test_it_is_paid_when_time_passes_and_no_message_comes() -> None:
    house = house_that_holds()
    assert house.wait(8 * 3600 - 1) == []
    assert told(house.wait(1)) == [(PERP.id, "funding", "-0.02")]
    assert house.wait(3600) == []


def test_each_settlement_is_paid_once_and_the_next_one_follows() -> None:
    house = house_that_holds()
    for hour in (8, 16, 24):
        paid = house.mark(100.0, rate=0.0001, next_funding=START + (hour + 8) * HOUR, after_s=8 * 3600)
        assert [each.id for each in paid if isinstance(each, FundingPaid)] == [str(START + hour * HOUR)]
        assert house.mark(100.0, rate=0.0001, next_funding=START + (hour + 8) * HOUR) == []


def test_who_holds_nothing_at_the_hour_pays_nothing() -> None:
    house = house_that_holds()
    house.place("sell", "2", instrument=PERP)
    assert house.wait(8 * 3600) == []


def test_each_account_pays_for_what_it_holds_after_a_start() -> None:
    house = house_that_holds()
    house.place("sell", "3", instrument=PERP, account=2)
    again = House.around(house.market, house.accounts)
    assert told(again.wait(8 * 3600)) == [
        (PERP.id, "funding", "-0.02"),
        (PERP.id, "funding", "0.03"),
    ]
