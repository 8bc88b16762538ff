"""The core as Python drives it: against a slow model of its rules, and against what must never happen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.events import BookChange
from candlewick.fills import state
from candlewick.fills.state import Action, Rules
from candlewick.fills.stepper import Stepper
from candlewick.market.book import OrderBook
from tests.fills.slow import End, Fill, SlowOrder, SlowVenue

WHOLE = Rules(tick=1.0, lot=1.0)
TIFS = {"GTC": state.GTC, "IOC": state.IOC, "FOK": state.FOK}


def book_of(bids: list[tuple[float, float]], asks: list[tuple[float, float]]) -> OrderBook:
    book = OrderBook()
    book.apply(BookChange("sim:X", True, bids, asks, None, 1, None, 0, 0))
    assert book.synchronised
    return book


def in_words(actions: list[Action]) -> list[Fill | End]:
    """Fills and ends; triggers are told elsewhere."""
    words: list[Fill | End] = []
    for action in actions:
        if action.what == state.FILLED:
            words.append(Fill(action.order, round(action.price), round(action.quantity), action.maker))
            assert action.quantity == round(action.quantity)
        elif action.what == state.ENDED:
            words.append(End(action.order))
    return words


# Against the slow model


@st.composite
def sides(draw: st.DrawFn) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """A small book around 100: few prices, so that orders and levels meet all the time."""
    middle = draw(st.integers(97, 103))
    bids = draw(st.dictionaries(st.integers(middle - 5, middle - 1), st.integers(1, 9), max_size=4))
    asks = draw(st.dictionaries(st.integers(middle, middle + 5), st.integers(1, 9), max_size=4))
    return sorted(bids.items(), reverse=True), sorted(asks.items())


@st.composite
def orders(draw: st.DrawFn) -> dict[str, Any]:
    limit = draw(st.none() | st.integers(95, 105))
    post_only = limit is not None and draw(st.booleans())
    return {
        "buys": draw(st.booleans()),
        "lots": draw(st.integers(1, 12)),
        "limit": limit,
        "tif": "GTC" if post_only else draw(st.sampled_from(["GTC", "GTC", "IOC", "FOK"])),
        "post_only": post_only,
        "reduce_only": draw(st.booleans()) and draw(st.booleans()),
    }


trades = st.tuples(st.integers(95, 105), st.integers(1, 9), st.booleans())
events = st.lists(
    st.tuples(st.just("book"), sides())
    | st.tuples(st.just("order"), orders())
    | st.tuples(st.just("trade"), trades),
    min_size=3,
    max_size=25,
)


@given(events)
def test_it_does_what_the_slow_model_does(events: list[tuple[str, Any]]) -> None:
    slow, fast = SlowVenue(), Stepper(WHOLE, rows=2)
    book = book_of([], [])
    fast.book(book)
    for number, (what, details) in enumerate(events):
        slow.news.clear()
        id = f"o{number}"
        if what == "book":
            slow.book(*details)
            book = book_of(*([(float(price), float(lots)) for price, lots in side] for side in details))
            actions = fast.book(book)
        elif what == "trade":
            price, lots, taker_buys = details
            slow.trade(price, lots, taker_buys)
            actions = fast.trade(float(price), float(lots), state.BUY if taker_buys else state.SELL)
        else:
            slow.arrive(SlowOrder(id, **details))
            add(fast, id, details)
            actions = fast.book(book)
        assert in_words(actions) == slow.news
        assert fast.position == slow.position
        assert [*fast.ids] == [order.id for order in slow.resting]
        for order in slow.resting:
            assert fast.ahead(order.id) == (None if order.ahead is None else float(order.ahead))


def add(stepper: Stepper, id: str, details: dict[str, Any]) -> None:
    limit = details["limit"]
    stepper.add(
        id,
        side=state.BUY if details["buys"] else state.SELL,
        kind=state.MARKET if limit is None else state.LIMIT,
        quantity=float(details["lots"]),
        limit=math.nan if limit is None else float(limit),
        tif=TIFS[details["tif"]],
        post_only=details["post_only"],
        reduce_only=details["reduce_only"],
    )


# What must never happen


@dataclass
class Wanted:
    side: int
    quantity: float
    limit: float
    filled: float = 0.0


@given(events, st.booleans())
def test_it_never_fills_what_is_not_there_not_asked_for_or_past_the_limit(
    events: list[tuple[str, Any]], quotes: bool
) -> None:
    stepper = Stepper(Rules(tick=0.5, lot=0.5, slippage=0.003))
    asked: dict[str, Wanted] = {}
    seen = (0.0, 0.0, 0.0, 0.0)
    position = 0.0
    for number, (what, details) in enumerate(events):
        there = math.inf
        if what == "trade":
            price, lots, taker_buys = details
            actions = stepper.trade(float(price), float(lots), state.BUY if taker_buys else state.SELL)
            there = lots / 0.5
        else:
            if what == "order":
                add(stepper, f"o{number}", details)
                limit = details["limit"]
                asked[f"o{number}"] = Wanted(
                    state.BUY if details["buys"] else state.SELL,
                    details["lots"],
                    math.nan if limit is None else float(limit),
                )
            else:
                bids, asks = details
                if bids and asks:
                    seen = (*map(float, bids[0]), *map(float, asks[0]))  # type: ignore[assignment]
            if quotes:
                actions = stepper.quote(*seen) if seen[0] else []
            else:
                actions = stepper.book(book_of([(99.0, 4.0)], [(101.0, 4.0)]))
                there = 8.0
        filled = [action for action in actions if action.what == state.FILLED]
        for action in filled:
            order = asked[action.order]
            order.filled += action.quantity
            position += order.side * action.quantity
            assert order.filled <= order.quantity
            assert action.quantity == round(action.quantity) > 0
            assert math.isnan(order.limit) or (order.limit - action.price) * order.side >= 0
            assert action.price == round(action.price * 2) / 2
        by_side = [
            sum(each.quantity for each in filled if asked[each.order].side == side) for side in (1, -1)
        ]
        assert max(by_side) <= there
        assert stepper.position == position


# The book, once


ONE_LEVEL = ([(99.0, 5.0)], [(101.0, 5.0)])


def market(stepper: Stepper, id: str, side: int, quantity: float) -> None:
    stepper.add(id, side=side, kind=state.MARKET, quantity=quantity)


def test_what_was_taken_is_not_there_again_until_the_level_changes() -> None:
    stepper = Stepper(WHOLE)
    book = book_of(*ONE_LEVEL)
    market(stepper, "a", state.BUY, 3.0)
    assert in_words(stepper.book(book)) == [Fill("a", 101, 3, False)]
    market(stepper, "b", state.BUY, 3.0)
    assert in_words(stepper.book(book)) == [Fill("b", 101, 2, False), End("b")]
    assert stepper.book(book_of([(99.0, 5.0)], [(101.0, 7.0)])) == []  # two more came
    market(stepper, "c", state.BUY, 3.0)
    assert in_words(stepper.book(book_of([(99.0, 5.0)], [(101.0, 7.0)])))[0] == Fill("c", 101, 2, False)
    stepper.book(book_of([(99.0, 5.0)], [(102.0, 1.0)]))  # the level is gone, and what was taken with it
    market(stepper, "d", state.BUY, 3.0)
    assert in_words(stepper.book(book)) == [Fill("d", 101, 3, False)]


def test_behind_a_quote_takers_find_one_level_like_the_best_every_spread() -> None:
    stepper = Stepper(Rules(tick=0.5, lot=1.0))
    market(stepper, "a", state.BUY, 12.0)
    actions = stepper.quote(99.0, 5.0, 101.0, 5.0)
    assert [(each.price, each.quantity) for each in actions] == [(101.0, 5.0), (103.0, 5.0), (105.0, 2.0)]


def test_behind_a_quote_that_stands_nothing_is_found_twice() -> None:
    stepper = Stepper(Rules(tick=0.5, lot=1.0))
    for id, first in (("a", 101.0), ("b", 102.0)):
        market(stepper, id, state.BUY, 5.0)
        (action,) = stepper.quote(100.0, 5.0, 101.0, 5.0)
        assert action.price == first
    market(stepper, "c", state.BUY, 5.0)
    assert stepper.quote(100.0, 5.0, 101.0, 6.0)[0].quantity == 1.0  # one more came; the rest is assumed anew
    assert stepper.position == 15.0


def test_behind_a_quote_resting_orders_find_nothing() -> None:
    stepper = Stepper(WHOLE)
    stepper.add("a", side=state.BUY, kind=state.LIMIT, quantity=12.0, limit=100.0)
    assert stepper.quote(99.0, 5.0, 101.0, 5.0) == []
    assert in_words(stepper.quote(97.0, 5.0, 98.0, 5.0)) == [Fill("a", 100, 5, True)]
    assert stepper.quote(97.0, 5.0, 98.0, 5.0) == []


def test_an_order_of_many_levels_is_filled_in_one_go() -> None:
    asks = [(100.0 + level, 1.0) for level in range(1_000)]
    stepper = Stepper(WHOLE)
    market(stepper, "a", state.BUY, 900.0)
    actions = stepper.book(book_of([(99.0, 1.0)], asks))
    assert in_words(actions) == [Fill("a", 100 + level, 1, False) for level in range(900)]


def test_one_print_fills_any_number_of_orders() -> None:
    stepper = Stepper(WHOLE)
    for number in range(400):
        stepper.add(f"o{number}", side=state.BUY, kind=state.LIMIT, quantity=1.0, limit=98.0)
    assert stepper.book(book_of([(99.0, 1.0)], [(100.0, 1.0)])) == []
    words = in_words(stepper.trade(97.0, 350.0, state.SELL))
    assert words == [Fill(f"o{number}", 98, 1, True) for number in range(350)]


def test_fill_or_kill_holds_however_many_levels_it_takes() -> None:
    asks = [(100.0 + level, 1.0) for level in range(1_000)]
    stepper = Stepper(WHOLE)
    for id, quantity in (("a", 600.0), ("b", 600.0)):
        stepper.add(id, side=state.BUY, kind=state.LIMIT, quantity=quantity, limit=5000.0, tif=state.FOK)
    words = in_words(stepper.book(book_of([(99.0, 1.0)], asks)))
    assert len(words) == 601
    assert words[-1] == End("b")


def test_taker_fills_slip_and_pay_the_takers_fee() -> None:
    stepper = Stepper(Rules(tick=0.1, lot=0.01, maker=0.0002, taker=0.0005, slippage=0.001))
    stepper.add("a", side=state.BUY, kind=state.LIMIT, quantity=100.0, limit=100.05)
    (action,) = stepper.quote(99.0, 5.0, 100.0, 5.0)
    assert action.price == 100.05  # a tenth of a percent would be 100.1: the limit holds
    assert action.fee == pytest.approx(100.05 * 1.0 * 0.0005)


def test_without_a_lot_an_order_is_filled_to_its_last_digit() -> None:
    stepper = Stepper(Rules())
    stepper.add("a", side=state.BUY, kind=state.LIMIT, quantity=0.7, limit=100.0)
    stepper.quote(99.0, 1.0, 100.0, 0.4)
    assert sum(each.quantity for each in stepper.quote(99.0, 1.0, 99.5, 1.0)) == pytest.approx(0.3)
    assert len(stepper) == 0


# Triggers


def test_a_trailing_stop_begins_where_it_is_told_and_follows_the_best_price() -> None:
    stepper = Stepper(Rules(tick=0.1, lot=1.0))
    stepper.add("a", side=state.SELL, kind=state.TRAILING, quantity=1.0, stop=105.0, trail=2.0)
    for price in (100.0, 104.0, 90.0, 105.0, 110.0, 108.1):
        assert stepper.price(price) == []
    (action,) = stepper.price(108.0)
    assert (action.what, action.price) == (state.TRIGGERED, 108.0)
    (fill,) = stepper.quote(107.9, 5.0, 108.1, 5.0)
    assert fill.price == 107.9


def test_a_stop_limit_rests_where_its_limit_is_not_met() -> None:
    stepper = Stepper(Rules(tick=0.1, lot=1.0))
    stepper.add("a", side=state.SELL, kind=state.STOP_LIMIT, quantity=1.0, stop=95.0, limit=94.5)
    assert stepper.price(95.1) == []
    assert [each.what for each in stepper.price(94.9)] == [state.TRIGGERED]
    assert stepper.quote(94.0, 5.0, 94.2, 5.0) == []
    (fill,) = stepper.trade(94.6, 3.0, state.BUY)
    assert (fill.price, fill.maker) == (94.5, True)


@given(
    st.sampled_from([state.BUY, state.SELL]),
    st.lists(st.integers(80, 120), min_size=1, max_size=40),
    st.integers(1, 10),
)
def test_a_trailing_stop_is_set_off_where_a_person_with_a_pencil_would(
    side: int, prices: list[int], trail: int
) -> None:
    stepper = Stepper(WHOLE)
    stepper.add("a", side=side, kind=state.TRAILING, quantity=1.0, trail=float(trail))
    best = prices[0]
    for price in prices:
        best = min(best, price) if side == state.BUY else max(best, price)
        met = price >= best + trail if side == state.BUY else price <= best - trail
        assert bool(stepper.price(float(price))) == met
        if met:
            break


# Only to reduce


def test_a_reduce_only_order_takes_no_more_than_there_is_and_then_ends() -> None:
    stepper = Stepper(WHOLE)
    stepper.position = 3.0
    stepper.add("a", side=state.SELL, kind=state.MARKET, quantity=5.0, reduce_only=True)
    stepper.add("b", side=state.SELL, kind=state.LIMIT, quantity=5.0, limit=110.0, reduce_only=True)
    stepper.add("c", side=state.SELL, kind=state.STOP, quantity=5.0, stop=90.0, reduce_only=True)
    words = in_words(stepper.book(book_of([(99.0, 9.0)], [(101.0, 9.0)])))
    assert words == [Fill("a", 99, 3, False), End("a"), End("b"), End("c")]
    assert stepper.position == 0.0


def test_a_position_set_from_outside_ends_what_only_reduced_it() -> None:
    stepper = Stepper(WHOLE)
    stepper.position = 3.0
    stepper.add("a", side=state.SELL, kind=state.STOP, quantity=3.0, stop=90.0, reduce_only=True)
    assert stepper.settle() == []
    stepper.position = -1.0
    assert in_words(stepper.settle()) == [End("a")]
