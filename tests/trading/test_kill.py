"""The kill switch: it halts, cancels, closes, tells what remains, and does not give up."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from candlewick.core.errors import OrderRefused
from candlewick.core.order import Order
from candlewick.core.reports import CancelRefused, Refused
from candlewick.trading.commands import Kill, SetTradingState
from candlewick.trading.effects import Alert, Effects, RiskNews, SendCancel, SendOrder
from candlewick.trading.kill import RETRY_NS, TAG
from tests.trading.ground import ACCOUNT, BTC, BTC_PERP, ETH, NO_LIMITS, D, House, check_recovery

RETRY_S = RETRY_NS / 1e9


@pytest.fixture
def house() -> House:
    """Long BTC perpetuals and spot ETH, with an order at rest and a stop."""
    house = House(limits=NO_LIMITS)
    house.quotes(BTC, 49_999.0, 50_001.0)
    house.quotes(BTC_PERP, 49_999.0, 50_001.0)
    house.quotes(ETH, 1_999.0, 2_001.0)
    house.holds(BTC_PERP, "1")
    house.holds(ETH, "5", "2000")
    house.accepts(house.place(BTC, "buy", "0.1", "40000", order_id="rest"))
    house.accepts(house.place(ETH, "sell", "5", order_type="stop", stop_price="1500", order_id="stop"))
    return house


def kill(house: House, *, flatten: bool) -> Effects:
    return house.do(Kill(account=ACCOUNT, flatten=flatten, reason="enough", actor="ann", ts=house.now))


def at_work(house: House) -> bool:
    return house.account.kill


def sent(house: House) -> list[Order]:
    return [each.order for each in house.told(SendOrder)]


def test_it_halts_and_cancels_all(house: House) -> None:
    kill(house, flatten=False)
    assert house.account.state == "HALTED"
    assert [each.order.id for each in house.told(SendCancel)] == ["rest", "stop"]
    assert sent(house) == []
    with pytest.raises(OrderRefused, match="halted: enough"):
        house.place(BTC, "buy", "0.1")


def test_it_is_done_when_nothing_works_any_more(house: House) -> None:
    kill(house, flatten=False)
    house.ends("rest")
    assert at_work(house)
    assert "1 order and 0 positions remain" in house.told(RiskNews)[-1].text
    house.ends("stop")
    assert not at_work(house)
    assert house.account.state == "HALTED"
    assert house.told(RiskNews)[-1].level == "info"
    assert house.account.position(BTC_PERP.id) == D(1)
    check_recovery(house)


def test_it_closes_every_position_at_the_market(house: House) -> None:
    kill(house, flatten=True)
    closing = {order.terms.instrument: order for order in sent(house)}
    assert closing[BTC_PERP.id].terms.reduce_only
    assert (closing[BTC_PERP.id].terms.side, closing[BTC_PERP.id].terms.quantity) == ("sell", D(1))
    assert (closing[ETH.id].terms.side, closing[ETH.id].terms.quantity) == ("sell", D(5))
    assert {order.terms.order_type for order in closing.values()} == {"market"}
    for order in closing.values():
        house.fills(house.accepts(order), price="2000")
    house.ends("rest")
    assert at_work(house)
    house.ends("stop")
    assert not at_work(house)
    assert not house.account.flatten
    assert house.account.book.positions == {}
    assert "no position is open" in house.told(Alert)[-1].message
    check_recovery(house)


def test_it_closes_what_an_order_brought_before_it_was_cancelled(house: House) -> None:
    kill(house, flatten=True)
    for order in sent(house):
        house.fills(house.accepts(order), price="2000")
    house.fills("rest", price="40000")
    assert [(order.terms.instrument, order.terms.quantity) for order in sent(house)] == [(BTC.id, D("0.1"))]


def test_it_closes_the_rest_when_a_closing_order_was_filled_in_part(house: House) -> None:
    kill(house, flatten=True)
    closing = next(order for order in sent(house) if order.terms.instrument == BTC_PERP.id)
    house.fills(house.accepts(closing), "0.4")
    assert sent(house) == []
    house.ends(closing, "no more liquidity", expired=True)
    assert [order.terms.quantity for order in sent(house)] == [D("0.6")]


def test_it_tries_again_after_a_while_when_a_venue_refuses(house: House) -> None:
    kill(house, flatten=True)
    house.passes(RETRY_S)
    closing = [each.order for each in house.all(SendOrder) if each.order.tag == TAG]
    for order in closing:
        house.do(Refused(ACCOUNT, order.id, "busy", "come back later", house.now))
        assert sent(house) == []
    house.do(CancelRefused(ACCOUNT, "rest", "busy", "come back later", house.now))
    assert house.told(SendCancel) == []
    house.passes(RETRY_S / 2)
    assert sent(house) == []
    house.passes(RETRY_S / 2)
    assert {order.terms.instrument for order in sent(house)} == {BTC_PERP.id, ETH.id}
    assert [each.order.id for each in house.told(SendCancel)] == ["rest"]


def test_it_goes_on_after_a_restart(house: House) -> None:
    kill(house, flatten=True)
    house.engine = house.recovered()
    for instrument in (BTC, BTC_PERP, ETH):
        house.engine.list_instrument(instrument)
    assert house.account.kill
    closing = [order for order in house.account.orders.values() if order.tag == TAG]
    for order in closing:
        house.do(Refused(ACCOUNT, order.id, "lost", "never seen", house.now))
    house.passes(RETRY_S)
    assert {order.terms.instrument for order in sent(house)} == {BTC_PERP.id, ETH.id}


def test_it_waits_for_the_listing_and_leaves_what_is_listed_no_more(house: House) -> None:
    kill(house, flatten=True)
    for order in sent(house):
        house.do(Refused(ACCOUNT, order.id, "lost", "never seen", house.now))
    house.ends("rest")
    house.ends("stop")
    house.engine = house.recovered()
    house.passes(RETRY_S)
    assert (sent(house), at_work(house)) == ([], True)
    house.engine.list_instrument(ETH)  # BTC's perpetual is listed no more
    house.passes(RETRY_S)
    [closing] = sent(house)
    house.fills(house.accepts(closing), price="2000")
    assert not at_work(house)
    assert BTC_PERP.id in house.account.book.positions


def test_it_is_ended_by_a_person(house: House) -> None:
    kill(house, flatten=True)
    house.do(SetTradingState(account=ACCOUNT, state="ACTIVE", reason="", actor="ann", ts=house.now))
    assert (house.account.state, house.account.kill, house.account.flatten) == ("ACTIVE", False, False)
    house.ends("rest")
    assert house.told(SendOrder) == []


def test_it_does_not_wait_for_dust(house: House) -> None:
    house.fills(house.accepts(house.place(BTC, "buy", "0.001")), fee="0.00095", fee_currency="BTC")
    kill(house, flatten=True)
    assert BTC.id not in {order.terms.instrument for order in sent(house)}
    for order in sent(house):
        house.fills(order, price="2000")
    house.ends("rest")
    house.ends("stop")
    assert not house.account.kill


def test_it_closes_in_lots_as_the_venue_has_them_now() -> None:
    house = House(limits=NO_LIMITS)
    house.quotes(BTC_PERP, 50_000.0)
    house.holds(BTC_PERP, "1.005")
    house.engine.list_instrument(replace(BTC_PERP, lot=D("0.01")))
    kill(house, flatten=True)
    assert [order.terms.quantity for order in sent(house)] == [D(1)]


def test_it_is_done_at_once_when_there_is_nothing_to_do() -> None:
    house = House()
    kill(house, flatten=True)
    assert (house.account.state, house.account.kill) == ("HALTED", False)


def test_it_closes_even_with_prices_unknown(house: House) -> None:
    house.engine.watches[BTC_PERP.id].quote = None
    house.engine.watches[BTC_PERP.id].derivative.mark = None
    kill(house, flatten=True)
    assert BTC_PERP.id in {order.terms.instrument for order in sent(house)}
