"""Cancelling and amending: what can be asked of an order, and when."""

from __future__ import annotations

import pytest

from candlewick.core.errors import (
    Conflict,
    OrderRefused,
    UnknownOrder,
    UsageError,
)
from candlewick.core.order import Order
from candlewick.core.reports import Amended
from candlewick.trading.commands import (
    CancelAll,
)
from candlewick.trading.effects import (
    SendAmend,
    SendCancel,
)
from tests.trading.ground import (
    ACCOUNT,
    BTC,
    BTC_PERP,
    NO_LIMITS,
    D,
    House,
    check_recovery,
)


@pytest.fixture
def house() -> House:
    house = House(limits=NO_LIMITS)
    house.quotes(BTC, 49_999.0, 50_001.0)
    house.quotes(BTC_PERP, 49_999.0, 50_001.0)
    return house


class TestCancelling:
    def test_it_cancels_what_is_still_on_its_way(self, house: House) -> None:
        order = house.place(BTC, "buy", "1", "49000")
        house.cancel(order)
        assert house.order(order.id).status == "CANCEL_IN_FLIGHT"
        assert [each.order.id for each in house.told(SendCancel)] == [order.id]
        house.accepts(order)
        assert house.order(order.id).status == "CANCEL_IN_FLIGHT"
        house.ends(order)
        assert house.order(order.id).status == "CANCELLED"
        check_recovery(house)

    def test_it_asks_once(self, house: House) -> None:
        order = house.accepts(house.place(BTC, "buy", "1", "49000"))
        house.cancel(order)
        assert house.cancel(order) == ()

    def test_it_says_when_there_is_nothing_to_cancel(self, house: House) -> None:
        order = house.accepts(house.place(BTC, "buy", "1", "49000"))
        house.fills(order, price="49000")
        with pytest.raises(Conflict, match="filled already"):
            house.cancel(order)
        with pytest.raises(UnknownOrder):
            house.cancel("nobody")

    def test_it_cancels_all_or_those_of_one_instrument(self, house: House) -> None:
        one = house.place(BTC, "buy", "0.1", "49000")
        other = house.place(BTC_PERP, "buy", "0.1", "49000")
        house.do(CancelAll(account=ACCOUNT, instrument=BTC.id, actor="ann", ts=house.now))
        assert [each.order.id for each in house.told(SendCancel)] == [one.id]
        house.cancel_all()
        assert [each.order.id for each in house.told(SendCancel)] == [other.id]

    def test_it_books_a_fill_that_beat_the_cancellation(self, house: House) -> None:
        order = house.accepts(house.place(BTC, "buy", "1", "49000"))
        house.cancel(order)
        house.fills(order, "0.4", price="49000")
        house.ends(order)
        done = house.order(order.id)
        assert (done.status, done.filled, house.account.position(BTC.id)) == ("CANCELLED", D("0.4"), D("0.4"))


class TestAmending:
    @pytest.fixture
    def order(self, house: House) -> Order:
        return house.accepts(house.place(BTC, "buy", "1", "49000"))

    def test_it_asks_for_new_terms_and_takes_them_when_the_venue_does(
        self, house: House, order: Order
    ) -> None:
        house.amend(order, limit_price="48000", quantity="0.5")
        asked = house.told(SendAmend)[0].terms
        assert (asked.limit_price, asked.quantity) == (D(48000), D("0.5"))
        assert house.order(order.id).terms == order.terms
        house.do(Amended(ACCOUNT, order.id, asked, house.now))
        assert house.order(order.id).terms == asked
        check_recovery(house)

    def test_it_does_not_go_below_what_is_filled(self, house: House, order: Order) -> None:
        house.fills(order, "0.6", price="49000")
        with pytest.raises(OrderRefused) as refused:
            house.amend(order, quantity="0.6")
        assert (refused.value.code, refused.value.limit) == ("filled", D("0.6"))

    def test_it_wants_one_change_at_a_time(self, house: House, order: Order) -> None:
        house.amend(order, limit_price="48000")
        with pytest.raises(Conflict, match="on its way"):
            house.amend(order, limit_price="47000")

    def test_it_wants_a_change(self, house: House, order: Order) -> None:
        with pytest.raises(UsageError, match="Nothing"):
            house.amend(order, limit_price="49000")

    def test_it_changes_nothing_that_is_not_at_its_venue(self, house: House, order: Order) -> None:
        new = house.place(BTC, "buy", "0.1", "49000")
        with pytest.raises(Conflict, match="has not reached"):
            house.amend(new, limit_price="48000")
        house.cancel(order)
        with pytest.raises(Conflict, match="being cancelled"):
            house.amend(order, limit_price="48000")
        house.ends(order)
        with pytest.raises(Conflict, match="cancelled already"):
            house.amend(order, limit_price="48000")

    def test_it_counts_the_larger_of_both_sizes_until_the_venue_has_spoken(
        self, house: House, order: Order
    ) -> None:
        house.amend(order, quantity="0.5")
        with pytest.raises(OrderRefused) as refused:
            house.place(BTC, "buy", "1.2", "49000")
        assert refused.value.code == "insufficient_funds"
