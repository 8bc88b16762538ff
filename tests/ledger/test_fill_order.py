"""Fills of a contract that are heard in another order than the venue's."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.events import Side
from candlewick.core.instrument import Instrument
from candlewick.core.reports import Fill
from candlewick.ledger.book import Book
from candlewick.ledger.exact import exact
from candlewick.ledger.fill_order import KEPT, FillOrder
from candlewick.ledger.invariants import check, postings_balance
from tests.ledger.notation import SECOND, D, perp

LINEAR = perp("BTC")
INVERSE = perp("BTC", "USD", inverse=100)


def fill(number: int, side: Side, quantity: Decimal, price: Decimal, of: Instrument = LINEAR) -> Fill:
    return Fill(
        account=1,
        id=str(number),
        order_id="",
        instrument=of.id,
        side=side,
        price=price,
        quantity=quantity,
        fee=D(0),
        fee_currency=of.settle,
        liquidity="taker",
        ts=number // 3 * SECOND,  # several at one time: their numbers say which came first
    )


class Hearing:
    """A book that hears fills, and puts them in order."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.book = Book(1, "USDT")
        self.book.know(instrument)
        self.order = FillOrder()
        self.realised = D(0)
        self.late = 0

    def hear(self, each: Fill) -> Hearing:
        cost = self.order.cost_with(self.instrument, each)
        booked = self.book.fill(each, cost=cost)
        self.late += cost is not None
        self.order.add(self.instrument, each)
        with exact():
            self.realised += booked.realised
        assert postings_balance([booked.transaction]) == []
        assert check(self.book) == []
        return self

    @property
    def position(self) -> tuple[Decimal, Decimal] | None:
        held = self.book.positions.get(self.instrument.id)
        return None if held is None else (held.quantity, held.cost)

    @property
    def money(self) -> Decimal:
        return self.book.balances.get(self.instrument.settle, D(0))


@st.composite
def heard(draw: st.DrawFn) -> tuple[Instrument, list[Fill], list[Fill]]:
    """A contract, its fills as the venue had them, and as they were heard."""
    instrument = draw(st.sampled_from([LINEAR, INVERSE]))
    fills = [
        fill(
            number,
            draw(st.sampled_from(["buy", "sell"])),
            D(draw(st.integers(1, 9))),
            D(draw(st.integers(50, 150))),
            instrument,
        )
        for number in range(8, 8 + draw(st.integers(1, 12)))
    ]
    return instrument, fills, draw(st.permutations(fills))


@given(heard())
def test_it_stands_where_the_venue_stands_in_whatever_order_it_hears(
    history: tuple[Instrument, list[Fill], list[Fill]],
) -> None:
    instrument, fills, order = history
    told, venue = Hearing(instrument), Hearing(instrument)
    for each in order:
        told.hear(each)
    for each in fills:
        venue.hear(each)
    assert venue.late == 0
    assert told.position == venue.position
    assert told.realised == told.money
    assert abs(told.money - venue.money) < D("1e-15")  # each share is rounded to 18 places, in its own order


def test_what_a_late_fill_makes_of_others_is_part_of_its_own_profit() -> None:
    told = Hearing(LINEAR)
    told.hear(fill(20, "buy", D(1), D(110))).hear(fill(30, "sell", D(1), D(120)))
    assert told.realised == D(10)
    told.hear(fill(10, "buy", D(1), D(100)))
    assert told.realised == D(15)  # at the venue the one that was sold had cost 105
    assert told.book.positions[LINEAR.id].avg_price == D(105)


def test_its_trip_has_the_profit_that_its_place_made() -> None:
    told = Hearing(LINEAR)
    told.hear(fill(20, "buy", D(1), D(110))).hear(fill(30, "sell", D(1), D(120)))
    late = fill(10, "buy", D(1), D(100))
    [trip] = told.book.fill(late, cost=told.order.cost_with(LINEAR, late)).trips
    assert (trip.status, trip.gross) == ("open", D(5))


def test_of_a_fill_that_came_before_all_it_remembers_it_cannot_say_the_place() -> None:
    told = Hearing(LINEAR)
    for number in range(100, 100 + KEPT + 3):
        told.hear(fill(number, "buy", D(1), D(100)))
    assert told.order.cost_with(LINEAR, fill(101, "sell", D(1), D(90))) is None
    assert told.order.cost_with(LINEAR, fill(150, "sell", D(1), D(90))) is not None


def test_it_begins_again_with_a_position_whose_fills_have_no_order() -> None:
    order = FillOrder()
    order.add(LINEAR, fill(30, "buy", D(1), D(100)))
    order.begin_again(D(2), D(210), fill(20, "buy", D(1), D(110)))
    assert order.cost_with(LINEAR, fill(25, "buy", D(1), D(90))) is None
    assert order.is_newest(fill(31, "buy", D(1), D(90)))
    order.add(LINEAR, fill(40, "buy", D(1), D(90)))
    assert order.cost_with(LINEAR, fill(35, "sell", D(1), D(120))) == D(195)
