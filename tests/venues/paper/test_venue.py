"""The paper venue: every order type and term, against real folds of a market told event by event."""

from __future__ import annotations

from candlewick.core.reports import Gone
from tests.venues.paper.ground import House, told

BIDS = [(99.9, 1.0), (99.8, 2.0), (99.5, 5.0)]
ASKS = [(100.0, 1.0), (100.1, 2.0), (100.5, 5.0)]


def open_house() -> House:
    house = House()
    house.book(BIDS, ASKS)
    return house


def test_it_walks_the_book_with_a_market_order() -> None:
    assert told(open_house().place("buy", "2.5")) == [
        ("o1", "accepted"),
        ("o1", "100.0", "1.00", "taker"),
        ("o1", "100.1", "1.50", "taker"),
    ]


def test_it_ends_what_the_book_cannot_fill() -> None:
    house = open_house()
    reports = house.place("sell", "9")
    assert told(reports)[1:] == [
        ("o1", "99.9", "1.00", "taker"),
        ("o1", "99.8", "2.00", "taker"),
        ("o1", "99.5", "5.00", "taker"),
        ("o1", "gone"),
    ]
    assert isinstance(reports[-1], Gone)
    assert reports[-1].expired


def test_it_rests_a_limit_order_and_fills_it_when_the_queue_before_it_has_traded() -> None:
    house = open_house()
    assert told(house.place("buy", "1", "limit", limit_price="99.9")) == [("o1", "accepted")]
    assert house.trade(99.9, 0.6, "sell") == []
    assert told(house.trade(99.9, 0.7, "sell")) == [("o1", "99.9", "0.30", "maker")]
    assert told(house.trade(99.9, 5.0, "sell")) == [("o1", "99.9", "0.70", "maker")]


def test_it_cancels_an_order_once() -> None:
    house = open_house()
    house.place("buy", "1", "limit", limit_price="99")
    assert told(house.cancel("o1")) == [("o1", "gone")]
    assert told(house.cancel("o1")) == [("o1", "cancelrefused")]
