"""What was told of orders: each fill once, ends after fills, strangers under names of their own."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.order import InFlight, Order, Terms
from candlewick.core.reports import Accepted, Amended, ExternalOrder, Fill, Gone, Refused, Report, Triggered
from candlewick.venues.binance.orders.mapper import Deal, Dealt, Said
from candlewick.venues.binance.orders.tracker import Tracker

SPOT, PERP = "binance:BTCUSDT", "binance:BTCUSDT-PERP"


def _terms(instrument: str = SPOT, **changed: Any) -> Terms:
    wanted: dict[str, Any] = {
        "side": "buy",
        "quantity": Decimal(3),
        "order_type": "limit",
        "limit_price": Decimal(100),
    }
    return Terms(instrument=instrument, **wanted | changed)


def _stop(**changed: Any) -> Terms:
    return _terms(PERP, order_type="stop", limit_price=None, stop_price=Decimal(110), **changed)


def _order(id: str = "mine", terms: Terms | None = None, **changed: Any) -> Order:
    wanted: dict[str, Any] = {"account": 1, "state": InFlight(), "origin": "manual"}
    return Order(id=id, terms=terms or _terms(), created_at=0, updated_at=0, **wanted | changed)


def _said(**changed: Any) -> Said:
    wanted: dict[str, Any] = {
        "market": "spot",
        "symbol": "BTCUSDT",
        "client_id": "mine",
        "venue_id": "7",
        "what": "new",
        "status": "OPEN",
        "terms": _terms(),
        "filled": Decimal(0),
        "average": None,
        "ts": 1_000_000,
    }
    return Said(**wanted | changed)


def _deal(number: int | None, quantity: int = 1) -> Deal:
    id = None if number is None else str(number)
    return Deal(id, Decimal(100), Decimal(quantity), Decimal("0.1"), "USDT", "taker")


def _trade(number: int, filled: int, **changed: Any) -> Said:
    status = "FILLED" if filled == 3 else "PARTLY_FILLED"
    return _said(what="trade", status=status, filled=Decimal(filled), deal=_deal(number), **changed)


def _tracker(*orders: Order, knows: Iterable[str] = ()) -> Tracker:
    known = {order.id for order in orders} | set(knows)
    tracker = Tracker(1, known.__contains__, 0)
    for order in orders:
        market = "usdm" if "PERP" in order.terms.instrument else "spot"
        algo = market == "usdm" and order.terms.is_conditional
        tracker.follow(order, "usdm" if market == "usdm" else "spot", "BTCUSDT", algo=algo)
    return tracker


def _kinds(reports: list[Report]) -> list[str]:
    return [type(report).__name__ for report in reports]


def test_an_order_is_accepted_once_whoever_says_it_first() -> None:
    tracker = _tracker(_order())
    assert tracker.acknowledged("mine", "7", 5) == [Accepted(1, "mine", "7", 5)]
    assert tracker.heard(_said()) == []
    other = _tracker(_order())
    assert _kinds(other.heard(_said())) == ["Accepted"]
    assert other.acknowledged("mine", "7", 5) == []


def test_a_fill_that_comes_twice_is_told_once() -> None:
    tracker = _tracker(_order())
    assert _kinds(tracker.heard(_trade(1, 1))) == ["Accepted", "Fill"]
    assert tracker.heard(_trade(1, 1)) == []
    assert not tracker.is_missing


def test_an_end_waits_for_the_fills_that_came_before_it() -> None:
    tracker = _tracker(_order())
    tracker.heard(_said())
    assert tracker.heard(_said(what="cancelled", status="CANCELLED", filled=Decimal(2))) == []
    assert tracker.is_missing
    tracked = tracker.get("mine")
    assert tracked is not None
    first, second = (
        Dealt(symbol="BTCUSDT", venue_id="7", side="buy", number=n, deal=_deal(n), ts=n) for n in (1, 2)
    )
    assert _kinds(tracker.dealt(tracked, first)) == ["Fill"]
    assert _kinds(tracker.dealt(tracked, second)) == ["Fill", "Gone"]
    assert tracked.is_done


def test_a_swallowed_fill_is_noticed_by_what_the_next_message_adds_up_to() -> None:
    tracker = _tracker(_order())
    tracker.heard(_trade(1, 1))
    assert list(tracker.missing()) == []
    tracker.heard(_trade(3, 3))
    assert tracker.is_missing
    assert [each.id for each in tracker.missing()] == ["mine"]


@given(
    st.lists(st.integers(0, 4), max_size=12),  # which messages come, in which order, how often
)
def test_fills_are_told_once_and_completely_whatever_the_stream_does(heard: list[int]) -> None:
    messages = [
        _said(),
        _trade(1, 1),
        _trade(2, 2),
        _said(what="cancelled", status="CANCELLED", filled=Decimal(2)),
        _said(what="new", status="PARTLY_FILLED", filled=Decimal(2)),
    ]
    tracker = _tracker(_order())
    told: list[Report] = []
    for index in heard:
        told += tracker.heard(messages[index])
    # then the venue is asked, and lists everything
    told += tracker.heard(messages[3])
    tracked = tracker.get("mine")
    assert tracked is not None
    for number in (1, 2):
        dealt = Dealt(
            symbol="BTCUSDT", venue_id="7", side="buy", number=number, deal=_deal(number), ts=number
        )
        told += tracker.dealt(tracked, dealt)
    assert sorted(each.id for each in told if isinstance(each, Fill)) == ["1", "2"]
    assert _kinds(told).count("Accepted") == 1
    assert _kinds(told).count("Gone") == 1
    assert isinstance(told[-1], Gone | Fill)
    assert _kinds(told).index("Gone") > max(i for i, kind in enumerate(_kinds(told)) if kind == "Fill") - 1
    assert not list(tracker.missing())


def test_a_stranger_gets_a_name_that_no_other_order_can_have() -> None:
    tracker = _tracker()
    first = tracker.heard(_said(client_id="adl_autoclose", venue_id="8", is_forced=True))
    again = tracker.heard(_said(client_id="adl_autoclose", venue_id="9", is_forced=True))
    assert [each.order.order_id for each in first + again if isinstance(each, ExternalOrder)] == [
        "x-s8",
        "x-s9",
    ]


def test_a_strangers_fills_follow_its_claim_and_say_when_they_were_forced() -> None:
    tracker = _tracker()
    reports = tracker.heard(_trade(1, 3, client_id="autoclose-1", is_forced=True))
    assert _kinds(reports) == ["ExternalOrder", "Fill"]
    claim, fill = reports
    assert isinstance(claim, ExternalOrder)
    assert isinstance(fill, Fill)
    assert (claim.order.order_id, claim.order.filled, claim.order.status) == ("x-s7", Decimal(0), "OPEN")
    assert (fill.order_id, fill.liquidation) == ("x-s7", True)


def test_a_strangers_refused_order_is_nobodys_business() -> None:
    tracker = _tracker()
    assert tracker.heard(_said(client_id="theirs", what="rejected", status="REJECTED")) == []
    assert tracker.heard(_said(client_id="theirs", what="rejected", status="REJECTED")) == []


def test_an_order_of_ours_that_was_done_before_we_began_is_no_stranger() -> None:
    tracker = _tracker(knows=["old"])
    reports = tracker.heard(_trade(4, 3, client_id="old"))
    assert [(each.id, each.order_id) for each in reports if isinstance(each, Fill)] == [("4", "old")]
    assert not tracker.is_missing


def test_the_same_id_in_the_other_market_is_another_order() -> None:
    tracker = _tracker(_order())
    reports = tracker.heard(_said(market="usdm", terms=_terms(PERP)))
    assert _kinds(reports) == ["ExternalOrder"]


def test_a_refusal_by_the_stream_is_told_once() -> None:
    tracker = _tracker(_order())
    refused = _said(what="rejected", status="REJECTED", reason="INSUFFICIENT_BALANCES")
    assert tracker.heard(refused) == [Refused(1, "mine", "venue", "INSUFFICIENT_BALANCES", 1_000_000)]
    assert tracker.get("mine") is not None
    assert tracker.working("spot") == []


def test_an_amendment_is_told_once_and_a_stale_view_does_not_undo_it() -> None:
    tracker = _tracker(_order())
    tracker.heard(_said())
    new = _terms(quantity=Decimal(2), limit_price=Decimal(101))
    assert tracker.heard(_said(what="amended", terms=new, ts=3_000_000)) == [
        Amended(1, "mine", new, 3_000_000)
    ]
    assert tracker.amended("mine", new, 4_000_000) == []
    assert tracker.heard(_said(ts=2_000_000)) == []  # an answer that was on its way before the amendment
    newer = _terms(quantity=Decimal(2), limit_price=Decimal(102))
    assert tracker.heard(_said(terms=newer, ts=5_000_000)) == [Amended(1, "mine", newer, 5_000_000)]


# Conditional orders of futures, which live twice.


def _waits(**changed: Any) -> Said:
    wanted: dict[str, Any] = {"market": "usdm", "venue_id": "algo-5", "filled": None, "terms": _stop()}
    return _said(**wanted | {"what": "waits"} | changed)


def _actual(number: int, filled: int, **changed: Any) -> Said:
    market = _terms(PERP, order_type="market", limit_price=None)
    wanted = {"market": "usdm", "venue_id": "70", "terms": market, "deal": _deal(number, filled)}
    return _said(**wanted | {"what": "trade", "status": "FILLED", "filled": Decimal(filled)} | changed)


def test_a_stop_is_accepted_triggered_and_filled_under_one_name() -> None:
    tracker = _tracker(_order(terms=_stop()))
    told = tracker.heard(_waits())
    told += tracker.heard(_waits(what="triggered", is_triggered=True, actual_id="70"))
    told += tracker.heard(_actual(1, 3))
    told += tracker.heard(_waits(what="finished", is_triggered=True, actual_id="70"))
    assert _kinds(told) == ["Accepted", "Triggered", "Fill"]
    assert {each.order_id for each in told if isinstance(each, Accepted | Triggered | Fill)} == {"mine"}
    tracked = tracker.get("mine")
    assert tracked is not None
    assert tracked.is_done


def test_a_stops_fill_that_comes_before_its_trigger_under_a_strange_name_is_still_its_own() -> None:
    tracker = _tracker(_order(terms=_stop()))
    tracker.heard(_waits())
    assert tracker.heard(_actual(1, 3, client_id="spawned")) == []
    assert tracker.is_missing  # so the venue is asked if no trigger comes
    told = tracker.heard(_waits(what="triggered", is_triggered=True, actual_id="70"))
    assert _kinds(told) == ["Triggered", "Fill"]
    assert [each.order_id for each in told if isinstance(each, Fill)] == ["mine"]


def test_a_strangers_order_like_our_stop_is_held_back_and_then_claimed() -> None:
    tracker = _tracker(_order(terms=_stop()))
    tracker.heard(_waits())
    assert tracker.heard(_actual(1, 3, client_id="theirs")) == []
    told = tracker.release()
    assert _kinds(told) == ["ExternalOrder", "Fill"]
    assert [each.order_id for each in told if isinstance(each, Fill)] == ["x-u70"]


def test_a_stop_that_dies_at_its_trigger_has_expired() -> None:
    tracker = _tracker(_order(terms=_stop()))
    tracker.heard(_waits())
    told = tracker.heard(_waits(what="rejected", status="REJECTED", reason="Reduce Only reject"))
    assert told == [Gone(1, "mine", "Reduce Only reject", 1_000_000, True)]


def test_many_orders_that_are_done_are_forgotten_and_those_at_work_are_not() -> None:
    tracker = _tracker(_order("first"))
    for number in range(12_000):
        id = f"o-{number}"
        tracker.follow(_order(id), "spot", "BTCUSDT", algo=False)
        tracker.refused(id, "code", "why", 0)
    assert tracker.get("first") is not None
    assert tracker.get("o-11999") is not None
    assert tracker.get("o-0") is None


def test_a_fill_of_ours_is_told_however_old_it_is() -> None:
    tracker = Tracker(1, lambda id: id == "mine", since_ms=5)
    tracked = tracker.follow(_order(), "spot", "BTCUSDT", algo=False)
    old = Dealt(symbol="BTCUSDT", venue_id="7", side="buy", number=1, deal=_deal(1), ts=4_000_000)
    assert _kinds(tracker.dealt(tracked, old)) == ["Fill"]


def test_what_strangers_traded_before_the_account_began_is_counted_and_not_told() -> None:
    tracker = Tracker(1, lambda id: False, since_ms=5)
    tracker.heard(_said(client_id="theirs", filled=Decimal(2), status="PARTLY_FILLED"))
    tracked = tracker.by_venue_id("spot", "7")
    assert tracked is not None
    old = Dealt(symbol="BTCUSDT", venue_id="7", side="buy", number=1, deal=_deal(1), ts=4_999_999)
    new = Dealt(symbol="BTCUSDT", venue_id="7", side="buy", number=2, deal=_deal(2), ts=5_000_000)
    assert _kinds(tracker.dealt(tracked, old) + tracker.dealt(tracked, new)) == ["Fill"]
    assert list(tracker.missing()) == []


def test_a_trade_from_before_what_was_read_of_the_list_is_still_news_once() -> None:
    tracker = _tracker(_order())
    tracker.heard(_said(filled=Decimal(1), status="PARTLY_FILLED"))
    tracked = tracker.get("mine")
    assert tracked is not None
    tracker.read_up_to(SPOT, 50, 60, 1)
    old = Dealt(symbol="BTCUSDT", venue_id="7", side="buy", number=4, deal=_deal(4), ts=1)
    within = Dealt(symbol="BTCUSDT", venue_id="7", side="buy", number=55, deal=_deal(55), ts=1)
    assert _kinds(tracker.dealt(tracked, old)) == ["Fill"]
    assert tracker.dealt(tracked, old) == tracker.dealt(tracked, within) == []
    tracker.read_up_to(SPOT, 50, 70, 2)
    assert tracker.dealt(tracked, old) == []
