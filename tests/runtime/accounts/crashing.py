"""A life of orders that is cut off at a chosen step, as by `kill -9`, and what must be true afterwards.

Every step that anything outside could notice is a point: before and after each commit, each thing the venue
remembers, each report, each event of a lane. The life runs in a forked process, which ends at the point
without any farewell; the parent starts anew on what is left on disk.
"""

from __future__ import annotations

import asyncio
import os
import random
import warnings
from collections.abc import Callable, Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from candlewick.core.errors import CandlewickError
from candlewick.core.order import InFlight
from candlewick.runtime.accounts.lanes import CHANNELS, AccountLanes
from candlewick.runtime.live import Live
from candlewick.store.journal.journal import Journal
from candlewick.trading.desk import Desk
from candlewick.trading.engine import Engine
from candlewick.trading.entries import OrderPlaced
from tests.runtime.accounts.ground import ACCOUNT, FileVenue, House

KILLED: Final = 137
FINISHED: Final = 0
Life = Callable[[House], Coroutine[Any, Any, None]]


async def one_of_each(house: House) -> None:
    """A market order, one that is cancelled, one that rests and is filled, a bracket, and a closing order."""
    venue = house.accounts.venue_of(ACCOUNT)
    assert isinstance(venue, FileVenue)
    await house.open()
    await house.execution.do(house.place("market"))
    await house.execution.do(house.place("called", order_type="limit", limit_price=Decimal(99)))
    await house.execution.do(house.cancel("called"))
    await house.execution.do(house.place("resting", order_type="limit", limit_price=Decimal(99)))
    await house.execution.settled()
    venue.cross(house.engine.desk.order(ACCOUNT, "resting"), Decimal(99))
    await house.execution.do(house.place("closing", side="sell", quantity=Decimal("1.5")))
    await house.execution.settled()


def some_of_all(seed: int) -> Life:
    """A life made of random orders, cancellations and fills."""

    async def life(house: House) -> None:
        dice = random.Random(seed)
        venue = house.accounts.venue_of(ACCOUNT)
        assert isinstance(venue, FileVenue)
        await house.open()
        for number in range(dice.randint(3, 12)):
            working = list(house.state.orders.values())
            match dice.choice(["market", "market", "limit", "limit", "cancel", "cross"]):
                case "market":
                    side = dice.choice(["buy", "sell"])
                    quantity = Decimal(dice.randint(1, 2_000)) / 1000
                    wish = house.place(f"o{number}", side=side, quantity=quantity)
                case "limit":
                    price = Decimal(dice.randint(950, 999)) / 10
                    wish = house.place(f"o{number}", order_type="limit", limit_price=price)
                case "cancel" if working:
                    wish = house.cancel(dice.choice(working).id)  # type: ignore[assignment]
                case "cross" if working:
                    order = dice.choice(working)
                    if not isinstance(order.state, InFlight):
                        venue.cross(order, order.terms.limit_price or Decimal(100))
                    continue
                case _:
                    continue
            try:
                await house.execution.do(wish)
            except CandlewickError:
                continue  # the door's refusals are part of life
            if dice.random() < 0.7:
                await house.execution.settled()
        await house.execution.settled()

    return life


def live_until(point: int, folder: Path, life: Life) -> bool:
    """Live in a process of its own, and be killed at the step numbered `point`; False: it was over before."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads, which we leave alone
        child = os.fork()
    if child == 0:
        code = 1
        try:
            _count_steps(point)
            asyncio.run(_live(folder, life))
            code = FINISHED
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (KILLED, FINISHED), f"the life itself failed at point {point}"
    return code == KILLED


async def _live(folder: Path, life: Life) -> None:
    house = House(folder, FileVenue(folder / "venue"))
    house.accounts.begin()
    await life(house)


def _count_steps(point: int) -> None:
    """End this process at a step."""
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == point:
            os._exit(KILLED)

    def around(owner: type, name: str) -> None:
        original = getattr(owner, name)

        def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
            step()
            answer = original(self, *args, **kwargs)
            step()
            return answer

        setattr(owner, name, wrapped)

    around(Journal, "commit")
    around(FileVenue, "_write")
    around(FileVenue, "_say")
    around(Live, "obey")
    around(AccountLanes, "publish")


async def examine(folder: Path) -> None:
    """Start anew, and compare the ledger, the venue and the journal."""
    venue = FileVenue(folder / "venue")
    house = House(folder, venue)
    try:
        _journal_knows_all_that_was_sent(house, venue)
        house.accounts.begin()
        if ACCOUNT not in house.engine.desk.accounts:  # killed before the account was on disk
            assert venue.placed == {}
            return
        await _reconciled(house)
        _ledger_has_each_fill_once(house, venue)
        _orders_stand_as_the_venue_has_them(house, venue)
        _journal_folds_to_what_is_in_memory(house)
        _lanes_have_no_gap(house)
        assert house.engine.checks(ACCOUNT) == []
        before = house.state.position("sim:BTCUSDT")
        await house.execution.do(house.place("afterwards"))
        await house.execution.settled()
        assert house.state.position("sim:BTCUSDT") == before + 1
    finally:
        await house.close()


async def _reconciled(house: House) -> None:
    for _ in range(1_000):
        await asyncio.sleep(0.001)
        await house.execution.settled()
        if not house.live._tasks and not any(
            isinstance(each.state, InFlight) for each in house.state.orders.values()
        ):
            return
    raise AssertionError("orders are in flight for ever")


def _journal_knows_all_that_was_sent(house: House, venue: FileVenue) -> None:
    _, entries = house.journal.recover(use_snapshot=False)
    journalled = {entry.order.id for _, entry in entries if isinstance(entry, OrderPlaced)}
    assert venue.placed.keys() <= journalled


def _ledger_has_each_fill_once(house: House, venue: FileVenue) -> None:
    booked = [each.fill for each in house.records.fills(ACCOUNT, limit=1_000).items]
    assert sorted(each.id for each in booked) == sorted(each.id for each in venue.fills), venue._read()
    signs = {"buy": 1, "sell": -1}
    signed = sum((signs[each.side] * each.quantity for each in venue.fills), Decimal(0))
    assert house.state.position("sim:BTCUSDT") == signed
    spent = sum(
        (-signs[each.side] * each.quantity * each.price - each.fee for each in venue.fills),
        Decimal(100_000),
    )
    assert house.state.book.balances["USDT"] == spent


def _orders_stand_as_the_venue_has_them(house: House, venue: FileVenue) -> None:
    for order in [*house.state.orders.values(), *house.state.recent.values()]:
        if order.id not in venue.placed:
            assert (order.is_working, order.filled) == (False, 0), order
            continue
        assert order.filled == venue.filled(order.id)
        stands = order.id not in venue._gone() and order.filled < order.terms.quantity
        assert order.is_working == stands, f"{order} while at the venue it is {'open' if stands else 'done'}"


def _journal_folds_to_what_is_in_memory(house: House) -> None:
    fresh = Engine().desk
    _fold(fresh, house.journal)
    assert fresh.snapshot() == house.engine.desk.snapshot()


def _fold(desk: Desk, journal: Journal) -> None:
    _, entries = journal.recover(use_snapshot=False)
    for _, entry in entries:
        desk.apply(entry)


def _lanes_have_no_gap(house: House) -> None:
    for channel in CHANNELS:
        seqs = [seq for seq, _ in house.journal.newest(ACCOUNT, channel, 10_000)]
        assert seqs == list(range(1, len(seqs) + 1)), channel
