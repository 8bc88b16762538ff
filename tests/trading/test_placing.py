"""New orders and closing ones: one key makes one order, and the journal comes first."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from candlewick.core.errors import (
    Conflict,
    OrderRefused,
    UnknownAccount,
    UnknownOrder,
    UsageError,
)
from candlewick.core.reports import Amended
from candlewick.trading.account import RECENT_ORDERS
from candlewick.trading.commands import (
    Cancel,
    CancelAll,
)
from candlewick.trading.effects import (
    Alert,
    Journal,
    SendCancel,
    SendOrder,
)
from candlewick.trading.entries import InstrumentKnown
from tests.trading.ground import (
    ACCOUNT,
    BTC,
    BTC_PERP,
    ETH,
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


def kinds(house: House) -> list[str]:
    return [type(each).__name__ for each in house.last]


class TestPlacing:
    def test_it_journals_before_it_sends(self, house: House) -> None:
        house.place(BTC, "buy", "1", "49000")
        assert kinds(house) == ["Journal", "Journal", "OrderChanged", "SendOrder"]
        assert isinstance(house.told(Journal)[0].entry, InstrumentKnown)

    def test_it_introduces_an_instrument_once_and_again_when_it_changed(self, house: House) -> None:
        house.place(BTC, "buy", "1", "49000")
        house.place(BTC, "buy", "0.1", "49000")
        assert kinds(house) == ["Journal", "OrderChanged", "SendOrder"]
        house.engine.list_instrument(replace(BTC, lot=D("0.1")))
        house.place(BTC, "buy", "0.1", "49000")
        assert kinds(house)[:2] == ["Journal", "Journal"]
        check_recovery(house)

    def test_it_makes_one_order_of_one_key(self, house: House) -> None:
        first = house.place(BTC, "buy", "1", "49000", key="k")
        with pytest.raises(UnknownOrder):
            house.place(BTC, "buy", "1", "49000", key="k", order_id="second")
        assert house.last == ()
        assert house.engine.desk.by_key(ACCOUNT, "k") == first.id
        assert house.engine.desk.by_key(ACCOUNT, "other") is None

    def test_it_knows_a_key_after_the_order_was_amended_and_done(self, house: House) -> None:
        order = house.accepts(house.place(BTC, "buy", "1", "49000", key="k"))
        house.do(Amended(ACCOUNT, order.id, replace(order.terms, limit_price=D(48000)), house.now))
        house.ends(order)
        with pytest.raises(UnknownOrder):
            house.place(BTC, "buy", "1", "49000", key="k", order_id="second")

    @pytest.mark.parametrize("other", [{"price": "48000"}, {"quantity": "2"}, {"stop_loss": "40000"}])
    def test_it_refuses_a_key_that_stands_for_something_else(
        self, house: House, other: dict[str, Any]
    ) -> None:
        house.place(BTC, "buy", "1", "49000", key="k")
        asked: dict[str, Any] = {"quantity": "1", "price": "49000"} | other
        with pytest.raises(Conflict, match="'k' was used for order o1"):
            house.place(BTC, "buy", asked.pop("quantity"), **asked, key="k")

    def test_it_refuses_an_id_that_exists(self, house: House) -> None:
        house.place(BTC, "buy", "1", "49000", order_id="same")
        with pytest.raises(Conflict):
            house.place(BTC, "buy", "1", "48000", order_id="same")

    def test_it_forgets_the_oldest_of_the_orders_that_are_done(self, house: House) -> None:
        for n in range(RECENT_ORDERS + 1):
            house.ends(house.place(BTC, "buy", "0.001", "49000", order_id=f"n{n}"))
        with pytest.raises(UnknownOrder):
            house.order("n0")
        assert house.order("n1").status == "CANCELLED"

    def test_it_knows_no_other_account(self, house: House) -> None:
        for command in (
            Cancel(account=9, order_id="o1", actor="ann", ts=house.now),
            CancelAll(account=9, actor="ann", ts=house.now),
        ):
            with pytest.raises(UnknownAccount):
                house.do(command)


class TestClosing:
    def test_it_closes_a_position_at_the_market(self, house: House) -> None:
        house.holds(BTC_PERP, "-1.5")
        house.close(BTC_PERP)
        terms = house.told(SendOrder)[0].order.terms
        assert (terms.side, terms.quantity, terms.order_type, terms.reduce_only) == (
            "buy",
            D("1.5"),
            "market",
            True,
        )

    def test_it_takes_back_what_claims_a_holding_before_it_sells_it(self, house: House) -> None:
        house.holds(BTC, "1")
        stop = house.accepts(house.place(BTC, "sell", "1", order_type="stop", stop_price="45000"))
        house.close(BTC)
        assert [each.order.id for each in house.told(SendCancel)] == [stop.id]
        assert kinds(house).index("SendCancel") < kinds(house).index("SendOrder")
        assert house.told(SendOrder)[0].order.terms.quantity == D(1)

    def test_it_takes_back_what_claims_the_coin_on_another_instrument(self, house: House) -> None:
        other = replace(BTC, id="sim:BTCUSDC", symbol="BTCUSDC", quote="USDC", settle="USDC")
        house.lists(other, 50_000.0)
        house.holds(BTC, "1")
        resting = house.accepts(house.place(other, "sell", "1", "52000"))
        house.close(BTC)
        assert [each.order.id for each in house.told(SendCancel)] == [resting.id]

    def test_it_takes_back_its_own_order_that_it_would_trade_with_and_no_other(self, house: House) -> None:
        house.holds(BTC_PERP, "-1.5")
        touching = house.accepts(house.place(BTC_PERP, "sell", "1", "50010"))
        house.accepts(house.place(BTC_PERP, "sell", "1", "54000"))
        house.quotes(BTC_PERP, 50_015.0, 50_020.0)
        house.close(BTC_PERP)
        assert [each.order.id for each in house.told(SendCancel)] == [touching.id]
        assert kinds(house).index("SendCancel") < kinds(house).index("SendOrder")

    def test_it_closes_all(self, house: House) -> None:
        house.holds(BTC, "1")
        house.holds(BTC_PERP, "-1")
        house.close()
        assert [each.order.terms.instrument for each in house.told(SendOrder)] == [BTC.id, BTC_PERP.id]
        check_recovery(house)

    def test_it_leaves_dust(self, house: House) -> None:
        order = house.accepts(house.place(BTC, "buy", "1"))
        house.fills(order, fee="0.0015", fee_currency="BTC")
        house.close(BTC)
        assert house.told(SendOrder)[0].order.terms.quantity == D("0.998")

    @pytest.mark.parametrize("reverse", [False, True])
    def test_it_says_that_less_than_a_lot_cannot_be_closed(self, house: House, reverse: bool) -> None:
        house.fills(house.accepts(house.place(BTC_PERP, "sell", "0.001")), "0.0004")
        with pytest.raises(
            OrderRefused, match=r"lots of 0\.001.*less: 0\.0004\..*sell a lot or more"
        ) as refused:
            house.close(BTC_PERP, reverse=reverse)
        assert (refused.value.code, refused.value.limit, refused.value.value) == (
            "lot",
            D("0.001"),
            D("0.0004"),
        )

    def test_it_closes_in_lots_as_the_venue_has_them_now(self, house: House) -> None:
        house.holds(BTC_PERP, "1.005")
        house.engine.list_instrument(replace(BTC_PERP, lot=D("0.01")))
        house.close(BTC_PERP)
        assert house.told(SendOrder)[0].order.terms.quantity == D(1)

    def test_it_says_so_of_a_coin_that_a_fee_has_left(self, house: House) -> None:
        house.fills(house.accepts(house.place(BTC, "buy", "0.001")), fee="0.00095", fee_currency="BTC")
        before = house.engine.desk.snapshot()
        for instrument in (BTC, None):
            with pytest.raises(OrderRefused, match=r"the position is less: 0\.00005\. Leave it, or buy"):
                house.close(instrument)
        assert house.engine.desk.snapshot() == before

    def test_it_closes_the_others_when_one_is_dust(self, house: House) -> None:
        house.fills(house.accepts(house.place(BTC, "buy", "0.001")), fee="0.00095", fee_currency="BTC")
        house.holds(BTC_PERP, "-1")
        house.close()
        assert [each.order.terms.instrument for each in house.told(SendOrder)] == [BTC_PERP.id]
        assert house.told(Alert) == []

    def test_it_tells_of_a_position_that_stays_open_while_the_others_are_closed(self, house: House) -> None:
        house.quotes(ETH, 2_000.0)
        house.holds(ETH, "1", price="2000")
        house.holds(BTC_PERP, "-1")
        del house.engine.market.instruments[ETH.id]  # its venue lists it no more
        house.close()
        assert [each.order.terms.instrument for each in house.told(SendOrder)] == [BTC_PERP.id]
        alert = house.told(Alert)[0]
        assert (alert.severity, "ETHUSDT stays open" in alert.message) == ("WARNING", True)

    def test_it_says_when_there_is_nothing_to_close_or_to_turn_round(self, house: House) -> None:
        with pytest.raises(UsageError, match="no position"):
            house.close(BTC)
        assert house.close() == ()
        house.holds(BTC, "1")
        with pytest.raises(UsageError, match="short"):
            house.close(BTC, reverse=True)
        with pytest.raises(UsageError, match="Name the position"):
            house.close(reverse=True)
