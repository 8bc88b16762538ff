"""The order book: price-time priority, never crossed, and its diffs tell the whole story."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from candlewick.venues.sim.book import Book, Resting
from tests.examples import examples

TICKS = st.integers(1, 40)
LOTS = st.integers(1, 30)
GUESTS = st.sampled_from((None, None, "alice", "bob"))


def test_it_fills_the_best_price_first_and_the_oldest_order_first() -> None:
    book = Book()
    _, early = book.place(True, 11, 5)
    _, late = book.place(True, 11, 5)
    book.place(True, 10, 3)
    assert book.take(False, 6) == [(10, 3), (11, 3)]
    assert early is not None
    assert late is not None
    assert (early.lots, late.lots) == (2, 5)


def test_it_rests_what_a_crossing_limit_order_could_not_match() -> None:
    book = Book()
    book.place(True, 10, 4)
    fills, rest = book.place(False, 10, 7)
    assert fills == [(10, 4)]
    assert rest is not None
    assert rest.lots == 3
    assert book.best()[1:] == (10, 3, 0, 0)


def test_it_does_not_fill_beyond_the_limit() -> None:
    book = Book()
    book.place(True, 10, 4)
    book.place(True, 12, 4)
    assert book.take(False, 8, limit=11) == [(10, 4)]
    assert book.best()[3:] == (12, 4)


def test_users_are_filled_in_their_turn_each_for_himself() -> None:
    book = Book()
    book.place(True, 10, 4)
    book.place(True, 10, 3)
    _, alice = book.place(True, 10, 5, "alice")
    book.place(True, 10, 2)
    _, bob = book.place(True, 10, 6, "bob")
    assert book.take(False, 16) == [(10, 7), (10, 5), (10, 2), (10, 2)]
    assert book.struck == [(1, alice), (3, bob)]
    assert alice is not None
    assert bob is not None
    assert (alice.lots, bob.lots) == (0, 4)
    assert book.take(False, 1) == [(10, 1)]
    assert book.struck == [(0, bob)]


def test_agents_are_asked_to_leave_and_users_are_not() -> None:
    book = Book()
    _, alice = book.place(False, 10, 5, "alice")
    _, agent = book.place(False, 10, 2)
    assert book.youngest(False, 10) is agent
    assert book.oldest_of(False, 10, 2) is agent
    book.drop(False, 10)
    assert book.lots_at(False, 10) == 5
    assert book.youngest(False, 10) is None
    assert book.oldest_of(False, 10, 1) is None
    assert alice is not None
    book.cancel(alice)
    assert book.guests == (set(), set())


def test_it_keeps_no_changes_for_nobody() -> None:
    book = Book()
    book.place(True, 10, 4)
    assert book.cut(0) is None


class BookMachine(RuleBasedStateMachine):
    """Any mixture of orders keeps the book whole, and a reader of its diffs has the same book."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Book(update_id=100)
        self.book.watch(True)
        self.orders: list[Resting] = []
        self.read: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self.last_id = 100

    @rule(sells=st.booleans(), ticks=TICKS, lots=LOTS, guest=GUESTS)
    def place(self, sells: bool, ticks: int, lots: int, guest: str | None) -> None:
        fills, order = self.book.place(sells, ticks, lots, guest)
        assert sum(filled for _, filled in fills) + (order.lots if order else 0) == lots
        assert all(price >= ticks if sells else price <= ticks for price, _ in fills)
        if order:
            self.orders.append(order)

    @rule(sells=st.booleans(), lots=LOTS)
    def take(self, sells: bool, lots: int) -> None:
        before = self._lots(not sells)
        guests = {order: order.lots for order in self._guests(not sells)}
        fills = self.book.take(sells, lots)
        filled = sum(part for _, part in fills)
        assert filled == min(lots, before)
        assert self._lots(not sells) == before - filled
        # each user's order that lost lots was told its own fill, at its own price
        lost = {order: was - order.lots for order, was in guests.items() if was != order.lots}
        assert {order: fills[at][1] for at, order in self.book.struck} == lost
        assert all(fills[at][0] == order.ticks for at, order in self.book.struck)

    @precondition(lambda self: self._resting())
    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from(self._resting()))
        users = sum(each.lots for each in self._guests(order.sells) if each.ticks == order.ticks)
        self.book.drop(order.sells, order.ticks)
        assert self.book.lots_at(order.sells, order.ticks) == users

    @precondition(lambda self: self._resting())
    @rule(data=st.data(), part=st.integers(1, 10))
    def cancel(self, data: st.DataObject, part: int) -> None:
        order = data.draw(st.sampled_from(self._resting()))
        before = self.book.lots_at(order.sells, order.ticks)
        gone = min(order.lots, part)
        self.book.cancel(order, part)
        assert self.book.lots_at(order.sells, order.ticks) == before - gone

    @rule()
    def read_diff(self) -> None:
        diff = self.book.cut(0)
        if diff is None:
            assert self.book.update_id == self.last_id
            return
        assert diff.prev_id == self.last_id
        assert diff.first_id == self.last_id + 1
        self.last_id = diff.last_id
        for side, changes in zip(self.read, (diff.bids, diff.asks), strict=True):
            for ticks, lots in changes:
                side.pop(ticks, None)
                if lots:
                    side[ticks] = lots
        depth = self.book.depth(1000, 0)
        assert depth.update_id == diff.last_id
        assert self.read == (dict(depth.bids), dict(depth.asks))

    @invariant()
    def never_crossed(self) -> None:
        _, bid, bid_lots, ask, ask_lots = self.book.best()
        if bid and ask:
            assert bid < ask
        assert bool(bid) == bool(bid_lots)
        assert bool(ask) == bool(ask_lots)

    @invariant()
    def sorted_with_the_best_first(self) -> None:
        depth = self.book.depth(1000, 0)
        assert [ticks for ticks, _ in depth.bids] == sorted((ticks for ticks, _ in depth.bids), reverse=True)
        assert [ticks for ticks, _ in depth.asks] == sorted(ticks for ticks, _ in depth.asks)
        assert all(lots > 0 for _, lots in depth.bids + depth.asks)

    @invariant()
    def guests_are_the_users_orders_that_rest(self) -> None:
        assert self.book.guests == (set(self._guests(False)), set(self._guests(True)))

    def _guests(self, sells: bool) -> list[Resting]:
        return [each for each in self._resting() if each.sells == sells and each.guest is not None]

    def _lots(self, sells: bool) -> int:
        depth = self.book.depth(1000, 0)
        lots = sum(lots for _, lots in (depth.asks if sells else depth.bids))
        assert lots == self.book.lots_of(sells)
        return lots

    def _resting(self) -> list[Resting]:
        return [order for order in self.orders if self.book.holds(order)]


TestBook = BookMachine.TestCase
TestBook.settings = settings(max_examples=examples(60), stateful_step_count=40)
