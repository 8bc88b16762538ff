"""An account compared with its venue: what was missed is caught up with, and nothing is counted twice."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from candlewick.core.order import Order, Terms
from candlewick.core.reports import (
    Amended,
    CancelRefused,
    ExternalOrder,
    Fill,
    FundingPaid,
    VenueBalance,
    VenueLeverage,
    VenueOrder,
    VenuePosition,
    VenueState,
)
from candlewick.trading.commands import Place
from candlewick.trading.effects import Alert, AskVenue, Booked, Journal, OrderChanged, SendOrder
from candlewick.trading.engine import Engine
from tests.trading.ground import ACCOUNT, BTC, BTC_PERP, ETH, NO_LIMITS, D, House, check_recovery

ETH_PERP = "sim:ETHUSDT-PERP"


@pytest.fixture
def house() -> House:
    house = House(limits=NO_LIMITS)
    house.quotes(BTC, 49_999.0, 50_001.0)
    house.quotes(BTC_PERP, 49_999.0, 50_001.0)
    return house


@pytest.fixture
def live() -> House:
    house = House(limits=NO_LIMITS, kind="live")
    house.quotes(BTC, 49_999.0, 50_001.0)
    house.quotes(BTC_PERP, 49_999.0, 50_001.0)
    return house


def seen(order: Order, status: Any = "OPEN", filled: str = "0") -> VenueOrder:
    """An order as its venue has it."""
    return VenueOrder(
        order_id=order.id,
        venue_id=f"v-{order.id}",
        terms=order.terms,
        filled=D(filled),
        average_price=None,
        status=status,
        reason="as the venue says",
        ts=order.created_at,
    )


def fill(order: Order, id: str, quantity: str, price: str = "49000") -> Fill:
    return Fill(
        account=ACCOUNT,
        id=id,
        order_id=order.id,
        instrument=order.terms.instrument,
        side=order.terms.side,
        price=D(price),
        quantity=D(quantity),
        fee=D(0),
        fee_currency="USDT",
        liquidity="maker",
        ts=order.created_at,
    )


def state(house: House, *orders: VenueOrder, **more: Any) -> VenueState:
    asked = frozenset(house.account.orders)
    known: dict[str, Any] = {"fills": (), "balances": None, "positions": None, "asked": asked} | more
    return VenueState(account=ACCOUNT, venue="sim", orders=orders, ts=house.now, **known)


def set_to(instrument: str, leverage: str, mode: Any = "cross") -> VenueLeverage:
    return VenueLeverage(instrument=instrument, leverage=D(leverage), margin_mode=mode)


def external(order_id: str = "theirs", status: Any = "OPEN", filled: str = "0") -> VenueOrder:
    terms = Terms(instrument=BTC.id, side="buy", quantity=D(1), order_type="limit", limit_price=D(49000))
    return VenueOrder(
        order_id=order_id,
        venue_id="v-theirs",
        terms=terms,
        filled=D(filled),
        average_price=D(49000) if filled != "0" else None,
        status=status,
        ts=1,
    )


def test_it_rejects_an_order_that_never_arrived(house: House) -> None:
    order = house.place(BTC, "buy", "1", "49000")
    house.do(state(house))
    assert house.order(order.id).status == "REJECTED"
    check_recovery(house)


def test_it_ends_an_order_that_its_venue_does_not_know_any_more(house: House) -> None:
    order = house.accepts(house.place(BTC, "buy", "1", "49000"))
    house.do(state(house))
    assert house.order(order.id).status == "CANCELLED"


def test_it_leaves_an_order_alone_that_was_placed_after_the_venue_looked(house: House) -> None:
    said = state(house)
    house.passes(1)
    house.quotes(BTC, 49_999.0, 50_001.0)
    order = house.place(BTC, "buy", "1", "49000")
    house.do(said)
    assert house.order(order.id).status == "IN_FLIGHT"


def test_it_books_the_fills_that_were_missed_once(house: House) -> None:
    order = house.accepts(house.place(BTC, "buy", "1", "49000"))
    house.do(fill(order, "a", "0.2"))
    missed = (fill(order, "a", "0.2"), fill(order, "b", "0.3"), fill(order, "b", "0.3"))
    house.do(state(house, seen(order, "PARTLY_FILLED", "0.5"), fills=missed))
    assert house.order(order.id).filled == D("0.5")
    assert [each.fill.id for each in house.told(Booked) if each.fill] == ["b"]
    house.do(state(house, seen(order, "PARTLY_FILLED", "0.5"), fills=missed))
    assert house.told(Journal) == []
    check_recovery(house)


def test_it_learns_what_became_of_an_order(house: House) -> None:
    gone = house.accepts(house.place(BTC, "buy", "0.1", "49000"))
    late = house.accepts(house.place(BTC, "buy", "0.1", "49000"))
    new = house.place(BTC, "buy", "0.1", "49000")
    full = house.accepts(house.place(BTC, "buy", "0.1", "49000"))
    house.do(
        state(
            house,
            seen(gone, "CANCELLED"),
            seen(late, "EXPIRED"),
            seen(new),
            seen(full, "FILLED", "0.1"),
            fills=(fill(full, "f", "0.1"),),
        )
    )
    assert [house.order(each.id).status for each in (gone, late, new, full)] == [
        "CANCELLED",
        "EXPIRED",
        "OPEN",
        "FILLED",
    ]


def test_it_claims_an_order_that_is_not_ours(house: House) -> None:
    house.do(state(house, external(filled="0.4", status="PARTLY_FILLED")))
    order = house.order("theirs")
    assert (order.origin, order.status, order.filled) == ("external", "PARTLY_FILLED", D("0.4"))
    assert house.told(SendOrder) == []
    assert [each.what for each in house.told(OrderChanged)] == ["claimed"]
    house.do(ExternalOrder(ACCOUNT, external(), house.now))
    assert house.told(Journal) == []
    house.cancel("theirs")
    assert house.order("theirs").status == "CANCEL_IN_FLIGHT"
    check_recovery(house)


def test_it_books_the_fill_of_an_order_that_nobody_knows(house: House) -> None:
    stranger = Fill(
        account=ACCOUNT,
        id="x",
        order_id="who",
        instrument=BTC.id,
        side="buy",
        price=D(49000),
        quantity=D(1),
        fee=D(0),
        fee_currency="USDT",
        liquidity="taker",
        ts=house.now,
    )
    house.do(stranger)
    assert house.account.position(BTC.id) == D(1)
    assert house.told(OrderChanged) == []


def test_it_tells_of_a_fill_that_it_cannot_book(house: House) -> None:
    order = house.place(BTC, "buy", "1", "49000")
    before = house.engine.desk.snapshot()
    for odd in (
        {"instrument": "sim:NOUSDT"},
        {"quantity": "0"},
        {"price": "-1"},
        {"price": "NaN"},
        {"fee": "1e-30"},
    ):
        house.fills(order, **{"price": "50000", **odd})
        assert house.told(Alert)[0].severity == "CRITICAL"
    assert house.engine.desk.snapshot() == before


def test_it_asks_the_venue_about_an_order_that_it_could_not_cancel_because_it_is_unknown(
    house: House,
) -> None:
    order = house.accepts(house.place(BTC, "buy", "1", "49000"))
    house.cancel(order)
    house.do(CancelRefused(ACCOUNT, order.id, "unknown", "no such order", house.now, unknown=True))
    assert house.told(AskVenue) == [AskVenue(ACCOUNT)]
    house.do(state(house))
    assert house.order(order.id).status == "CANCELLED"


@pytest.mark.parametrize("late", ["accepted", "gone", "fill", "triggered", "amended"])
def test_it_takes_reports_of_an_order_that_is_done_for_what_they_are(house: House, late: str) -> None:
    order = house.accepts(house.place(BTC, "buy", "1", order_type="stop", stop_price="51000"))
    house.ends(order)
    match late:
        case "accepted":
            house.accepts(order)
        case "gone":
            house.ends(order, expired=True)
        case "triggered":
            house.triggers(order, "51000")
        case "amended":
            house.do(Amended(ACCOUNT, order.id, order.terms, house.now))
        case "fill":
            house.fills(order, "0.4")
            assert house.account.position(BTC.id) == D("0.4")
            assert house.order(order.id).status == "CANCELLED"
            house.fills(order)
            assert house.order(order.id).status == "FILLED"
            return
    assert house.told(Journal) == []
    assert house.order(order.id).status == "CANCELLED"


def test_it_books_more_than_was_ordered_and_says_so(house: House) -> None:
    order = house.accepts(house.place(BTC, "buy", "1", "49000"))
    house.fills(order, "1.5", price="49000")
    assert house.account.position(BTC.id) == D("1.5")
    assert "More was filled" in house.told(Alert)[0].title


def test_it_books_funding_once(house: House) -> None:
    house.holds(BTC_PERP, "1")
    paid = FundingPaid(
        account=ACCOUNT,
        id="t1",
        instrument=BTC_PERP.id,
        rate=D("0.0001"),
        mark=D(50000),
        quantity=D(1),
        amount=D(-5),
        currency="USDT",
        ts=house.now,
    )
    house.do(paid)
    house.do(paid)
    assert house.told(Journal) == []
    assert house.account.book.balances["USDT"] == D(99_995)
    check_recovery(house)


def test_it_tells_of_a_liquidation_and_takes_back_what_can_only_reduce(house: House) -> None:
    house.holds(BTC_PERP, "1")
    stop = house.accepts(
        house.place(BTC_PERP, "sell", "1", order_type="stop", stop_price="45000", reduce_only=True)
    )
    house.do(
        Fill(
            account=ACCOUNT,
            id="liq",
            order_id="liq-1",
            instrument=BTC_PERP.id,
            side="sell",
            price=D(41000),
            quantity=D(1),
            fee=D(0),
            fee_currency="USDT",
            liquidity="taker",
            ts=house.now,
            liquidation=True,
        )
    )
    assert house.told(Alert)[0].severity == "CRITICAL"
    assert house.order(stop.id).status == "CANCEL_IN_FLIGHT"
    assert house.account.position(BTC_PERP.id) == 0


def test_it_takes_what_a_live_account_has_when_it_begins(live: House) -> None:
    live.do(
        state(
            live,
            balances=(VenueBalance("USDT", D(900), D(100)),),
            positions=(VenuePosition(instrument=BTC_PERP.id, quantity=D("-0.5"), avg_price=D(48000)),),
            leverages=(set_to(BTC_PERP.id, "10"), set_to(ETH_PERP, "20")),
        )
    )
    assert live.account.book.balances["USDT"] == D(1000)
    position = live.account.book.positions[BTC_PERP.id]
    assert (position.quantity, position.avg_price, position.leverage) == (D("-0.5"), D(48000), D(10))
    assert live.account.day_equity == D(1000)
    assert live.account.book.leverage_of(ETH_PERP) != (D(20), "cross")  # nobody here thinks of it
    check_recovery(live)


def test_it_goes_by_the_leverage_that_was_set_at_the_venue(live: House) -> None:
    live.do(
        state(
            live,
            balances=(VenueBalance("USDT", D(9000), D(0)),),
            positions=(VenuePosition(instrument=BTC_PERP.id, quantity=D(1), avg_price=D(48000)),),
            leverages=(set_to(BTC_PERP.id, "10"),),
        )
    )
    # what is read while balances are not quiet tells of settings all the same
    live.do(state(live, leverages=(set_to(BTC_PERP.id, "25", "isolated"),)))
    position = live.account.book.positions[BTC_PERP.id]
    assert (position.leverage, position.margin_mode) == (D(25), "isolated")
    live.do(state(live, leverages=(set_to(BTC_PERP.id, "25", "isolated"),)))
    assert live.last == ()
    check_recovery(live)


def test_it_books_a_difference_only_when_it_was_seen_twice(live: House) -> None:
    live.do(state(live, balances=(VenueBalance("USDT", D(1000), D(0)),), positions=()))
    more = state(live, balances=(VenueBalance("USDT", D(1200), D(0)),), positions=())
    live.do(more)
    assert live.told(AskVenue) == [AskVenue(ACCOUNT)]
    assert live.account.book.balances["USDT"] == D(1000)
    live.do(more)
    assert live.account.book.balances["USDT"] == D(1200)
    assert "something else" in live.told(Alert)[0].title
    live.do(more)
    assert live.last == ()
    check_recovery(live)


def test_it_does_not_book_twice_what_a_fill_explains_later(live: House) -> None:
    live.do(state(live, balances=(VenueBalance("USDT", D(100_000), D(0)),), positions=()))
    order = live.accepts(live.place(BTC, "buy", "1", "49000"))
    half = (VenueBalance("USDT", D(75_500), D(0)), VenueBalance("BTC", D("0.5"), D(0)))
    live.do(state(live, seen(order), balances=half, positions=()))
    live.do(fill(order, "a", "0.5"))
    live.do(state(live, seen(order, "PARTLY_FILLED", "0.5"), balances=half, positions=()))
    assert live.account.book.balances == {"USDT": D(75_500), "BTC": D("0.5")}
    assert live.all(Alert) == []


def theirs(id: str, side: Any, price: str, ts: int, quantity: str = "1") -> Fill:
    """A fill of an order that was given at the venue by other means."""
    return Fill(
        account=ACCOUNT,
        id=id,
        order_id="theirs",
        instrument=BTC_PERP.id,
        side=side,
        price=D(price),
        quantity=D(quantity),
        fee=D(0),
        fee_currency="USDT",
        liquidity="taker",
        ts=ts,
    )


def test_it_counts_a_contract_in_the_order_of_its_venue_when_a_fill_is_heard_late(live: House) -> None:
    live.do(state(live, balances=(VenueBalance("USDT", D(1000), D(0)),), positions=()))
    live.do(theirs("11", "buy", "110", live.now + 2))
    live.do(theirs("12", "sell", "120", live.now + 3))
    live.do(theirs("10", "buy", "100", live.now + 1))
    at_venue = VenuePosition(instrument=BTC_PERP.id, quantity=D(1), avg_price=D(105))
    assert live.account.book.positions[BTC_PERP.id].avg_price == at_venue.avg_price
    for _ in range(2):  # so there is no difference to be booked
        live.do(state(live, balances=(VenueBalance("USDT", D(1015), D(0)),), positions=(at_venue,)))
    assert live.all(Alert) == []
    check_recovery(live)


def test_it_knows_the_order_of_fills_after_a_restart(live: House) -> None:
    live.do(state(live, balances=(VenueBalance("USDT", D(1000), D(0)),), positions=()))
    live.do(theirs("11", "buy", "110", live.now + 2))
    live.do(theirs("12", "sell", "120", live.now + 3))
    image = live.engine.desk.snapshot()
    live.engine = Engine()
    live.engine.desk.restore(image)
    live.do(theirs("10", "buy", "100", live.now + 1))
    assert live.account.book.positions[BTC_PERP.id].avg_price == D(105)


def test_what_came_by_other_means_has_no_place_among_fills(live: House) -> None:
    """Its time is ours, by our own clock: a fill with an earlier one may have come after it."""
    live.do(state(live, balances=(VenueBalance("USDT", D(1000), D(0)),), positions=()))
    held = VenuePosition(instrument=BTC_PERP.id, quantity=D(2), avg_price=D(100))
    for _ in range(2):
        live.do(state(live, balances=(VenueBalance("USDT", D(1000), D(0)),), positions=(held,)))
    live.do(theirs("10", "sell", "120", live.now - 1))
    assert live.account.book.positions[BTC_PERP.id].avg_price == D(100)
    assert live.account.book.balances["USDT"] == D(1020)
    check_recovery(live)


def test_it_takes_a_contract_away_that_was_closed_elsewhere(live: House) -> None:
    first = state(
        live,
        balances=(VenueBalance("USDT", D(1000), D(0)),),
        positions=(VenuePosition(instrument=BTC_PERP.id, quantity=D(1), avg_price=D(48000)),),
    )
    live.do(first)
    closed = state(live, balances=(VenueBalance("USDT", D(3000), D(0)),), positions=())
    live.do(closed)
    live.do(closed)
    assert BTC_PERP.id not in live.account.book.positions
    assert live.account.book.balances["USDT"] == D(3000)


def test_it_tells_no_price_to_recovery(house: House) -> None:
    """The journal is enough: instruments come before the entries that name them."""
    house.quotes(ETH, 2_000.0)
    house.holds(ETH, "1", "2000")
    kinds = [each.__class__.__name__ for each in house.entries]
    assert kinds.index("InstrumentKnown") < kinds.index("OrderPlaced")
    recovered = house.recovered()
    assert recovered.market.instruments == {}
    assert recovered.desk.accounts[ACCOUNT].position(ETH.id) == D(1)


def test_it_knows_a_key_again_after_a_restart(house: House) -> None:
    order = house.place(BTC, "buy", "1", "49000", key="k")
    house.engine = house.recovered()
    house.engine.list_instrument(BTC)
    again = Place(
        account=ACCOUNT,
        order_id="another",
        terms=order.terms,
        key="k",
        origin="manual",
        actor="ann",
        ts=house.now,
    )
    assert house.do(again) == ()
    assert house.engine.desk.by_key(ACCOUNT, "k") == order.id


def test_what_a_venue_was_asked_before_does_not_answer_an_amendment(house: House) -> None:
    order = house.accepts(house.place(BTC, "buy", "1", "49000"))
    asked = house.now
    house.now += 1
    house.amend(order, limit_price="48000")
    before = VenueState(
        account=ACCOUNT, venue="sim", orders=(seen(order),), fills=(), balances=None, positions=None, ts=asked
    )
    house.do(before)
    assert house.last == ()
    amending = house.order(order.id).amending
    assert amending is not None
    house.do(Amended(ACCOUNT, order.id, amending, house.now))
    house.do(before)  # nor does it undo one that was answered meanwhile
    assert house.order(order.id).terms.limit_price == D(48000)
    house.do(replace(before, ts=house.now))
    assert house.order(order.id).terms.limit_price == D(49000)


def test_a_venues_state_does_not_answer_an_amendment_that_it_has_just_led_to(house: House) -> None:
    """A fill that was missed makes the stop smaller; the same message lists the stop as it was before."""
    entry = house.place(BTC_PERP, "buy", "2", stop_loss="45000", take_profit="55000")
    house.fills(house.accepts(entry))
    stop, target = house.accepts(f"{entry.id}-sl"), house.accepts(f"{entry.id}-tp")
    house.do(
        VenueState(
            account=ACCOUNT,
            venue="sim",
            orders=(seen(stop), seen(target, "PARTLY_FILLED", "0.5")),
            fills=(fill(target, "missed", "0.5", "55000"),),
            balances=None,
            positions=None,
            ts=house.now,
            asked=frozenset([stop.id, target.id]),
        )
    )
    amending = house.order(stop.id).amending
    assert amending is not None
    assert amending.quantity == D("1.5")
    assert house.told(Alert) == []
    house.do(Amended(ACCOUNT, stop.id, amending, house.now))
    assert house.order(stop.id).terms.quantity == D("1.5")
    check_recovery(house)
