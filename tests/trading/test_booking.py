"""What the heart lets through is what the ledger books: no entry that it refuses, and no funding lost."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.errors import UsageError
from candlewick.core.reports import FundingPaid
from candlewick.ledger.book import Book
from candlewick.trading.booking import is_bookable, wrong_with
from tests.trading.ground import BTC_PERP, NO_LIMITS, House, check_recovery

D = Decimal


def funding(amount: Decimal) -> FundingPaid:
    return FundingPaid(
        account=1,
        id="t1",
        instrument=BTC_PERP.id,
        rate=D("0.00012345"),
        mark=D("58484.59762442"),
        quantity=D("0.001"),
        amount=amount,
        currency="USDT",
        ts=1,
    )


def books(amount: Decimal) -> bool:
    book = Book(1, "USDT")
    book.know(BTC_PERP)
    try:
        book.funding(funding(amount))
    except UsageError:
        return False
    return True


def test_it_books_funding_at_the_rate_and_the_mark_that_venues_tell() -> None:
    """Eight places of the rate, eight of the mark and three of the quantity are nineteen."""
    house = House(limits=NO_LIMITS)
    house.quotes(BTC_PERP, 58_484.5, 58_484.6)
    house.holds(BTC_PERP, "0.001", "58484")
    before = house.account.book.balances["USDT"]
    amount = -D("0.001") * D("0.00012345") * D("58484.59762442")
    house.do(funding(amount))
    assert house.account.book.balances["USDT"] == before + amount
    check_recovery(house)


@pytest.mark.parametrize("amount", ["1e-18", "1e-19", "1e-60", "1e-61", "9e14", "1e15", "1e17", "nan", "inf"])
def test_the_bounds_of_funding_are_those_of_the_ledger(amount: str) -> None:
    assert (wrong_with(funding(D(amount))) == "") is books(D(amount))


@given(st.decimals(allow_nan=None, allow_infinity=None))
def test_it_lets_funding_through_that_the_ledger_books_and_no_other(amount: Decimal) -> None:
    assert (wrong_with(funding(amount)) == "") is books(amount)


@given(st.decimals(allow_nan=None, allow_infinity=None))
def test_no_amount_that_somebody_names_goes_to_a_ledger_that_refuses_it(amount: Decimal) -> None:
    if is_bookable(amount):
        assert books(amount)


@pytest.mark.parametrize("amount", ["1e15", "1e17", "1e-19"])
def test_it_refuses_what_is_too_large_or_finer_than_any_coin(amount: str) -> None:
    assert not is_bookable(D(amount))
