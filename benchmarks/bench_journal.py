"""The journal against its limits: orders on their way to the disk, and lookups among many."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.report import Figure, show
from candlewick.cli.measuring.orders import BTC, DAY_NS, START, opening, orders_a_second
from candlewick.core.reports import Fill
from candlewick.ledger.posting import Posting, Transaction
from candlewick.ledger.trips import RoundTrip
from candlewick.store.journal.batch import Batch
from candlewick.store.journal.journal import Journal
from candlewick.store.journal.reader import Records
from candlewick.store.journal.selection import TripFilter
from candlewick.trading.effects import Booked
from candlewick.trading.effects import Journal as Written

FILLS: Final = 100_000


def fill(number: int) -> Batch:
    """A fill that closed a round trip, a year of them spread over days."""
    ts = START + number * (365 * DAY_NS // FILLS)
    filled = Fill(
        account=1, id=f"f{number}", order_id=f"order-{number}", instrument=BTC.id, side="sell",
        price=Decimal("50123.4"), quantity=Decimal("0.25"), fee=Decimal("5.01"), fee_currency="USDT",
        liquidity="taker", ts=ts,
    )  # fmt: skip
    net = Decimal(number % 21 - 10)
    trip = RoundTrip(
        account=1, id=number, instrument=BTC.id, side="long", status="closed", quantity=Decimal("0.25"),
        open_quantity=Decimal(0), entry_price=Decimal(50000), exit_price=Decimal("50123.4"), currency="USDT",
        gross=net, fees=Decimal(0), funding=Decimal(0), net=net, fills=2, scale_ins=0, scale_outs=0,
        origin="strategy", tag=f"s{number % 5}", entered_at=ts - 3_600_000_000_000, exited_at=ts,
    )  # fmt: skip
    postings = (Posting("cash:USDT", "USDT", net), Posting("trading:USDT", "USDT", -net))
    batch = Batch()
    batch.add(Written(filled))
    batch.add(
        Booked(
            account=1, fill=filled, realised=net, trips=(trip,),
            transaction=Transaction(kind="fill", ref=filled.id, postings=postings, ts=ts),
        )
    )  # fmt: skip
    return batch


def milliseconds(work: Callable[[], object], rounds: int = 5) -> float:
    """The least time of one `work()`."""
    best = float("inf")
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begin)
    return best * 1e3


def main() -> list[Figure]:
    with TemporaryDirectory(prefix="candlewick-bench-") as folder:
        one_by_one, at_once = orders_a_second(Path(folder) / "orders.sqlite3")
        path = Path(folder) / "fills.sqlite3"
        journal = Journal.open(path)
        journal.commit([opening()])
        for first in range(1, FILLS + 1, 5_000):
            journal.commit([fill(number) for number in range(first, first + 5_000)])
        journal.close()
        records = Records(path)

        def performance() -> None:
            records.days(1)
            for dimension in ("all", "day", "symbol", "strategy", "hour", "weekday", "side"):
                records.buckets(1, by=dimension)

        page = records.trips(1)
        looks = {
            "journal: first page of 100,000 trades": lambda: records.trips(1),
            "journal: next page": lambda: records.trips(1, cursor=page.next),
            "journal: a search": lambda: records.trips(1, search="btc s3"),
            "journal: a filter, by profit": lambda: records.trips(
                1, filters=TripFilter(tag="s4", outcome="loss"), sort="net"
            ),
        }
        note = "entry, row, lane and audit in one transaction"
        result = [
            Figure("order accepted → on disk, single", one_by_one, "orders/s", 300, at_least=True, note=note),
            Figure("the same, many waiting", at_once, "orders/s", 2_000, at_least=True, note="group commit"),
            Figure("performance over 100,000 fills", milliseconds(performance), "ms", 300,
                   note="a year's days and all buckets"),
            *(Figure(name, milliseconds(look), "ms", 50) for name, look in looks.items()),
        ]  # fmt: skip
        records.close()
        return result


if __name__ == "__main__":
    show(main())
