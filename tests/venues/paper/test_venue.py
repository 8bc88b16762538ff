"""The paper venue: what it takes, what it tells, and in which order; on a market told event by event."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from candlewick.core.order import Open, PartlyFilled
from candlewick.core.reports import Accepted, Amended, Fill, Gone, LeverageTaken, Refused, Report, Triggered
from candlewick.trading.settings import AccountSettings, Fees
from candlewick.venues.execution import OrderVenue
from candlewick.venues.paper.venue import PaperVenue
from tests.venues.paper.ground import PERP, SETTINGS, SPOT, House, told

BIDS = [(99.9, 1.0), (99.8, 2.0), (99.5, 5.0)]
ASKS = [(100.0, 1.0), (100.1, 2.0), (100.5, 5.0)]


def open_house(settings: AccountSettings = SETTINGS) -> House:
    house = House(settings=settings)
    house.book(BIDS, ASKS)
    house.book(BIDS, ASKS, instrument=PERP)
    return house


def is_a_venue(venue: PaperVenue) -> OrderVenue:
    return venue  # the type checker proves it


# Market orders


def test_it_walks_the_book_with_a_market_order() -> None:
    assert told(open_house().place("buy", "2.5")) == [
        ("o1", "accepted"),
        ("o1", "100.0", "1.00", "taker"),
        ("o1", "100.1", "1.50", "taker"),
    ]


def test_it_ends_what_the_book_cannot_fill() -> None:
    reports = open_house().place("sell", "9")
    assert told(reports)[1:] == [
        ("o1", "99.9", "1.00", "taker"),
        ("o1", "99.8", "2.00", "taker"),
        ("o1", "99.5", "5.00", "taker"),
        ("o1", "gone"),
    ]
    assert isinstance(reports[-1], Gone)
    assert reports[-1].expired
    assert reports[-1].reason == "no more liquidity in the book"


def test_it_tells_fills_in_exact_money() -> None:
    fills = [each for each in open_house().place("buy", "1.07") if isinstance(each, Fill)]
    assert [(each.price, each.quantity, each.fee) for each in fills] == [
        (Decimal("100.0"), Decimal("1.00"), Decimal("0.2")),
        (Decimal("100.1"), Decimal("0.07"), Decimal("0.014014")),
    ]
    assert {each.fee_currency for each in fills} == {"Y"}
    assert [each.id for each in fills] == ["p-o1-1", "p-o1-1.07"]


def test_an_account_does_not_take_twice_what_is_there_once_but_another_may() -> None:
    house = open_house()
    house.place("buy", "1")
    assert told(house.place("buy", "1"))[1:] == [("o2", "100.1", "1.00", "taker")]
    assert told(house.place("buy", "1", account=2))[1:] == [("o3", "100.0", "1.00", "taker")]


def test_it_takes_an_order_once() -> None:
    house = open_house()
    assert len(house.place("buy", "1", id="same")) == 2
    assert house.place("buy", "1", id="same") == []


def test_without_a_whole_book_it_fills_against_the_quote() -> None:
    house = House()
    house.quote(99.9, 1.0, 100.0, 1.0)
    assert told(house.place("buy", "2.5"))[1:] == [
        ("o1", "100.0", "1.00", "taker"),
        ("o1", "100.1", "1.00", "taker"),
        ("o1", "100.2", "0.50", "taker"),
    ]


def test_slippage_is_added_against_the_taker() -> None:
    house = open_house(replace(SETTINGS, slippage_bps=Decimal(20)))
    assert told(house.place("buy", "1"))[1:] == [("o1", "100.2", "1.00", "taker")]
    assert told(house.place("sell", "1"))[1:] == [("o2", "99.7", "1.00", "taker")]


def test_fees_that_a_person_changes_hold_for_the_next_fill_of_an_order_that_rests() -> None:
    house = open_house()
    house.place("buy", "2", "limit", limit_price="99.9")
    house.accounts.in_force = replace(SETTINGS, spot_fees=Fees(maker=Decimal(0), taker=Decimal(0)))
    (fill,) = house.trade(99.8, 1.0, "sell")
    assert isinstance(fill, Fill)
    assert fill.fee == 0


# Limit orders


def test_it_rests_a_limit_order_and_fills_it_when_the_queue_before_it_has_traded() -> None:
    house = open_house()
    assert told(house.place("buy", "1", "limit", limit_price="99.9")) == [("o1", "accepted")]
    assert house.trade(99.9, 0.6, "sell") == []
    assert told(house.trade(99.9, 0.7, "sell")) == [("o1", "99.9", "0.30", "maker")]
    assert house.trade(99.9, 5.0, "buy") == []  # a buyer did not sell to us
    assert told(house.trade(99.9, 5.0, "sell")) == [("o1", "99.9", "0.70", "maker")]


def test_the_maker_pays_the_makers_fee() -> None:
    house = open_house()
    house.place("buy", "1", "limit", limit_price="99.9")
    (fill,) = house.trade(99.8, 5.0, "sell")
    assert isinstance(fill, Fill)
    assert fill.fee == Decimal("0.0999")


def test_a_limit_order_takes_what_it_can_and_rests_with_the_rest() -> None:
    house = open_house()
    assert told(house.place("buy", "2", "limit", limit_price="100.0")) == [
        ("o1", "accepted"),
        ("o1", "100.0", "1.00", "taker"),
    ]
    assert told(house.trade(100.0, 0.5, "sell")) == [("o1", "100.0", "0.50", "maker")]


def test_a_resting_order_is_filled_at_its_price_when_the_book_comes_to_it() -> None:
    house = open_house()
    house.place("sell", "3", "limit", limit_price="100.3")
    assert told(house.book([(100.4, 2.0)], [(100.5, 1.0)])) == [("o1", "100.3", "2.00", "maker")]
    assert house.book([(100.4, 2.0)], [(100.6, 1.0)]) == []  # those two are taken


def test_the_better_price_is_filled_first_and_among_equals_the_earlier() -> None:
    house = open_house()
    house.place("buy", "1", "limit", limit_price="99.5")
    house.place("buy", "1", "limit", limit_price="99.7")
    house.place("buy", "1", "limit", limit_price="99.7")
    assert told(house.trade(99.0, 2.5, "sell")) == [
        ("o2", "99.7", "1.00", "maker"),
        ("o3", "99.7", "1.00", "maker"),
        ("o1", "99.5", "0.50", "maker"),
    ]


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"post_only": True}, [("o1", "accepted"), ("o1", "gone")]),
        ({"time_in_force": "IOC"}, [("o1", "accepted"), ("o1", "100.0", "1.00", "taker"), ("o1", "gone")]),
        ({"time_in_force": "FOK"}, [("o1", "accepted"), ("o1", "gone")]),
    ],
)
def test_it_keeps_the_terms_of_a_limit_order(terms: dict[str, Any], words: list[Any]) -> None:
    reports = open_house().place("buy", "2", "limit", limit_price="100.0", **terms)
    assert told(reports) == words
    assert isinstance(reports[-1], Gone)
    assert reports[-1].expired


def test_fill_or_kill_fills_all_where_it_can() -> None:
    reports = open_house().place("buy", "2", "limit", limit_price="100.1", time_in_force="FOK")
    assert told(reports)[1:] == [("o1", "100.0", "1.00", "taker"), ("o1", "100.1", "1.00", "taker")]


def test_it_ends_an_order_when_its_time_is_over() -> None:
    house = open_house()
    house.place("buy", "1", "limit", limit_price="99", time_in_force="GTD", good_till=house.now + 10**10)
    assert house.wait(9.9) == []
    (gone,) = house.wait(0.1)
    assert isinstance(gone, Gone)
    assert (gone.expired, gone.reason) == (True, "its time is over")


def test_two_own_orders_that_cross_do_not_trade_with_each_other() -> None:
    house = open_house()
    house.place("buy", "1", "limit", limit_price="99.95")
    assert told(house.place("sell", "1"))[1:] == [("o2", "99.9", "1.00", "taker")]


# Conditional orders


def test_a_stop_of_a_spot_instrument_is_set_off_by_the_last_trade() -> None:
    house = open_house()
    assert told(house.place("sell", "1", "stop", stop_price="99")) == [("o1", "accepted")]
    assert house.book([(98.0, 1.0)], [(98.5, 1.0)]) == []
    reports = house.trade(98.9, 0.01, "sell")
    assert told(reports) == [("o1", "triggered"), ("o1", "98.0", "1.00", "taker")]
    assert isinstance(reports[0], Triggered)
    assert reports[0].price == Decimal("98.9")


def test_a_stop_of_a_perpetual_is_set_off_by_the_mark() -> None:
    house = open_house()
    house.mark(100.0)
    house.place("buy", "1", instrument=PERP)
    house.place("sell", "1", "stop", stop_price="99", instrument=PERP)
    assert house.trade(98.0, 1.0, "sell", instrument=PERP) == []
    assert told(house.mark(99.0)) == [("o2", "triggered"), ("o2", "99.9", "1.00", "taker")]


def test_a_stop_whose_price_is_passed_already_is_set_off_on_arrival() -> None:
    house = open_house()
    house.trade(98.0, 1.0, "sell")
    assert told(house.place("sell", "1", "stop", stop_price="99")) == [
        ("o1", "accepted"),
        ("o1", "triggered"),
        ("o1", "99.9", "1.00", "taker"),
    ]


def test_a_target_is_set_off_the_other_way_round() -> None:
    house = open_house()
    house.place("sell", "1", "take_profit", stop_price="101")
    assert house.trade(100.9, 1.0, "buy") == []
    assert told(house.trade(101.0, 1.0, "buy"))[0] == ("o1", "triggered")


def test_a_stop_limit_rests_at_its_limit() -> None:
    house = open_house()
    house.place("sell", "1", "stop_limit", stop_price="99", limit_price="98.5")
    house.book([(98.0, 1.0)], [(98.2, 1.0)])
    assert told(house.trade(99.0, 1.0, "sell")) == [("o1", "triggered")]
    assert told(house.trade(98.6, 3.0, "buy")) == [("o1", "98.5", "1.00", "maker")]


def test_a_trailing_stop_follows_by_percent() -> None:
    house = open_house()
    house.place("sell", "1", "trailing_stop", trail_percent="2")
    for price in (100.0, 110.0, 107.9):
        assert all(isinstance(each, Amended) for each in house.trade(price, 1.0, "buy"))
    assert told(house.trade(107.8, 1.0, "buy"))[0] == ("o1", "triggered")


# Only to reduce


def test_a_reduce_only_order_without_a_position_ends() -> None:
    reports = open_house().place("sell", "1", instrument=PERP, reduce_only=True)
    assert told(reports) == [("o1", "accepted"), ("o1", "gone")]


def test_a_reduce_only_order_is_cut_to_the_position_and_ends_with_it() -> None:
    house = open_house()
    house.place("buy", "1", instrument=PERP)
    house.place("sell", "3", "limit", limit_price="105", instrument=PERP, reduce_only=True)
    house.place("sell", "1", "stop", stop_price="90", instrument=PERP, reduce_only=True)
    assert told(house.trade(106.0, 9.0, "buy", instrument=PERP)) == [
        ("o2", "105.0", "1.00", "maker"),
        ("o2", "gone"),
        ("o3", "gone"),
    ]


def test_orders_that_reduce_end_when_the_position_goes_by_another_road() -> None:
    house = open_house()
    house.place("buy", "1", instrument=PERP)
    house.place("sell", "1", "stop", stop_price="90", instrument=PERP, reduce_only=True)
    del house.accounts.holdings[1, PERP.id]
    house.venue.position_changed(1, PERP.id)
    assert told(house.reports)[-1] == ("o2", "gone")


# Cancelling and amending


def test_it_cancels_an_order_once() -> None:
    house = open_house()
    house.place("buy", "1", "limit", limit_price="99")
    assert told(house.cancel("o1")) == [("o1", "gone")]
    (refused,) = house.cancel("o1")
    assert refused.unknown  # type: ignore[union-attr]


def amend(house: House, id: str, terms: Any, **changed: Any) -> list[Report]:
    before = len(house.reports)
    order = house.order(id=id, **terms)
    house.venue.amend(order, replace(order.terms, **changed))
    return house.reports[before:]


BUY: Any = {"side": "buy", "quantity": "1", "order_type": "limit", "limit_price": "99.9"}


def test_an_order_that_asks_for_less_keeps_its_place() -> None:
    house = open_house()
    house.place(**BUY)
    house.trade(99.9, 0.9, "sell")
    assert told(amend(house, "o1", BUY, quantity=Decimal("0.5"))) == [("o1", "amended")]
    assert told(house.trade(99.9, 0.2, "sell")) == [("o1", "99.9", "0.10", "maker")]


def test_an_order_that_asks_for_more_goes_to_the_end_of_the_queue() -> None:
    house = open_house()
    house.place(**BUY)
    house.trade(99.9, 0.9, "sell")
    amend(house, "o1", BUY, quantity=Decimal(2))
    assert house.trade(99.9, 1.0, "sell") == []
    assert told(house.trade(99.9, 1.0, "sell")) == [("o1", "99.9", "1.00", "maker")]


def test_an_order_that_comes_to_cross_takes() -> None:
    house = open_house()
    house.place(**BUY)
    assert told(amend(house, "o1", BUY, limit_price=Decimal("100.0"))) == [
        ("o1", "amended"),
        ("o1", "100.0", "1.00", "taker"),
    ]


def test_it_refuses_terms_that_are_filled_already() -> None:
    house = open_house()
    house.place(**BUY)
    house.trade(99.9, 1.5, "sell")
    assert told(amend(house, "o1", BUY, quantity=Decimal("0.5"))) == [("o1", "amendrefused")]
    assert told(amend(house, "o2", BUY, quantity=Decimal("0.5"))) == [("o2", "amendrefused")]
    assert told(house.trade(99.9, 0.5, "sell")) == [("o1", "99.9", "0.50", "maker")]


def test_a_trailing_stop_with_another_distance_goes_on_from_the_best_price() -> None:
    house = open_house()
    terms: Any = {"side": "sell", "quantity": "1", "order_type": "trailing_stop", "trail": "5"}
    house.place(**terms)
    house.trade(110.0, 1.0, "buy")
    house.trade(106.0, 1.0, "sell")
    assert told(amend(house, "o1", terms, trail=Decimal(3)))[:2] == [("o1", "amended"), ("o1", "triggered")]


# Latency


def test_an_order_arrives_its_latency_later_and_meets_the_book_of_then() -> None:
    house = open_house(replace(SETTINGS, latency_ms=50))
    assert house.place("buy", "1") == []
    assert house.wait(0.049) == []
    assert told(house.book([(100.9, 1.0)], [(101.0, 1.0)], after_s=0.001)) == [
        ("o1", "accepted"),
        ("o1", "101.0", "1.00", "taker"),
    ]


def test_a_cancellation_that_overtakes_nothing_comes_after_its_order() -> None:
    house = open_house(replace(SETTINGS, latency_ms=50))
    house.place("buy", "1", "limit", limit_price="99")
    house.cancel("o1")
    assert told(house.wait(0.05)) == [("o1", "accepted"), ("o1", "gone")]


async def test_an_order_on_its_way_is_not_lost_to_who_asks() -> None:
    house = open_house(replace(SETTINGS, latency_ms=50))
    house.place("buy", "1", "limit", limit_price="99")
    said = await house.venue.state(1, ())
    assert [each.order_id for each in said.orders] == ["o1"]


# Data that may be old


def test_it_refuses_orders_it_has_no_price_for() -> None:
    (refused,) = House().place("buy", "1")
    assert isinstance(refused, Refused)
    assert refused.code == "no_market_data"


def test_it_refuses_what_it_cannot_know_or_count() -> None:
    house = open_house()
    unknown = replace(SPOT, id="sim:ZZ")
    assert [each.code for each in house.place("buy", "1", instrument=unknown)] == ["unknown_symbol"]  # type: ignore[union-attr]
    assert [each.code for each in house.place("buy", "0.015")] == ["lot"]  # type: ignore[union-attr]


def test_nothing_is_filled_while_the_connection_is_lost_and_it_goes_on_when_the_book_is_whole() -> None:
    house = open_house()
    house.quote(99.9, 1.0, 100.0, 1.0)
    house.place("buy", "1", "limit", limit_price="99.9")
    house.disconnect()
    assert house.trade(99.0, 5.0, "sell") == []
    assert [each.code for each in house.place("buy", "1")] == ["no_market_data"]  # type: ignore[union-attr]
    house.reconnect()
    assert [each.code for each in house.place("buy", "1")] == ["no_market_data"]  # type: ignore[union-attr]
    assert told(house.book([(98.0, 1.0)], [(98.5, 5.0)])) == [("o1", "99.9", "1.00", "maker")]


def test_a_trade_that_was_fetched_afterwards_fills_nobody() -> None:
    house = open_house()
    house.pass_time(10)
    house.quote(99.9, 1.0, 100.0, 1.0)
    house.place("buy", "1", "limit", limit_price="99.9")
    late = house.now - 5 * 10**9
    trade = house.market_trade(99.0, 5.0, "sell", ts_exchange=late)
    assert house.feed(trade) == []


# Starting again


def test_working_orders_go_on_after_a_start_and_their_fills_get_new_names() -> None:
    house = open_house()
    order = house.order(id="o7", **{**BUY, "quantity": "2"})
    partly = replace(order, state=PartlyFilled(), filled=Decimal("0.5"), average_price=Decimal("99.9"))
    house.venue.restore([partly], house.now)
    house.book(BIDS, ASKS)
    (fill,) = house.trade(99.0, 0.5, "sell")
    assert isinstance(fill, Fill)
    assert fill.id == "p-o7-1"
    assert told(house.trade(99.0, 5.0, "sell")) == [("o7", "99.9", "1.00", "maker")]


async def test_what_was_in_flight_never_arrived() -> None:
    house = open_house()
    order = house.order(id="o7", **BUY)
    house.venue.restore([order, replace(order, id="o8", state=Open())], house.now)
    assert [each.order_id for each in (await house.venue.state(1, [order])).orders] == ["o8"]


def test_a_triggered_order_does_not_wait_again() -> None:
    house = open_house()
    terms: Any = {"side": "sell", "quantity": "1", "order_type": "stop_limit",
             "stop_price": "99", "limit_price": "100.3"}  # fmt: skip
    order = replace(house.order(id="o7", **terms), state=Open(), triggered_at=1)
    house.venue.restore([order], house.now)
    assert told(house.trade(100.4, 5.0, "buy")) == [("o7", "100.3", "1.00", "maker")]


def test_a_trailing_stop_goes_on_after_a_start_from_the_best_price_it_told() -> None:
    house = open_house()
    terms: Any = {"side": "sell", "quantity": "1", "order_type": "trailing_stop", "trail": "5"}
    house.place(**terms, id="o7")
    for price in (100.0, 104.0, 104.4, 110.0, 108.0):
        house.trade(price, 1.0, "buy")
    amended = [each for each in house.reports if isinstance(each, Amended)]
    assert [each.terms.trailed for each in amended] == [100, 104, 110]  # 104.4 is less than a tenth further
    order = replace(house.order(id="o7", **terms), terms=amended[-1].terms, state=Open())
    again = open_house()
    again.venue.restore([order], again.now)
    assert again.trade(105.1, 1.0, "sell") == []
    assert told(again.trade(105.0, 1.0, "sell"))[0] == ("o7", "triggered")


async def test_reports_from_before_anybody_listened_are_told_first() -> None:
    house = House(listen=False)
    house.book(BIDS, ASKS)
    house.place("buy", "1")
    assert house.reports == []
    running = asyncio.create_task(house.venue.run(house.hear))
    await asyncio.sleep(0)
    assert [type(each) for each in house.reports] == [Accepted, Fill]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    house.place("buy", "1")
    assert len(house.reports) == 2


# Leverage


def test_it_takes_the_leverage_that_the_heart_has_weighed() -> None:
    house = open_house()
    told: list[Report] = []
    house.venue.listen(told.append)
    house.venue.set_leverage(1, PERP.id, Decimal(7), "isolated")
    (taken,) = [each for each in told if isinstance(each, LeverageTaken)]
    assert (taken.instrument, taken.leverage, taken.margin_mode) == (PERP.id, Decimal(7), "isolated")
