"""Stops and targets that follow an entry, and orders that cancel each other."""

from __future__ import annotations

import pytest

from candlewick.core.errors import UsageError
from candlewick.core.instrument import Instrument
from candlewick.core.order import Order
from candlewick.core.reports import Amended, AmendRefused, Refused
from candlewick.trading import account
from candlewick.trading.brackets import leg_id
from candlewick.trading.commands import Kill
from candlewick.trading.effects import Alert, Denied, Journal, SendAmend, SendCancel, SendOrder
from tests.trading.ground import ACCOUNT, BTC, BTC_PERP, NO_LIMITS, D, House, check_recovery


@pytest.fixture
def house() -> House:
    house = House(limits=NO_LIMITS)
    house.quotes(BTC, 49_999.0, 50_001.0)
    house.quotes(BTC_PERP, 49_999.0, 50_001.0)
    return house


def entry(
    house: House, instrument: Instrument = BTC_PERP, quantity: str = "1", price: str = "49000"
) -> Order:
    """A purchase with a stop and a target, at its venue."""
    return house.accepts(
        house.place(instrument, "buy", quantity, price, stop_loss="45000", take_profit="55000")
    )


def leg(house: House, entry: Order, which: str) -> Order:
    return house.order(leg_id(entry.id, "stop_loss" if which == "stop" else "take_profit"))


def amends(house: House, order: Order) -> None:
    """The venue takes the terms that are on their way."""
    asked = house.order(order.id).amending
    assert asked is not None
    house.do(Amended(ACCOUNT, order.id, asked, house.now))


def test_it_places_nothing_before_the_entry_is_filled(house: House) -> None:
    entry(house)
    assert [each.order.leg for each in house.all(SendOrder)] == [None]


def test_it_places_stop_and_target_when_the_entry_is_filled(house: House) -> None:
    order = entry(house)
    house.fills(order, price="49000")
    stop, target = leg(house, order, "stop"), leg(house, order, "target")
    assert [each.order.id for each in house.told(SendOrder)] == [stop.id, target.id]
    assert (stop.terms.order_type, stop.terms.stop_price, stop.terms.side) == ("stop", D(45000), "sell")
    assert (target.terms.order_type, target.terms.stop_price) == ("take_profit", D(55000))
    assert stop.terms.quantity == target.terms.quantity == D(1)
    assert stop.terms.reduce_only
    assert target.terms.reduce_only
    assert stop.parent == target.parent == order.id
    check_recovery(house)


def test_it_protects_a_short_sale_from_above(house: House) -> None:
    order = house.accepts(house.place(BTC_PERP, "sell", "1", stop_loss="55000", take_profit="45000"))
    house.fills(order, price="50000")
    stop, target = leg(house, order, "stop"), leg(house, order, "target")
    assert (stop.terms.side, stop.terms.stop_price) == ("buy", D(55000))
    assert (target.terms.side, target.terms.stop_price) == ("buy", D(45000))


def test_it_covers_what_is_filled_and_grows_with_it(house: House) -> None:
    order = entry(house)
    house.fills(order, "0.3", price="49000")
    stop, target = leg(house, order, "stop"), leg(house, order, "target")
    assert stop.terms.quantity == D("0.3")
    house.accepts(stop)
    house.accepts(target)
    house.fills(order, "0.5", price="49000")
    assert [each.terms.quantity for each in house.told(SendAmend)] == [D("0.8"), D("0.8")]
    check_recovery(house)


def test_it_grows_later_when_a_leg_was_still_on_its_way(house: House) -> None:
    order = entry(house)
    house.fills(order, "0.3", price="49000")
    house.fills(order, "0.7", price="49000")
    stop = leg(house, order, "stop")
    assert house.told(SendAmend) == []
    house.accepts(stop)
    assert [each.terms.quantity for each in house.told(SendAmend)] == [D(1)]


def test_it_grows_again_when_an_amendment_was_overtaken(house: House) -> None:
    order = entry(house)
    house.fills(order, "0.3", price="49000")
    stop = house.accepts(leg(house, order, "stop"))
    house.fills(order, "0.3", price="49000")
    house.fills(order, "0.4", price="49000")
    amends(house, stop)
    assert [each.terms.quantity for each in house.told(SendAmend) if each.order.id == stop.id] == [D(1)]


def test_it_takes_the_other_leg_back_when_one_is_filled(house: House) -> None:
    order = entry(house)
    house.fills(order, price="49000")
    stop, target = house.accepts(leg(house, order, "stop")), house.accepts(leg(house, order, "target"))
    house.triggers(stop, "45000")
    house.fills(stop, price="44990")
    assert [each.order.id for each in house.told(SendCancel)] == [target.id]
    assert house.account.position(BTC_PERP.id) == 0
    check_recovery(house)


def test_it_takes_the_other_leg_back_however_many_orders_came_between(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account, "RECENT_ORDERS", 1)
    order = entry(house, BTC)
    house.fills(order, price="49000")
    stop, target = house.accepts(leg(house, order, "stop")), house.accepts(leg(house, order, "target"))
    others = [house.ends(house.accepts(house.place(BTC, "buy", "1", "40000"))) for _ in range(3)]
    house.triggers(stop, "45000")
    house.fills(stop, "0.4", price="44990")
    house.fills(stop, "0.6", price="44990")
    assert [each.order.id for each in house.told(SendCancel)] == [target.id]
    house.ends(target)
    house.ends(house.accepts(house.place(BTC, "buy", "1", "40000")))
    kept = house.account.recent
    assert not kept.keys() & {order.id, *(each.id for each in others)}, "the bracket is done"
    check_recovery(house)


def test_it_shrinks_the_other_leg_when_one_is_filled_in_part(house: House) -> None:
    order = entry(house)
    house.fills(order, price="49000")
    stop, target = house.accepts(leg(house, order, "stop")), house.accepts(leg(house, order, "target"))
    house.triggers(target, "55000")
    house.fills(target, "0.4", price="55000")
    assert [(each.order.id, each.terms.quantity) for each in house.told(SendAmend)] == [(stop.id, D("0.6"))]
    assert house.told(SendCancel) == []


@pytest.mark.parametrize("instrument", [BTC, BTC_PERP])
def test_a_stop_that_stands_again_shrinks_and_ends_with_the_target_as_the_first_did(
    house: House, instrument: Instrument
) -> None:
    order = entry(house, instrument)
    house.fills(order, price="49000")
    stop, target = house.accepts(leg(house, order, "stop")), house.accepts(leg(house, order, "target"))
    house.cancel(stop)
    house.ends(stop)
    again = house.accepts(
        house.place(
            instrument, "sell", "1", order_type="stop", stop_price="45000", oco=order.id, leg="stop_loss",
            order_id=f"{stop.id}2", reduce_only=instrument is BTC_PERP,
        )
    )  # fmt: skip
    assert (again.parent, again.leg) == (order.id, "stop_loss")
    house.triggers(target, "55000")
    house.fills(target, "0.4", price="55000")
    assert [(each.order.id, each.terms.quantity) for each in house.told(SendAmend)] == [(again.id, D("0.6"))]
    assert house.told(SendCancel) == []
    amends(house, again)
    house.fills(target, "0.6", price="55000")
    assert [each.order.id for each in house.told(SendCancel)] == [again.id]
    assert not house.all(Denied)
    house.ends(again)
    check_recovery(house)


def test_its_spot_legs_share_the_holding_and_leave_the_fee_out(house: House) -> None:
    order = entry(house, BTC)
    house.fills(order, price="49000", fee="0.001", fee_currency="BTC")
    stop, target = leg(house, order, "stop"), leg(house, order, "target")
    assert stop.terms.quantity == target.terms.quantity == D("0.999")
    assert not stop.terms.reduce_only
    assert not house.all(Denied)


def test_its_spot_legs_shrink_together_when_one_of_them_sold_a_part(house: House) -> None:
    order = entry(house, BTC)
    house.fills(order, price="49000")
    stop, target = house.accepts(leg(house, order, "stop")), house.accepts(leg(house, order, "target"))
    house.triggers(target, "55000")
    house.fills(target, "0.4", price="55000")
    assert [(each.order.id, each.terms.quantity) for each in house.told(SendAmend)] == [(stop.id, D("0.6"))]
    assert not house.all(Denied)


def test_it_protects_only_what_it_opened(house: House) -> None:
    house.holds(BTC_PERP, "-1.5")
    order = entry(house)
    house.fills(order, price="49000")
    assert house.account.position(BTC_PERP.id) == D("-0.5")
    assert house.told(SendOrder) == []
    assert house.told(Alert) == []


def test_it_closes_at_once_when_the_price_is_beyond_the_stop_already(house: House) -> None:
    order = entry(house)
    house.quotes(BTC_PERP, 44_000.0)
    house.fills(order, price="45100")
    stop = leg(house, order, "stop")
    assert stop.terms.order_type == "market"
    assert stop.leg == "stop_loss"


def test_it_tells_when_the_door_refuses_a_leg(house: House) -> None:
    order = entry(house)
    house.engine.desk.accounts[ACCOUNT].state = "HALTED"
    house.fills(order, price="49000")
    assert [each.refusal.code for each in house.told(Denied)] == ["halted", "halted"]
    assert [each.severity for each in house.told(Alert)] == ["CRITICAL", "CRITICAL"]
    assert house.told(SendOrder) == []


def test_it_tells_when_the_venue_does_not_let_a_leg_grow(house: House) -> None:
    order = entry(house)
    house.fills(order, "0.3", price="49000")
    stop = house.accepts(leg(house, order, "stop"))
    house.fills(order, "0.7", price="49000")
    house.do(AmendRefused(ACCOUNT, stop.id, "no", "not now", house.now))
    assert "does not cover" in house.told(Alert)[0].title
    assert house.told(SendAmend) == []


def test_it_does_not_place_a_leg_again_that_a_person_cancelled(house: House) -> None:
    order = entry(house)
    house.fills(order, "0.5", price="49000")
    stop = house.accepts(leg(house, order, "stop"))
    house.cancel(stop)
    house.ends(stop)
    house.fills(order, "0.5", price="49000")
    assert stop.id not in [each.order.id for each in house.told(SendOrder)]


def test_it_tells_when_the_venue_does_not_take_a_leg_or_ends_it(house: House) -> None:
    order = entry(house)
    house.fills(order, price="49000")
    stop, target = leg(house, order, "stop"), house.accepts(leg(house, order, "target"))
    house.do(Refused(ACCOUNT, stop.id, "no", "not today", house.now))
    assert [(each.severity, each.title) for each in house.told(Alert)] == [
        ("CRITICAL", f"No stop loss for {BTC_PERP.id}")
    ]
    house.ends(target, "no liquidity", expired=True)
    assert [each.title for each in house.told(Alert)] == [f"No take profit for {BTC_PERP.id}"]


def test_a_leg_that_its_venue_ended_because_the_position_is_gone_is_no_alarm(house: House) -> None:
    order = entry(house)
    house.fills(order, price="49000")
    stop = house.accepts(leg(house, order, "stop"))
    house.fills(house.place(BTC_PERP, "sell", "1"), price="49000")
    house.ends(stop, "there is nothing left to reduce", expired=True)
    assert [each.title for each in house.all(Alert) if each.severity == "CRITICAL"] == []


def test_it_lets_a_person_move_a_leg_but_not_resize_it(house: House) -> None:
    order = entry(house)
    house.fills(order, price="49000")
    stop = house.accepts(leg(house, order, "stop"))
    with pytest.raises(UsageError, match="follows order o1"):
        house.amend(stop, quantity="0.5")
    house.amend(stop, stop_price="46000")
    amends(house, stop)
    assert leg(house, order, "stop").terms.stop_price == D(46000)
    assert house.told(SendAmend) == []


def test_it_protects_nothing_that_the_kill_switch_is_closing(house: House) -> None:
    order = entry(house)
    house.do(Kill(account=ACCOUNT, flatten=True, reason="enough", actor="ann", ts=house.now))
    house.fills(order, price="49000")
    assert [each.order.leg for each in house.told(SendOrder)] == [None]
    assert house.told(Denied) == []


def test_it_leaves_the_legs_of_a_part_when_the_rest_of_the_entry_is_cancelled(house: House) -> None:
    order = entry(house)
    house.fills(order, "0.5", price="49000")
    stop = house.accepts(leg(house, order, "stop"))
    house.cancel(order)
    house.ends(order)
    assert house.order(stop.id).is_working
    assert house.order(stop.id).terms.quantity == D("0.5")


def test_it_cancels_the_others_of_a_group_when_one_is_filled(house: House) -> None:
    house.holds(BTC, "1")
    stop = house.accepts(house.place(BTC, "sell", "1", order_type="stop", stop_price="45000", oco="pair"))
    target = house.accepts(house.place(BTC, "sell", "1", "55000", oco="pair"))
    other = house.accepts(house.place(BTC, "buy", "0.1", "40000"))
    house.fills(target, "0.4", price="55000")
    assert [each.order.id for each in house.told(SendCancel)] == [stop.id]
    assert house.order(other.id).status == "OPEN"


def test_it_drops_what_can_only_reduce_when_there_is_nothing_to_reduce(house: House) -> None:
    house.holds(BTC_PERP, "1")
    stop = house.accepts(
        house.place(BTC_PERP, "sell", "1", order_type="stop", stop_price="45000", reduce_only=True)
    )
    house.close(BTC_PERP)
    house.fills(house.told(SendOrder)[0].order)
    assert [each.order.id for each in house.told(SendCancel)] == [stop.id]


def test_it_drops_stops_of_the_old_side_when_a_position_is_turned_round(house: House) -> None:
    house.holds(BTC_PERP, "1")
    stop = house.accepts(
        house.place(BTC_PERP, "sell", "1", order_type="stop", stop_price="45000", reduce_only=True)
    )
    house.close(BTC_PERP, reverse=True)
    closing = house.told(SendOrder)[0].order
    assert (closing.terms.quantity, closing.terms.reduce_only) == (D(2), False)
    house.fills(closing)
    assert house.account.position(BTC_PERP.id) == D(-1)
    assert [each.order.id for each in house.told(SendCancel)] == [stop.id]


def test_it_has_every_leg_in_the_journal_before_it_is_sent(house: House) -> None:
    order = entry(house)
    house.fills(order, price="49000")
    journalled: set[str] = set()
    for effect in house.effects:
        if isinstance(effect, Journal) and effect.entry.__class__.__name__ == "OrderPlaced":
            journalled.add(effect.entry.order.id)  # type: ignore[union-attr]
        if isinstance(effect, SendOrder):
            assert effect.order.id in journalled


def test_it_gives_long_ids_a_stem_that_fits() -> None:
    parent = "x" * 36
    assert len(leg_id(parent, "stop_loss")) <= 36
    assert leg_id(parent, "stop_loss") != leg_id(parent, "take_profit")
    assert leg_id(parent, "stop_loss") != leg_id("x" * 35 + "y", "stop_loss")


def test_it_asks_for_no_leg_of_an_entry_that_was_rejected(house: House) -> None:
    order = house.place(BTC_PERP, "buy", "1", "49000", stop_loss="45000")
    house.do(Refused(ACCOUNT, order.id, "no", "not today", house.now))
    assert house.order(order.id).status == "REJECTED"
    assert house.told(SendOrder) == []
