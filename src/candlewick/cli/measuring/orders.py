"""Orders from accepted to on disk, one by one and many at once.

An order here is what the engine writes of one: its entry, its row, an event of its lane and its row in the
audit, in a database of its own with `synchronous=FULL`. Seconds are on the wall: the disk is what is waited
for.
"""

from __future__ import annotations

import threading
import time
from decimal import Decimal
from pathlib import Path
from typing import Final

from candlewick.core.instrument import Instrument
from candlewick.core.order import InFlight, Order, Terms
from candlewick.store.journal.batch import AuditRow, Batch, LaneRow
from candlewick.store.journal.journal import Journal
from candlewick.store.journal.writer import JournalWriter
from candlewick.trading.effects import Journal as Written
from candlewick.trading.effects import OrderChanged
from candlewick.trading.entries import AccountOpened, InstrumentKnown, OrderPlaced
from candlewick.trading.risk.limits import Limits
from candlewick.trading.settings import AccountSettings

ONE_BY_ONE: Final = 200
AT_ONCE: Final = 4_000
DAY_NS: Final = 86_400_000_000_000
START: Final = 20_000 * DAY_NS
BTC: Final = Instrument(
    id="bench:BTCUSDT", venue="bench", symbol="BTCUSDT", native="BTCUSDT", kind="spot",
    base="BTC", quote="USDT", settle="USDT",
)  # fmt: skip


def opening() -> Batch:
    batch = Batch()
    batch.add(
        Written(
            AccountOpened(
                account=1, name="bench", kind="paper", currency="USDT", venue=None,
                settings=AccountSettings(), limits=Limits(), actor="bench", ts=START,
            )
        )
    )  # fmt: skip
    batch.add(Written(InstrumentKnown(0, BTC, START)))
    return batch


def order(number: int) -> Batch:
    """What the engine writes when an order passes the door."""
    ts = START + number
    placed = Order(
        id=f"order-{number}", account=1, origin="manual", state=InFlight(), created_at=ts, updated_at=ts,
        terms=Terms(
            instrument=BTC.id, side="buy", quantity=Decimal("0.25"), order_type="limit",
            limit_price=Decimal("50123.4"),
        ),
    )  # fmt: skip
    batch = Batch()
    batch.add(Written(OrderPlaced(account=1, order=placed, mark=Decimal("50120.1"), actor="ann", ts=ts)))
    batch.add(OrderChanged(order=placed, what="placed"))
    batch.lane.append(LaneRow(1, "orders", number, ts, b'{"type":"order_placed","data":{}}' * 10))
    batch.audit.append(
        AuditRow(actor="ann", action="order.place", subject=placed.id, after={"quantity": "0.25"}, ts=ts)
    )
    return batch


def orders_a_second(path: Path) -> tuple[float, float]:
    """Orders a second when each waits for the one before, and when all wait together."""
    journal = Journal.open(path)
    journal.commit([opening()])
    writer = JournalWriter(journal)
    written = threading.Event()

    def heard(error: Exception | None) -> None:
        if error is not None:
            raise error
        written.set()

    singles = [order(number) for number in range(1, ONE_BY_ONE + 1)]
    begin = time.perf_counter()
    for batch in singles:
        written.clear()
        writer.submit(batch, heard)
        written.wait()
    one_by_one = ONE_BY_ONE / (time.perf_counter() - begin)

    many = [order(number) for number in range(ONE_BY_ONE + 1, ONE_BY_ONE + AT_ONCE + 1)]
    begin = time.perf_counter()
    for batch in many:
        writer.submit(batch, lambda error: None)
    writer.close()
    at_once = AT_ONCE / (time.perf_counter() - begin)
    journal.close()
    return one_by_one, at_once
